/*
 * The C side of request-latency.ts: a DPDK secondary that times rte_mp_request_sync.
 *   c-client EAL-ARGS... --proc-type=secondary
 * Reads lines "COUNT SIZE" on stdin; for each it asks "echo" COUNT times with SIZE bytes of param and prints
 * one line with the latencies in nanoseconds, space separated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_errno.h>

static unsigned long long
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static int
measure(unsigned int count, int size)
{
	const struct timespec timeout = { .tv_sec = 5 };
	struct rte_mp_msg request = { .len_param = size };
	unsigned int i;

	snprintf(request.name, sizeof(request.name), "echo");
	for (i = 0; i < count; i++) {
		struct rte_mp_reply reply;
		unsigned long long start = now_ns();

		if (rte_mp_request_sync(&request, &reply, &timeout) < 0 || reply.nb_received != 1) {
			fprintf(stderr, "c-client: no answer: %s\n", rte_strerror(rte_errno));
			return -1;
		}
		printf("%llu ", now_ns() - start);
		free(reply.msgs);
	}
	printf("\n");
	fflush(stdout);
	return 0;
}

int
main(int argc, char **argv)
{
	unsigned int count;
	int size, status = EXIT_SUCCESS;

	if (rte_eal_init(argc, argv) < 0) {
		fprintf(stderr, "c-client: no EAL: %s\n", rte_strerror(rte_errno));
		return EXIT_FAILURE;
	}
	printf("ready\n");
	fflush(stdout);
	while (status == EXIT_SUCCESS && scanf("%u %d", &count, &size) == 2)
		if (size < 0 || size > RTE_MP_MAX_PARAM_LEN || measure(count, size) < 0)
			status = EXIT_FAILURE;
	rte_eal_cleanup();
	return status;
}
