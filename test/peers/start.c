/* The beginning that both peers share. */
#define _GNU_SOURCE
#include <unistd.h>

#include <rte_errno.h>
#include <rte_version.h>

#include "peer.h"

int
peer_failed(const char *what, int number)
{
	say("FAILED what=%s errno=%s", what, errno_name(number));
	return -1;
}

int
peer_start(enum role role, int argc, char **argv)
{
	enum rte_proc_type_t type = role == PRIMARY ? RTE_PROC_PRIMARY : RTE_PROC_SECONDARY;

	life_begin();
	if (rte_eal_init(argc, argv) < 0)
		return peer_failed("rte_eal_init", rte_errno);
	if (rte_eal_process_type() == type)
		return 0;
	rte_eal_cleanup();
	return peer_failed("process-type", 0);
}

int
peer_end(enum role role, int status)
{
	actions_unregister(role);
	rte_eal_cleanup();
	return status;
}

/* EAL sends its own record but for the descriptors' array: 332 bytes up to 25.07, 340 from
 * 25.11 on, where param is 8-aligned. */
struct wire_record {
	int type;
	struct rte_mp_msg msg;
};

void
peer_ready(enum role role)
{
	struct line line;

	line_begin(&line, "READY");
	fprintf(line.to, " role=%s pid=%d", role == PRIMARY ? "primary" : "secondary", (int)getpid());
	put_string(line.to, "version", rte_version());
	put_string(line.to, "runtime_dir", rte_eal_get_runtime_dir());
	fprintf(line.to, " max_fds=%d wire_size=%zu", RTE_MP_MAX_FD_NUM,
		sizeof(struct wire_record) - sizeof(((struct rte_mp_msg *)0)->fds));
	line_end(&line);
}
