/* The demo's client: a DPDK secondary that asks a server in C or Node, with blocking and asynchronous requests.
 *
 *   client --proc-type secondary [EAL options] -- [ROUNDS [SYNC_MS [ASYNC_MS]]]
 *
 * It sends ROUNDS (0: without end) requests of each kind, a hello_request every SYNC_MS (3000) and a
 * hello_async_req every ASYNC_MS (5000), and ends earlier on SIGINT or SIGTERM. Exit status: 0 if
 * every request was answered, else 1.
 *
 *   gcc -O2 -Wall -Wextra $(pkg-config --cflags libdpdk) -o client client.c \
 *       $(pkg-config --libs-only-L libdpdk) -lrte_eal
 *   ./client --file-prefix demo --no-pci --proc-type secondary */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memzone.h>

#define SYNC_ACTION "hello_request"
#define ASYNC_ACTION "hello_async_req"
#define ZONE_NAME "shared_info"
#define SYNC_MS 3000
#define ASYNC_MS 5000
/* timeout of a request */
#define TIMEOUT_S 5
/* how often to check for signals and answers */
#define LOOK_EVERY_MS 10

struct shared_info {
	volatile uint32_t force_quit;
	uint64_t request_count;
	uint64_t async_request_count;
} __rte_cache_aligned;

static volatile sig_atomic_t stopped;
/* number of pending hello_async_req requests; EAL's message thread counts them down */
static int waiting;
static bool failed_once;

static void
on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
request_failed(const char *kind, const char *why)
{
	fprintf(stderr, "[%s] failed: %s\n", kind, why);
	__atomic_store_n(&failed_once, true, __ATOMIC_RELAXED);
}

/* ---- requests ---- */

static void
make_request(struct rte_mp_msg *msg, const char *name, const char *kind, uint64_t n)
{
	memset(msg, 0, sizeof(*msg));
	snprintf(msg->name, sizeof(msg->name), "%s", name);
	snprintf((char *)msg->param, sizeof(msg->param), "%s Hello %" PRIu64 " from Client", kind, n);
	msg->len_param = (int)strlen((char *)msg->param) + 1;
}

/* Only the server gets the request, so there is one answer, or none. */
static void
print_reply(const char *kind, const struct rte_mp_reply *reply)
{
	if (reply->nb_received == 0)
		request_failed(kind, "the server didn't answer");
	else
		printf("[%s] reply: %.*s\n", kind, reply->msgs[0].len_param,
			(const char *)reply->msgs[0].param);
}

static void
ask_sync(uint64_t n)
{
	const struct timespec timeout = { TIMEOUT_S, 0 };
	struct rte_mp_reply reply = { 0 };
	struct rte_mp_msg msg;

	make_request(&msg, SYNC_ACTION, "SYNC", n);
	if (rte_mp_request_sync(&msg, &reply, &timeout) < 0)
		request_failed("SYNC", rte_strerror(rte_errno));
	else
		print_reply("SYNC", &reply);
	free(reply.msgs);
}

/* Runs on EAL's message thread, which also frees the reply. */
static int
on_async_reply(const struct rte_mp_msg *request, const struct rte_mp_reply *reply)
{
	(void)request;
	printf("[ASYNC] callback called\n");
	print_reply("ASYNC", reply);
	__atomic_fetch_sub(&waiting, 1, __ATOMIC_RELEASE);
	return 0;
}

static void
ask_async(uint64_t n)
{
	const struct timespec timeout = { TIMEOUT_S, 0 };
	struct rte_mp_msg msg;

	make_request(&msg, ASYNC_ACTION, "ASYNC", n);
	__atomic_fetch_add(&waiting, 1, __ATOMIC_RELAXED);
	/* print this first: the callback may run before the call returns */
	printf("[ASYNC] request sent\n");
	if (rte_mp_request_async(&msg, &timeout, on_async_reply) < 0) {
		request_failed("ASYNC", rte_strerror(rte_errno));
		__atomic_fetch_sub(&waiting, 1, __ATOMIC_RELAXED);
	}
}

/* ---- the run ---- */

struct pace {
	void (*ask)(uint64_t n);
	int64_t interval_ms;
	int64_t next;
	uint64_t asked;
};

static bool
is_done(const struct pace *pace, uint64_t rounds)
{
	return rounds > 0 && pace->asked == rounds;
}

static void
ask_when_due(struct pace *pace, uint64_t rounds)
{
	if (is_done(pace, rounds) || now_ms() < pace->next)
		return;
	pace->ask(++pace->asked);
	pace->next += pace->interval_ms;
}

static void
run(uint64_t rounds, int64_t sync_ms, int64_t async_ms)
{
	const struct timespec pause = { 0, LOOK_EVERY_MS * 1000000L };
	struct pace sync = { ask_sync, sync_ms, now_ms(), 0 };
	struct pace async = { ask_async, async_ms, now_ms(), 0 };

	while (!stopped && !(is_done(&sync, rounds) && is_done(&async, rounds))) {
		ask_when_due(&sync, rounds);
		ask_when_due(&async, rounds);
		nanosleep(&pause, NULL);
	}
	while (__atomic_load_n(&waiting, __ATOMIC_ACQUIRE) > 0)
		nanosleep(&pause, NULL);
}

/* ---- the beginning and the end ---- */

/* Prints the server's counters from its memzone. */
static void
print_counters(void)
{
	const struct rte_memzone *zone = rte_memzone_lookup(ZONE_NAME);
	const struct shared_info *shared;

	if (zone == NULL)
		return;
	shared = zone->addr;
	printf("[Client] in shared memory: handled sync requests: %" PRIu64 ", async requests: %" PRIu64 "\n",
		__atomic_load_n(&shared->request_count, __ATOMIC_RELAXED),
		__atomic_load_n(&shared->async_request_count, __ATOMIC_RELAXED));
}

/* Reads argv[index] as a number; returns -1 if it isn't a number, or is less than the least allowed. */
static int64_t
number(int argc, char **argv, int index, int64_t otherwise, int64_t least)
{
	char *end;
	long long value;

	if (index >= argc)
		return otherwise;
	errno = 0;
	value = strtoll(argv[index], &end, 10);
	return errno != 0 || end == argv[index] || *end != '\0' || value < least ? -1 : value;
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	int64_t rounds, sync_ms, async_ms;
	int used;

	setvbuf(stdout, NULL, _IOLBF, 0);
	used = rte_eal_init(argc, argv);
	if (used < 0) {
		fprintf(stderr, "client: EAL did not start: %s. Its log above says why: does the server run, "
			"with the same --file-prefix, for this release of DPDK?\n", rte_strerror(rte_errno));
		return 1;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	rounds = number(argc, argv, used + 1, 0, 0);
	sync_ms = number(argc, argv, used + 2, SYNC_MS, 1);
	async_ms = number(argc, argv, used + 3, ASYNC_MS, 1);
	if (rounds < 0 || sync_ms < 0 || async_ms < 0 || argc > used + 4) {
		fprintf(stderr, "usage: client --proc-type secondary [EAL options] -- "
			"[ROUNDS [SYNC_MS [ASYNC_MS]]]\n");
		failed_once = true;
	} else {
		run((uint64_t)rounds, sync_ms, async_ms);
		if (!stopped)
			print_counters();
	}
	rte_eal_cleanup();
	return failed_once ? 1 : 0;
}
