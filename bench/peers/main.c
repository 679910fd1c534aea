/*
 * The C side of the benchmark: a DPDK primary or secondary that times itself and prints every sample in nanoseconds,
 * so that the samples contain no time of another program.
 *   bench EAL-ARGS...
 * Commands are lines on stdin; each prints one line: "samples NS NS ...", "flood NS", "done" or "failed WHAT: REASON".
 * With BENCH_SPAWNED_NS (the time of its start, CLOCK_MONOTONIC) it sends one request at once, prints
 * "start BOOT_NS EAL_NS REPLY_NS RSS_KB" and ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_errno.h>

#include "bench.h"

static uint64_t *samples;
static unsigned int taken;

uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

void
samples_begin(unsigned int count)
{
	free(samples);
	samples = malloc(count * sizeof(*samples));
	if (samples == NULL)
		abort();
	/* touch the pages now, so that the measurement has no page faults */
	memset(samples, 0, count * sizeof(*samples));
	taken = 0;
}

void
sample(uint64_t ns)
{
	samples[taken++] = ns;
}

int
samples_end(void)
{
	unsigned int i;

	printf("samples");
	for (i = 0; i < taken; i++)
		printf(" %" PRIu64, samples[i]);
	printf("\n");
	return 0;
}

int
failed(const char *what, int number)
{
	printf("failed %s: %s\n", what, strerror(number));
	return -1;
}

void
make_message(struct rte_mp_msg *m, const char *name, int size, int nfds)
{
	int i;

	memset(m, 0, sizeof(*m));
	snprintf(m->name, sizeof(m->name), "%s", name);
	m->len_param = size;
	m->num_fds = nfds;
	for (i = 0; i < nfds; i++)
		m->fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void
close_fds(const struct rte_mp_msg *m)
{
	int i;

	for (i = 0; i < m->num_fds; i++)
		close(m->fds[i]);
}

static int
on_echo(const struct rte_mp_msg *request, const void *peer)
{
	struct rte_mp_msg reply = *request;
	int ret = rte_mp_reply(&reply, peer);

	close_fds(request);
	return ret;
}

static int
on_sink(const struct rte_mp_msg *message, const void *peer)
{
	(void)peer;
	close_fds(message);
	return 0;
}

/* Returns VmRSS of this process in KiB, which doesn't include hugepages. */
static long
resident_kb(void)
{
	char line[256];
	long kb = 0;
	FILE *file = fopen("/proc/self/status", "r");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "VmRSS: %ld kB", &kb);
	if (file != NULL)
		fclose(file);
	return kb;
}

static int
report_start(const char *spawned, uint64_t entered, uint64_t initialised)
{
	const struct timespec timeout = { .tv_sec = TIMEOUT_S };
	struct rte_mp_reply reply;
	struct rte_mp_msg request;
	uint64_t answered;

	make_message(&request, ECHO, 16, 0);
	if (rte_mp_request_sync(&request, &reply, &timeout) < 0)
		return failed("first request", rte_errno);
	answered = now_ns();
	free(reply.msgs);
	printf("start %" PRIu64 " %" PRIu64 " %" PRIu64 " %ld\n", entered - (uint64_t)strtoull(spawned, NULL, 10),
		initialised - entered, answered - entered, resident_kb());
	return 0;
}

static int
run(char *line)
{
	char verb[16] = "", name[64] = "";
	unsigned long long a = 0;
	int b = 0, c = 0, d = 0;

	if (sscanf(line, "%15s", verb) != 1)
		return 0;
	if (strcmp(verb, "sync") == 0 && sscanf(line, "%*s %llu %d %d", &a, &b, &c) == 3)
		return ask_sync(a, b, c);
	if (strcmp(verb, "async") == 0 && sscanf(line, "%*s %llu %d %d", &a, &b, &c) == 3)
		return ask_async(a, b, c);
	if (strcmp(verb, "raw") == 0 && sscanf(line, "%*s %llu %d %d %d", &a, &b, &c, &d) == 4)
		return ask_raw(a, b, c, d != 0);
	if (strcmp(verb, "flood") == 0 && sscanf(line, "%*s %llu %d", &a, &b) == 2)
		return flood(a, b);
	if (strcmp(verb, "zones") == 0 && sscanf(line, "%*s %llu", &a) == 1)
		return zones(a);
	if (strcmp(verb, "reserve") == 0 && sscanf(line, "%*s %31s %llu", name, &a) == 2)
		return reserve(name, a);
	if (strcmp(verb, "lookup") == 0 && sscanf(line, "%*s %31s %llu %d", name, &a, &b) == 3)
		return lookups(name, a, b);
	if (strcmp(verb, "copy") == 0 && sscanf(line, "%*s %31s %llu %d", name, &a, &b) == 3)
		return copies(name, a, (enum copy)b);
	return failed(verb, EINVAL);
}

int
main(int argc, char **argv)
{
	uint64_t entered = now_ns();
	const char *spawned = getenv("BENCH_SPAWNED_NS");
	static char line[256];

	if (rte_eal_init(argc, argv) < 0) {
		fprintf(stderr, "no EAL: %s\n", rte_strerror(rte_errno));
		return EXIT_FAILURE;
	}
	if (spawned != NULL) {
		int status = report_start(spawned, entered, now_ns()) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;

		rte_eal_cleanup();
		return status;
	}
	if (rte_mp_action_register(ECHO, on_echo) < 0 || rte_mp_action_register(SINK, on_sink) < 0)
		return EXIT_FAILURE;
	printf("ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		run(line);
		fflush(stdout);
	}
	rte_eal_cleanup();
	return EXIT_SUCCESS;
}
