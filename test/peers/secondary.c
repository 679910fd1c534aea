/* A DPDK secondary to test against: secondary EAL-ARGS... --proc-type=secondary
 * Takes the same commands as the primary; its actions are listed in actions.c. */
#include <rte_errno.h>

#include "peer.h"

static int
serve(void)
{
	if (actions_register(SECONDARY) < 0)
		return peer_failed("actions", rte_errno);
	peer_ready(SECONDARY);
	say("BYE why=%s", command_loop(NULL));
	return 0;
}

int
main(int argc, char **argv)
{
	if (peer_start(SECONDARY, argc, argv) < 0)
		return 1;
	return peer_end(SECONDARY, serve() == 0 ? 0 : 1);
}
