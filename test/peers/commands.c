/* Commands on stdin, one a line. The last line that a command prints begins with its verb;
 * what can't be done is "error verb= reason=". */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_errno.h>

#include "counter.h"
#include "peer.h"

#define MAX_WORDS 8
#define LOOK_AT_FORCE_QUIT_MS 50
#define FIRST_FD_BYTE 'Z'

void
command_error(const char *verb, const char *reason)
{
	struct line line;

	line_begin(&line, "error");
	put_string(line.to, "verb", verb);
	put_string(line.to, "reason", reason);
	line_end(&line);
}

/* The message of "VERB NAME TEXT", with n pipes. */
static int
message_of(char **argv, struct rte_mp_msg *m, int n)
{
	if (strlen(argv[1]) >= sizeof(m->name)) {
		command_error(argv[0], "name too long");
		return -1;
	}
	message_init(m, argv[1]);
	if (message_set_param(m, argv[2]) < 0) {
		command_error(argv[0], "bad text");
		return -1;
	}
	if (message_add_pipes(m, n, FIRST_FD_BYTE) < 0) {
		command_error(argv[0], "too many descriptors");
		return -1;
	}
	return 0;
}

static void
send_message(char **argv, int nfds)
{
	struct rte_mp_msg m;
	struct line line;
	int ret, number;

	if (message_of(argv, &m, nfds) < 0)
		return;
	rte_errno = 0;
	ret = rte_mp_sendmsg(&m);
	number = rte_errno;
	message_close_fds(&m);
	line_begin(&line, argv[0]);
	fprintf(line.to, " name=%s", argv[1]);
	put_errno(line.to, ret, number);
	line_end(&line);
}

static void
cmd_bcast(int argc, char **argv)
{
	(void)argc;
	send_message(argv, 0);
}

static void
cmd_bcastfd(int argc, char **argv)
{
	send_message(argv, argc > 3 ? atoi(argv[3]) : 1);
}

static struct timespec
timespec_of_ms(const char *text)
{
	long ms = atol(text);

	return (struct timespec){ ms / 1000, (ms % 1000) * 1000000L };
}

static void
print_replies(const char *event, const struct rte_mp_reply *reply)
{
	int i;

	for (i = 0; i < reply->nb_received && reply->msgs != NULL; i++) {
		message_print(event, &reply->msgs[i], NULL, true);
		message_close_fds(&reply->msgs[i]);
	}
}

static void
request_sync(char **argv, int nfds, const char *reply_event)
{
	struct rte_mp_reply reply = { 0 };
	struct timespec timeout = timespec_of_ms(argv[3]);
	struct rte_mp_msg m;
	struct line line;
	uint64_t micros;
	int ret, number;

	if (message_of(argv, &m, nfds) < 0)
		return;
	rte_errno = 0;
	micros = now_us();
	ret = rte_mp_request_sync(&m, &reply, &timeout);
	number = rte_errno;
	micros = now_us() - micros;
	message_close_fds(&m);
	print_replies(reply_event, &reply);
	free(reply.msgs);
	line_begin(&line, argv[0]);
	fprintf(line.to, " name=%s", argv[1]);
	put_errno(line.to, ret, number);
	fprintf(line.to, " nb_sent=%d nb_received=%d us=%llu", reply.nb_sent, reply.nb_received,
		(unsigned long long)micros);
	line_end(&line);
}

static void
cmd_req(int argc, char **argv)
{
	(void)argc;
	request_sync(argv, 0, "req.reply");
}

static void
cmd_reqfd(int argc, char **argv)
{
	request_sync(argv, argc > 4 ? atoi(argv[4]) : 1, "reqfd.reply");
}

/* EAL owns and frees reply->msgs here; the descriptors are ours. */
static int
on_async_reply(const struct rte_mp_msg *request, const struct rte_mp_reply *reply)
{
	print_replies("areply.reply", reply);
	say("areply name=%s nb_sent=%d nb_received=%d", request->name, reply->nb_sent,
		reply->nb_received);
	return 0;
}

static void
cmd_areq(int argc, char **argv)
{
	struct timespec timeout = timespec_of_ms(argv[3]);
	struct rte_mp_msg m;
	struct line line;
	int ret, number;

	if (message_of(argv, &m, argc > 4 ? atoi(argv[4]) : 0) < 0)
		return;
	rte_errno = 0;
	ret = rte_mp_request_async(&m, &timeout, on_async_reply);
	number = rte_errno;
	message_close_fds(&m);
	line_begin(&line, argv[0]);
	fprintf(line.to, " name=%s", argv[1]);
	put_errno(line.to, ret, number);
	line_end(&line);
}

static void
cmd_flood(int argc, char **argv)
{
	uint32_t i, failed = 0, n = (uint32_t)strtoul(argv[2], NULL, 0);
	uint64_t start = now_us();
	struct rte_mp_msg m;
	int number = 0;

	(void)argc;
	message_init(&m, argv[1]);
	m.len_param = sizeof(i);
	for (i = 0; i < n && !stopping(); i++) {
		uint32_t wire = htole32(i);

		memcpy(m.param, &wire, sizeof(wire));
		if (rte_mp_sendmsg(&m) < 0 && failed++ == 0)
			number = rte_errno;
	}
	say("flood name=%s sent=%u failed=%u errno=%s us=%llu", argv[1], i - failed, failed,
		errno_name(number), (unsigned long long)(now_us() - start));
}

static void
cmd_count(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], COUNTER_ACTION) != 0)
		command_error(argv[0], "only the action " COUNTER_ACTION " counts");
	else
		counter_report();
}

static void
cmd_disable(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	say("disable ret=%d", rte_mp_disable());
}

