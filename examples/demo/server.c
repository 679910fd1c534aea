/* The demo's server: a DPDK primary that answers two actions and counts in shared memory.
 *
 *   server [EAL options] -- [PRINT_MS [DURATION_MS]]
 *
 * It prints its counters every PRINT_MS (3000) and ends on SIGINT or SIGTERM, when a process
 * sets force_quit in the memzone, or after DURATION_MS (0: never).
 *
 *   gcc -O2 -Wall -Wextra $(pkg-config --cflags libdpdk) -o server server.c \
 *       $(pkg-config --libs-only-L libdpdk) -lrte_eal
 *   ./server --file-prefix demo --no-pci                      with hugepages
 *   ./server --file-prefix demo --no-pci --no-huge -m 64      without */
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
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memzone.h>

#define SYNC_ACTION "hello_request"
#define ASYNC_ACTION "hello_async_req"
#define ZONE_NAME "shared_info"
#define PRINT_MS 3000
/* how often to check for force_quit, signals and the duration */
#define LOOK_EVERY_MS 50

struct shared_info {
	volatile uint32_t force_quit;
	uint64_t request_count;
	uint64_t async_request_count;
} __rte_cache_aligned;

static struct shared_info *shared;
static volatile sig_atomic_t stopped;

static void
on_signal(int number)
{
	(void)number;
	stopped = 1;
}

/* ---- actions, which run on EAL's message thread ---- */

static void
close_descriptors(const struct rte_mp_msg *msg)
{
	int i;

	for (i = 0; i < msg->num_fds; i++)
		close(msg->fds[i]);
}

static int
answer(const struct rte_mp_msg *msg, const void *peer, const char *kind, uint64_t *counter)
{
	const char *text = (const char *)msg->param;
	/* the text may come without a NUL */
	int len = (int)strnlen(text, (size_t)msg->len_param);
	struct rte_mp_msg reply = { 0 };

	close_descriptors(msg);
	printf("[%s] received: %.*s\n", kind, len, text);
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
	/* the requester drops a reply whose name differs from the request's */
	snprintf(reply.name, sizeof(reply.name), "%s", msg->name);
	snprintf((char *)reply.param, sizeof(reply.param), "Server %s reply: Got '%.*s'", kind, len, text);
	reply.len_param = (int)strlen((char *)reply.param) + 1;
	if (rte_mp_reply(&reply, peer) < 0)
		fprintf(stderr, "server: the reply to %s was not sent: %s\n", (const char *)peer,
			rte_strerror(rte_errno));
	return 0;
}

static int
on_sync(const struct rte_mp_msg *msg, const void *peer)
{
	return answer(msg, peer, "SYNC", &shared->request_count);
}

static int
on_async(const struct rte_mp_msg *msg, const void *peer)
{
	return answer(msg, peer, "ASYNC", &shared->async_request_count);
}

/* ---- the run ---- */

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
print_counters(void)
{
	printf("[Server] handled sync requests: %" PRIu64 ", async requests: %" PRIu64 "\n",
		__atomic_load_n(&shared->request_count, __ATOMIC_RELAXED),
		__atomic_load_n(&shared->async_request_count, __ATOMIC_RELAXED));
}

static const char *
run(int64_t print_ms, int64_t duration_ms)
{
	const struct timespec pause = { 0, LOOK_EVERY_MS * 1000000L };
	int64_t start = now_ms(), next = start + print_ms;

	for (;;) {
		if (stopped)
			return "signal";
		if (shared->force_quit != 0)
			return "force_quit";
		if (duration_ms > 0 && now_ms() - start >= duration_ms)
			return "duration";
		if (now_ms() >= next) {
			print_counters();
			next += print_ms;
		}
		nanosleep(&pause, NULL);
	}
}

/* ---- the beginning and the end ---- */

static int
failed(const char *what, const char *next_step)
{
	fprintf(stderr, "server: %s: %s. %s\n", what, rte_strerror(rte_errno), next_step);
	return -1;
}

static int
make_zone(void)
{
	const struct rte_memzone *zone;

	zone = rte_memzone_reserve_aligned(ZONE_NAME, sizeof(*shared), SOCKET_ID_ANY, 0,
		RTE_CACHE_LINE_SIZE);
	if (zone == NULL)
		return failed("memzone " ZONE_NAME " can't be made", "Give EAL more memory with -m.");
	shared = zone->addr;
	memset(shared, 0, sizeof(*shared));
	return 0;
}

static int
register_actions(void)
{
	if (rte_mp_action_register(SYNC_ACTION, on_sync) < 0)
		return failed(SYNC_ACTION " can't be registered", "Leave out --in-memory and --no-shconf.");
	if (rte_mp_action_register(ASYNC_ACTION, on_async) < 0)
		return failed(ASYNC_ACTION " can't be registered", "Leave out --in-memory and --no-shconf.");
	return 0;
}

static int
serve(int64_t print_ms, int64_t duration_ms)
{
	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		fprintf(stderr, "server: it has to be the primary. Leave out --proc-type.\n");
		return -1;
	}
	if (make_zone() < 0 || register_actions() < 0)
		return -1;
	printf("[Server] ready: %s\n", rte_eal_get_runtime_dir());
	printf("[Server] ends: %s\n", run(print_ms, duration_ms));
	rte_mp_action_unregister(SYNC_ACTION);
	rte_mp_action_unregister(ASYNC_ACTION);
	print_counters();
	rte_memzone_free(rte_memzone_lookup(ZONE_NAME));
	return 0;
}

/* Reads argv[index] as milliseconds; returns -1 if it isn't a number, or is less than the least allowed. */
static int64_t
milliseconds(int argc, char **argv, int index, int64_t otherwise, int64_t least)
{
	char *end;
	long long ms;

	if (index >= argc)
		return otherwise;
	errno = 0;
	ms = strtoll(argv[index], &end, 10);
	return errno != 0 || end == argv[index] || *end != '\0' || ms < least ? -1 : ms;
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	int64_t print_ms, duration_ms;
	int used, ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	used = rte_eal_init(argc, argv);
	if (used < 0) {
		failed("EAL did not start", "Its log above says why. Without hugepages add "
			"--no-huge -m 64; beside another primary choose another --file-prefix.");
		return 1;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	print_ms = milliseconds(argc, argv, used + 1, PRINT_MS, 1);
	duration_ms = milliseconds(argc, argv, used + 2, 0, 0);
	if (print_ms < 0 || duration_ms < 0 || argc > used + 3) {
		fprintf(stderr, "usage: server [EAL options] -- [PRINT_MS [DURATION_MS]]\n");
		ret = -1;
	} else {
		ret = serve(print_ms, duration_ms);
	}
	rte_eal_cleanup();
	return ret < 0 ? 1 : 0;
}
