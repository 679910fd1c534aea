/* Lines on stdout: whole, flushed, and easy to take apart. */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

void
line_begin(struct line *line, const char *event)
{
	line->text = NULL;
	line->to = open_memstream(&line->text, &line->len);
	if (line->to == NULL) {
		perror("open_memstream");
		abort();
	}
	fputs(event, line->to);
}

void
line_end(struct line *line)
{
	fputc('\n', line->to);
	fclose(line->to);
	/* one lock around both: EAL's log may share the stream */
	flockfile(stdout);
	fwrite(line->text, 1, line->len, stdout);
	fflush(stdout);
	funlockfile(stdout);
	free(line->text);
}

void
say(const char *format, ...)
{
	struct line line;
	va_list args;

	line_begin(&line, "");
	va_start(args, format);
	vfprintf(line.to, format, args);
	va_end(args);
	line_end(&line);
}

static bool
is_plain(const uint8_t *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isgraph(text[i]) || text[i] == '"' || text[i] == '\\')
			return false;
	return len > 0;
}

void
put_text(FILE *to, const char *key, const void *text, size_t len)
{
	const uint8_t *bytes = text;
	size_t i;

	fprintf(to, " %s=", key);
	if (is_plain(bytes, len)) {
		fwrite(bytes, 1, len, to);
		return;
	}
	fputc('"', to);
	for (i = 0; i < len; i++) {
		if (isprint(bytes[i]) && bytes[i] != '"' && bytes[i] != '\\')
			fputc(bytes[i], to);
		else
			fprintf(to, "\\x%02x", bytes[i]);
	}
	fputc('"', to);
}

void
put_string(FILE *to, const char *key, const char *text)
{
	put_text(to, key, text, strlen(text));
}

void
put_hex(FILE *to, const char *key, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;
	size_t i;

	fprintf(to, " %s=", key);
	for (i = 0; i < len; i++)
		fprintf(to, "%02x", b[i]);
}

const char *
errno_name(int number)
{
	static __thread char other[16];
	const char *name;

	if (number == 0)
		return "0";
	name = strerrorname_np(number);
	if (name != NULL)
		return name;
	/* EAL's own numbers (E_RTE_SECONDARY, ...) have no name in libc */
	snprintf(other, sizeof(other), "E%d", number);
	return other;
}

void
put_errno(FILE *to, int ret, int number)
{
	/* a call that worked may leave a number behind: it means nothing then */
	fprintf(to, " ret=%d errno=%s", ret, errno_name(ret == 0 ? 0 : number));
}

int
parse_hex(const char *text, uint8_t *out, size_t room)
{
	size_t n = strlen(text) / 2, i;

	if (strlen(text) % 2 != 0 || n > room)
		return -1;
	for (i = 0; i < n; i++) {
		unsigned int byte;

		if (!isxdigit((uint8_t)text[2 * i]) || sscanf(text + 2 * i, "%2x", &byte) != 1 ||
		    !isxdigit((uint8_t)text[2 * i + 1]))
			return -1;
		out[i] = (uint8_t)byte;
	}
	return (int)n;
}