/* Memzone commands are in zones.c, those on devices in devices.c, those on drivers
 * in drivers.c, those of the conformance checks in conform.c. */
static const struct command {
	const char *verb;
	int min_args, max_args;
	void (*run)(int argc, char **argv);
	const char *usage;
} commands[] = {
	{ "bcast", 2, 2, cmd_bcast, "bcast NAME TEXT" },
	{ "bcastfd", 2, 3, cmd_bcastfd, "bcastfd NAME TEXT [NFDS]" },
	{ "req", 3, 3, cmd_req, "req NAME TEXT TIMEOUT_MS" },
	{ "reqfd", 3, 4, cmd_reqfd, "reqfd NAME TEXT TIMEOUT_MS [NFDS]" },
	{ "areq", 3, 4, cmd_areq, "areq NAME TEXT TIMEOUT_MS [NFDS]" },
	{ "flood", 2, 2, cmd_flood, "flood NAME COUNT" },
	{ "count", 0, 1, cmd_count, "count [NAME]" },
	{ "disable", 0, 0, cmd_disable, "disable" },
	{ "reserve", 2, 3, zone_reserve, "reserve ZONE LEN [ALIGN]" },
	{ "free", 1, 1, zone_free, "free ZONE" },
	{ "lookup", 1, 1, zone_lookup, "lookup ZONE" },
	{ "list", 0, 0, zone_list, "list" },
	{ "peek", 3, 3, zone_peek, "peek ZONE OFFSET LEN" },
	{ "poke", 3, 3, zone_poke, "poke ZONE OFFSET HEX" },
	{ "fill", 1, 2, zone_fill, "fill ZONE [SEED]" },
	{ "verify", 1, 2, zone_verify, "verify ZONE [SEED]" },
	{ "stats", 0, 0, zone_stats, "stats" },
	{ "hold", 0, 0, zone_hold, "hold" },
	{ "conform", 0, 0, conform_begin, "conform" },
	{ "register", 1, 1, conform_register, "register NAME" },
	{ "unregister", 1, 1, conform_unregister, "unregister NAME" },
	{ "raw", 2, 4, conform_raw, "raw CALL NAME [LEN [NFDS]]" },
	{ "replyto", 2, 2, conform_replyto, "replyto NAME PATH" },
	{ "treq", 2, 2, conform_treq, "treq NAME MS" },
	{ "starve", 0, 0, conform_starve, "starve" },
	{ "attach", 1, 1, device_attach, "attach DEVARGS" },
	{ "detach", 1, 1, device_detach, "detach NAME" },
	{ "devices", 0, 0, device_list, "devices" },
	{ "vfio", 1, 2, device_vfio, "vfio container | vfio group N" },
	{ "crypto", 2, 2, driver_crypto, "crypto DEV QUEUE-PAIRS" },
	{ "queuepair", 3, 3, driver_queue_pair, "queuepair DEV QUEUE-PAIR DESCRIPTORS" },
	{ "mlx5", 2, 5, driver_mlx5, "mlx5 fd | mr | pool | state ..." },
	{ "port", 1, 1, driver_port, "port PCI-ADDRESS" },
};

static const struct command *
find_command(const char *verb)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].verb, verb) == 0)
			return &commands[i];
	return NULL;
}

static int
split(char *text, char **words)
{
	char *rest = NULL, *word;
	int n = 0;

	for (word = strtok_r(text, " \t\r\n", &rest); word != NULL && n < MAX_WORDS;
	     word = strtok_r(NULL, " \t\r\n", &rest))
		words[n++] = word;
	return n;
}

void
command_run(const struct own_command *table, size_t count, char *line)
{
	char *words[MAX_WORDS] = { NULL };
	int n = split(line, words);
	size_t i;

	for (i = 0; i < count && n > 0; i++)
		if (strcmp(words[0], table[i].verb) == 0 && n - 1 == table[i].args) {
			table[i].run(n, words);
			return;
		}
	if (n > 0)
		command_error(words[0], "no such command");
}

/* true: quit */
static bool
run_line(char *text)
{
	char *words[MAX_WORDS] = { NULL };
	const struct command *command;
	int n = split(text, words);

	if (n == 0)
		return false;
	if (strcmp(words[0], "quit") == 0)
		return true;
	command = find_command(words[0]);
	if (command == NULL)
		command_error(words[0], "no such command");
	else if (n - 1 < command->min_args || n - 1 > command->max_args)
		command_error(words[0], command->usage);
	else
		command->run(n, words);
	return false;
}

/* Runs the whole lines in the buffer and keeps the rest; true: quit. */
static bool
run_lines(char *buffer, size_t *have)
{
	char *newline;

	while ((newline = memchr(buffer, '\n', *have)) != NULL) {
		*newline = '\0';
		if (run_line(buffer))
			return true;
		*have -= (size_t)(newline + 1 - buffer);
		memmove(buffer, newline + 1, *have);
	}
	return false;
}

const char *
command_loop(const volatile uint32_t *force_quit)
{
	static char buffer[65536];
	size_t have = 0;

	for (;;) {
		struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
		ssize_t n;

		if (stopping())
			return "signal";
		if (force_quit != NULL && *force_quit != 0)
			return "force_quit";
		if (poll(&input, 1, LOOK_AT_FORCE_QUIT_MS) <= 0)
			continue;
		n = read(STDIN_FILENO, buffer + have, sizeof(buffer) - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return "eof";
		have += (size_t)n;
		if (run_lines(buffer, &have))
			return "quit";
		if (have == sizeof(buffer)) {
			command_error("line", "too long");
			have = 0;
		}
	}
}
