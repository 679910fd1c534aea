/* The actions that a peer answers.
 *
 *   echo     same param and descriptors
 *   ping     "pong" and the param
 *   silent   never replies; its line also says what the descriptors hold
 *   fdecho   reads one byte from the descriptor received; replies with a pipe that holds that
 *            byte, and with the byte as the param; also under the name fd-echo
 *   count    counts and never replies; the command "count" tells what (counter.h)
 * and in the primary only
 *   sum      u32 (host order) sum of the param's bytes
 *   slow     echo after SLOW_MS, from another thread
 *   slowi    echo after SLOW_MS, inline: holds up EAL's message thread
 *   bigrep   256 bytes 00..ff and N pipes, the i-th holding the byte i; N is the param's first
 *            byte (8 without one), at most RTE_MP_MAX_FD_NUM
 *   twice    two replies back to back: "first" and the param, "second" and the param
 *   askback  asks all secondaries "asked" with the param, from another thread, and replies with
 *            the first answer, or with why there is none
 *
 * Each but count prints "got ..." (not with QUIET=1) and counts in SHARED_INFO.request_count;
 * slow also in async_request_count. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>

#include "counter.h"
#include "peer.h"

#define ASKBACK_TIMEOUT_S 5

static bool quiet;
static unsigned int slow_ms;

static void
got(const struct rte_mp_msg *m, const char *peer, bool read_fds)
{
	if (shared != NULL)
		__atomic_fetch_add(&shared->request_count, 1, __ATOMIC_SEQ_CST);
	if (!quiet)
		message_print("got", m, peer, read_fds);
}

/* The word and behind it the request's param, as far as there is room. */
static int
reply_with(const char *word, const struct rte_mp_msg *m, const char *peer)
{
	struct rte_mp_msg reply;
	size_t len = strlen(word), room = sizeof(reply.param) - len;
	size_t more = (size_t)m->len_param < room ? (size_t)m->len_param : room;

	message_init(&reply, m->name);
	memcpy(reply.param, word, len);
	memcpy(reply.param + len, m->param, more);
	reply.len_param = (int)(len + more);
	return message_reply(&reply, peer);
}

static int
act_echo(const struct rte_mp_msg *m, const void *peer)
{
	struct rte_mp_msg reply = *m;

	got(m, peer, false);
	return message_reply(&reply, peer);
}

static int
act_ping(const struct rte_mp_msg *m, const void *peer)
{
	got(m, peer, false);
	message_close_fds(m);
	return reply_with("pong", m, peer);
}

static int
act_silent(const struct rte_mp_msg *m, const void *peer)
{
	got(m, peer, true);
	message_close_fds(m);
	return 0;
}

static int
act_fdecho(const struct rte_mp_msg *m, const void *peer)
{
	struct rte_mp_msg reply;
	uint8_t byte;
	bool has_byte;

	got(m, peer, false);
	message_init(&reply, m->name);
	has_byte = m->num_fds > 0 && read_byte(m->fds[0], &byte);
	message_close_fds(m);
	if (has_byte && message_add_pipes(&reply, 1, byte) == 0) {
		reply.param[0] = byte;
		reply.len_param = 1;
	} else {
		message_set_param(&reply, "no-byte");
	}
	return message_reply(&reply, peer);
}

static int
act_count(const struct rte_mp_msg *m, const void *peer)
{
	counter_add(m, peer);
	message_close_fds(m);
	return 0;
}

static int
act_sum(const struct rte_mp_msg *m, const void *peer)
{
	struct rte_mp_msg reply;
	uint32_t sum = 0;
	int i;

	got(m, peer, false);
	message_close_fds(m);
	for (i = 0; i < m->len_param; i++)
		sum += m->param[i];
	message_init(&reply, m->name);
	memcpy(reply.param, &sum, sizeof(sum));
	reply.len_param = sizeof(sum);
	return message_reply(&reply, peer);
}

static int
act_slowi(const struct rte_mp_msg *m, const void *peer)
{
	struct rte_mp_msg reply = *m;

	got(m, peer, false);
	sleep_ms(slow_ms);
	return message_reply(&reply, peer);
}

static int
act_bigrep(const struct rte_mp_msg *m, const void *peer)
{
	struct rte_mp_msg reply;
	int i, n = m->len_param > 0 ? m->param[0] : 8;

	got(m, peer, false);
	message_close_fds(m);
	message_init(&reply, m->name);
	for (i = 0; i < RTE_MP_MAX_PARAM_LEN; i++)
		reply.param[i] = (uint8_t)i;
	reply.len_param = RTE_MP_MAX_PARAM_LEN;
	if (message_add_pipes(&reply, n < RTE_MP_MAX_FD_NUM ? n : RTE_MP_MAX_FD_NUM, 0) < 0)
		say("bigrep-failed what=pipes");
	return message_reply(&reply, peer);
}

static int
act_twice(const struct rte_mp_msg *m, const void *peer)
{
	got(m, peer, false);
	message_close_fds(m);
	reply_with("first", m, peer);
	return reply_with("second", m, peer);
}

