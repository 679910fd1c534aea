/* A DPDK primary to test against: primary EAL-ARGS...
 *
 * Memzones: SHARED_INFO (4096 bytes, struct shared_info) and BIG (5 MiB, a pattern).
 * Environment: NO_BIG=1 makes no BIG; NO_ACTIONS=1 registers none; QUIET=1 and SLOW_MS (300) are explained in actions.c. */
#include <inttypes.h>

#include <rte_errno.h>

#include "peer.h"

static int
serve(void)
{
	const char *why;

	if (zones_make(env_number("NO_BIG", 0) == 0) < 0)
		return peer_failed("memzones", rte_errno);
	if (env_number("NO_ACTIONS", 0) == 0 && actions_register(PRIMARY) < 0)
		return peer_failed("actions", rte_errno);
	peer_ready(PRIMARY);
	why = command_loop(&shared->force_quit);
	say("BYE why=%s request_count=%" PRIu64 " async_request_count=%" PRIu64, why,
		shared->request_count, shared->async_request_count);
	return 0;
}

int
main(int argc, char **argv)
{
	if (peer_start(PRIMARY, argc, argv) < 0)
		return 1;
	return peer_end(PRIMARY, serve() == 0 ? 0 : 1);
}
