/* How a peer ends, and what time it is. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"

/* Longer than EAL's own exit takes with a silent third party (5 s). */
#define END_WITHIN_SECONDS 20

static volatile sig_atomic_t stop_flag;

static void
on_stop(int signal_number)
{
	(void)signal_number;
	stop_flag = 1;
	/* a peer stuck in sendmsg to a full queue would stay for ever: SIGALRM ends it */
	alarm(END_WITHIN_SECONDS);
}

void
life_begin(void)
{
	struct sigaction action = { .sa_handler = on_stop };
	pid_t starter = getppid();

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != starter)
		on_stop(SIGTERM);
}

bool
stopping(void)
{
	return stop_flag != 0;
}

void
sleep_ms(unsigned int ms)
{
	struct timespec left = { ms / 1000, (long)(ms % 1000) * 1000000L };

	while (nanosleep(&left, &left) < 0 && errno == EINTR && !stopping())
		;
}

uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

int
env_number(const char *name, int otherwise)
{
	const char *text = getenv(name);

	return text == NULL || *text == '\0' ? otherwise : atoi(text);
}