/* ---- slow and askback: a thread for each request, waited for before EAL goes away ---- */

struct job {
	struct rte_mp_msg reply; /* the request, until work makes it the reply */
	char *peer; /* a copy: EAL's own is gone once the handler has returned */
	void (*work)(struct rte_mp_msg *m);
};

static pthread_mutex_t job_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t job_done = PTHREAD_COND_INITIALIZER;
static unsigned int jobs_running;

static void
jobs_running_add(int change)
{
	pthread_mutex_lock(&job_lock);
	jobs_running += (unsigned int)change;
	pthread_cond_broadcast(&job_done);
	pthread_mutex_unlock(&job_lock);
}

static void
jobs_wait_for_all(void)
{
	pthread_mutex_lock(&job_lock);
	while (jobs_running > 0)
		pthread_cond_wait(&job_done, &job_lock);
	pthread_mutex_unlock(&job_lock);
}

static void
job_forget(struct job *job)
{
	free(job->peer);
	free(job);
	jobs_running_add(-1);
}

static void *
job_thread(void *arg)
{
	struct job *job = arg;

	job->work(&job->reply);
	message_reply(&job->reply, job->peer);
	job_forget(job);
	return NULL;
}

/* Replies from a thread of its own with what work makes of the request. */
static int
job_start(const struct rte_mp_msg *m, const char *peer, void (*work)(struct rte_mp_msg *m))
{
	struct job *job = malloc(sizeof(*job));
	pthread_t thread;

	got(m, peer, false);
	if (job == NULL)
		return -1;
	job->reply = *m;
	job->peer = strdup(peer);
	job->work = work;
	jobs_running_add(1);
	if (job->peer == NULL || pthread_create(&thread, NULL, job_thread, job) != 0) {
		say("job-failed name=%s what=thread", m->name);
		job_forget(job);
		return -1;
	}
	pthread_detach(thread);
	return 0;
}

static void
work_slow(struct rte_mp_msg *m)
{
	(void)m;
	sleep_ms(slow_ms);
	__atomic_fetch_add(&shared->async_request_count, 1, __ATOMIC_SEQ_CST);
}

static int
act_slow(const struct rte_mp_msg *m, const void *peer)
{
	return job_start(m, peer, work_slow);
}

static void
work_askback(struct rte_mp_msg *m)
{
	const struct timespec timeout = { .tv_sec = ASKBACK_TIMEOUT_S };
	struct rte_mp_msg question = *m;
	struct rte_mp_reply answers = { 0 };
	int i, ret;

	snprintf(question.name, sizeof(question.name), "%s", "asked");
	question.num_fds = 0;
	message_close_fds(m);
	m->num_fds = 0;
	rte_errno = 0;
	ret = rte_mp_request_sync(&question, &answers, &timeout);
	if (ret < 0 || answers.nb_received == 0) {
		message_set_param(m, ret < 0 ? errno_name(rte_errno) : "nobody");
	} else {
		memcpy(m->param, answers.msgs[0].param, sizeof(m->param));
		m->len_param = answers.msgs[0].len_param;
	}
	for (i = 0; i < answers.nb_received && answers.msgs != NULL; i++)
		message_close_fds(&answers.msgs[i]);
	free(answers.msgs);
}

static int
act_askback(const struct rte_mp_msg *m, const void *peer)
{
	return job_start(m, peer, work_askback);
}

/* ---- which peer has which ---- */

static const struct {
	const char *name;
	rte_mp_t handler;
	unsigned int roles;
} actions[] = {
	{ "echo", act_echo, PRIMARY | SECONDARY },
	{ "ping", act_ping, PRIMARY | SECONDARY },
	{ "silent", act_silent, PRIMARY | SECONDARY },
	{ "fdecho", act_fdecho, PRIMARY | SECONDARY },
	{ "fd-echo", act_fdecho, PRIMARY | SECONDARY },
	{ COUNTER_ACTION, act_count, PRIMARY | SECONDARY },
	{ "sum", act_sum, PRIMARY },
	{ "slow", act_slow, PRIMARY },
	{ "slowi", act_slowi, PRIMARY },
	{ "bigrep", act_bigrep, PRIMARY },
	{ "twice", act_twice, PRIMARY },
	{ "askback", act_askback, PRIMARY },
};

#define ACTION_COUNT (sizeof(actions) / sizeof(actions[0]))

int
actions_register(enum role role)
{
	size_t i;

	quiet = env_number("QUIET", 0) != 0;
	slow_ms = (unsigned int)env_number("SLOW_MS", 300);
	for (i = 0; i < ACTION_COUNT; i++)
		if ((actions[i].roles & role) != 0 &&
		    rte_mp_action_register(actions[i].name, actions[i].handler) < 0)
			return -1;
	return 0;
}

void
actions_unregister(enum role role)
{
	size_t i;

	for (i = 0; i < ACTION_COUNT; i++)
		if ((actions[i].roles & role) != 0)
			rte_mp_action_unregister(actions[i].name);
	jobs_wait_for_all();
}
