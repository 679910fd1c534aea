/* What the conformance checks need besides: calls that no sane program makes.
 *
 * Actions, from the command "conform" on:
 *   note     prints "got ..." and touches neither descriptors nor the sender
 *   inline   asks "inner" inside the handler, replies with the errno that comes of it
 *   fails    returns -1
 *
 * Where a command takes NAME: "null" is NULL, "empty" is "", "x:N" is N times x. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <rte_errno.h>

#include "peer.h"

#define INNER_TIMEOUT_MS 200
#define RAW_TIMEOUT_MS 300
#define LONGEST_NAME 256

static int
act_note(const struct rte_mp_msg *m, const void *peer)
{
	message_print("got", m, peer, false);
	return 0;
}

static int
act_fails(const struct rte_mp_msg *m, const void *peer)
{
	message_print("got", m, peer, false);
	return -1;
}

static struct timespec
timespec_of(long ms)
{
	return (struct timespec){ ms / 1000, (ms % 1000) * 1000000L };
}

static int
act_inline(const struct rte_mp_msg *m, const void *peer)
{
	const struct timespec timeout = timespec_of(INNER_TIMEOUT_MS);
	struct rte_mp_msg inner, reply;
	struct rte_mp_reply answers = { 0 };
	int ret;

	message_print("got", m, peer, false);
	message_init(&inner, "inner");
	message_init(&reply, m->name);
	ret = rte_mp_request_sync(&inner, &answers, &timeout);
	message_set_param(&reply, ret < 0 ? errno_name(rte_errno) : "0");
	free(answers.msgs);
	return message_reply(&reply, peer);
}

void
conform_begin(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	say("conform ret=%d", rte_mp_action_register("note", act_note) |
				      rte_mp_action_register("inline", act_inline) |
				      rte_mp_action_register("fails", act_fails));
}

static const char *
name_of(const char *word)
{
	static char name[LONGEST_NAME];
	size_t n;

	if (strcmp(word, "null") == 0)
		return NULL;
	if (strcmp(word, "empty") == 0)
		return "";
	if (strncmp(word, "x:", 2) != 0)
		return word;
	n = strtoul(word + 2, NULL, 0);
	memset(name, 'x', sizeof(name));
	name[n < sizeof(name) ? n : sizeof(name) - 1] = '\0';
	return name;
}

static void
say_result(const char *verb, const char *what, int ret, const struct rte_mp_reply *reply)
{
	int number = rte_errno;
	struct line line;

	line_begin(&line, verb);
	put_string(line.to, "what", what);
	put_errno(line.to, ret, number);
	if (reply != NULL)
		fprintf(line.to, " nb_sent=%d nb_received=%d", reply->nb_sent, reply->nb_received);
	line_end(&line);
}

void
conform_register(int argc, char **argv)
{
	(void)argc;
	rte_errno = 0;
	say_result(argv[0], argv[1], rte_mp_action_register(name_of(argv[1]), act_note), NULL);
}

void
conform_unregister(int argc, char **argv)
{
	(void)argc;
	rte_errno = 0;
	rte_mp_action_unregister(name_of(argv[1]));
	say("unregister errno=%s", errno_name(rte_errno));
}

static int
on_raw_reply(const struct rte_mp_msg *request, const struct rte_mp_reply *reply)
{
	say("areply name=%s nb_sent=%d nb_received=%d", request->name, reply->nb_sent,
	    reply->nb_received);
	return 0;
}

/* raw CALL NAME LEN NFDS: the message as it stands, checked by nobody but EAL */
void
conform_raw(int argc, char **argv)
{
	const struct timespec timeout = timespec_of(RAW_TIMEOUT_MS);
	struct rte_mp_reply reply = { 0 };
	const char *call = argv[1], *name = name_of(argv[2]);
	struct rte_mp_msg m, *message = name == NULL ? NULL : &m;
	int ret = -1, nfds = argc > 4 ? atoi(argv[4]) : 0;

	memset(&m, 0, sizeof(m));
	if (name != NULL)
		memcpy(m.name, name, strnlen(name, sizeof(m.name)));
	if (nfds > 0)
		message_add_pipes(&m, nfds < RTE_MP_MAX_FD_NUM ? nfds : RTE_MP_MAX_FD_NUM, 0);
	m.num_fds = nfds;
	m.len_param = argc > 3 ? atoi(argv[3]) : 0;
	rte_errno = 0;
	if (strcmp(call, "send") == 0)
		ret = rte_mp_sendmsg(message);
	else if (strcmp(call, "sync") == 0)
		ret = rte_mp_request_sync(message, &reply, &timeout);
	else if (strcmp(call, "async") == 0)
		ret = rte_mp_request_async(message, &timeout, on_raw_reply);
	else if (strcmp(call, "reply") == 0)
		ret = rte_mp_reply(message, NULL);
	else if (strcmp(call, "notimeout") == 0)
		ret = rte_mp_request_sync(message, &reply, NULL);
	free(reply.msgs);
	say_result(argv[0], call, ret, &reply);
	message_close_fds(&m);
}

/* replyto NAME PATH: a reply that nobody has asked for */
void
conform_replyto(int argc, char **argv)
{
	struct rte_mp_msg m;

	(void)argc;
	message_init(&m, argv[1]);
	rte_errno = 0;
	say_result(argv[0], argv[1], rte_mp_reply(&m, argv[2]), NULL);
}

struct asker {
	char name[LONGEST_NAME];
	long ms;
};

static void *
ask(void *arg)
{
	struct asker *asker = arg;
	const struct timespec timeout = timespec_of(asker->ms);
	struct rte_mp_reply reply = { 0 };
	struct rte_mp_msg m;
	int ret;

	message_init(&m, asker->name);
	rte_errno = 0;
	ret = rte_mp_request_sync(&m, &reply, &timeout);
	say_result("treq.done", asker->name, ret, &reply);
	free(reply.msgs);
	free(asker);
	return NULL;
}

/* treq NAME MS: a synchronous request in a thread of its own, which ends with "treq.done" */
void
conform_treq(int argc, char **argv)
{
	struct asker *asker = calloc(1, sizeof(*asker));
	pthread_t thread;

	(void)argc;
	if (asker == NULL)
		return;
	snprintf(asker->name, sizeof(asker->name), "%s", argv[1]);
	asker->ms = atol(argv[2]);
	if (pthread_create(&thread, NULL, ask, asker) == 0)
		pthread_detach(thread);
	say("treq name=%s", argv[1]);
}

/* No descriptor is free from now on. */
void
conform_starve(int argc, char **argv)
{
	int lowest = dup(STDIN_FILENO);
	struct rlimit limit;

	(void)argc;
	(void)argv;
	close(lowest);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = (rlim_t)lowest;
	setrlimit(RLIMIT_NOFILE, &limit);
	say("starve limit=%d", lowest);
}
