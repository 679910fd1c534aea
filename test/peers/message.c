/* Building, printing and answering rte_mp messages. */
#define _GNU_SOURCE
#include <ctype.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_errno.h>

#include "peer.h"

#define READ_WITHIN_MS 200

void
message_init(struct rte_mp_msg *m, const char *name)
{
	memset(m, 0, sizeof(*m));
	snprintf(m->name, sizeof(m->name), "%s", name);
}

int
message_set_param(struct rte_mp_msg *m, const char *text)
{
	size_t len = strlen(text);

	if (strcmp(text, "-") == 0) {
		m->len_param = 0;
		return 0;
	}
	if (strncmp(text, "hex:", 4) == 0) {
		m->len_param = parse_hex(text + 4, m->param, sizeof(m->param));
		return m->len_param < 0 ? -1 : 0;
	}
	if (len > sizeof(m->param))
		return -1;
	memcpy(m->param, text, len);
	m->len_param = (int)len;
	return 0;
}

static int
pipe_with(uint8_t byte)
{
	int ends[2];
	ssize_t written;

	if (pipe(ends) < 0)
		return -1;
	written = write(ends[1], &byte, 1);
	close(ends[1]);
	if (written == 1)
		return ends[0];
	close(ends[0]);
	return -1;
}

int
message_add_pipes(struct rte_mp_msg *m, int n, uint8_t first)
{
	if (n < 0 || n > RTE_MP_MAX_FD_NUM)
		return -1;
	while (m->num_fds < n) {
		int fd = pipe_with((uint8_t)(first + m->num_fds));

		if (fd < 0) {
			message_close_fds(m);
			m->num_fds = 0;
			return -1;
		}
		m->fds[m->num_fds++] = fd;
	}
	return 0;
}

void
message_close_fds(const struct rte_mp_msg *m)
{
	int i;

	for (i = 0; i < m->num_fds && i < RTE_MP_MAX_FD_NUM; i++)
		close(m->fds[i]);
}

static ssize_t
read_soon(int fd, void *buffer, size_t len)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };

	return poll(&readable, 1, READ_WITHIN_MS) <= 0 ? -1 : read(fd, buffer, len);
}

bool
read_byte(int fd, uint8_t *byte)
{
	return read_soon(fd, byte, 1) == 1;
}

static const char *
kind_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return "bad";
	switch (st.st_mode & S_IFMT) {
	case S_IFIFO: return "fifo";
	case S_IFREG: return "file";
	case S_IFSOCK: return "sock";
	case S_IFCHR: return "chr";
	default: return "other";
	}
}

static void
put_fd(FILE *to, int index, int fd, bool read_it)
{
	uint8_t content[64];
	ssize_t n, i;

	fprintf(to, " fd%d=%s", index, kind_of(fd));
	if (!read_it)
		return;
	n = read_soon(fd, content, sizeof(content));
	fputs(n < 0 ? ":-" : ":", to);
	for (i = 0; i < n; i++)
		fprintf(to, "%02x", content[i]);
}

/* the param as text, where it is text: without the NUL that ends it */
static void
put_param_text(FILE *to, const uint8_t *param, size_t len)
{
	size_t i;

	if (len > 0 && param[len - 1] == '\0')
		len--;
	for (i = 0; i < len; i++)
		if (!isprint(param[i]))
			return;
	if (len > 0)
		put_text(to, "text", param, len);
}

void
message_print(const char *event, const struct rte_mp_msg *m, const char *peer, bool read_fds)
{
	size_t len = m->len_param < 0 ? 0 : (size_t)m->len_param;
	struct line line;
	int i;

	if (len > sizeof(m->param))
		len = sizeof(m->param);
	line_begin(&line, event);
	put_text(line.to, "name", m->name, strnlen(m->name, sizeof(m->name)));
	fprintf(line.to, " len=%d nfds=%d", m->len_param, m->num_fds);
	put_hex(line.to, "hex", m->param, len);
	put_param_text(line.to, m->param, len);
	for (i = 0; i < m->num_fds && i < RTE_MP_MAX_FD_NUM; i++)
		put_fd(line.to, i, m->fds[i], read_fds);
	if (peer != NULL)
		put_string(line.to, "peer", peer);
	line_end(&line);
}

int
message_reply(struct rte_mp_msg *reply, const char *peer)
{
	int ret;

	rte_errno = 0;
	ret = rte_mp_reply(reply, peer);
	if (ret < 0)
		say("reply-failed name=%s errno=%s", reply->name, errno_name(rte_errno));
	message_close_fds(reply);
	return 0;
}
