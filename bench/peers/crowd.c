/*
 * Secondaries without EAL that answer requests, so that a C primary and a Node primary can broadcast to the same
 * ones. Each has a socket and a thread that blocks on it, as a C secondary has.
 *   crowd RUNTIME-DIR
 * A line "COUNT" on stdin changes their number, and prints "crowd COUNT". The end of stdin ends them.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_PEERS 64
#define MAX_DATAGRAM 512
#define MP_REP 2 /* enum mp_type, eal_common_proc.c: the first word of a datagram */

static struct peer {
	struct sockaddr_un address;
	int fd;
} peers[MAX_PEERS];

static void *
answer(void *arg)
{
	struct peer *peer = arg;
	union {
		int type;
		char bytes[MAX_DATAGRAM];
	} datagram;
	struct sockaddr_un sender;

	for (;;) {
		socklen_t size = sizeof(sender);
		ssize_t length = recvfrom(peer->fd, &datagram, sizeof(datagram), 0, (struct sockaddr *)&sender, &size);

		if (length <= 0)
			return NULL; /* shut down */
		datagram.type = MP_REP;
		sendto(peer->fd, &datagram, length, 0, (struct sockaddr *)&sender, size);
	}
}

static int
open_peer(const char *dir, unsigned int i)
{
	struct peer *peer = &peers[i];
	pthread_t thread;

	peer->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	peer->address.sun_family = AF_UNIX;
	snprintf(peer->address.sun_path, sizeof(peer->address.sun_path), "%s/mp_socket_%d_%x", dir, getpid(), i);
	if (bind(peer->fd, (struct sockaddr *)&peer->address, sizeof(peer->address)) < 0 ||
	    pthread_create(&thread, NULL, answer, peer) != 0) {
		perror(peer->address.sun_path);
		return -1;
	}
	pthread_detach(thread);
	return 0;
}

static void
close_peer(unsigned int i)
{
	unlink(peers[i].address.sun_path);
	shutdown(peers[i].fd, SHUT_RDWR);
	/* keep the descriptor open: its thread may still use it */
}

int
main(int argc, char **argv)
{
	unsigned int wanted, count = 0;
	int status = argc == 2 ? EXIT_SUCCESS : EXIT_FAILURE;

	while (status == EXIT_SUCCESS && scanf("%u", &wanted) == 1 && wanted <= MAX_PEERS) {
		for (; count < wanted && status == EXIT_SUCCESS; count++)
			if (open_peer(argv[1], count) < 0)
				status = EXIT_FAILURE;
		while (count > wanted)
			close_peer(--count);
		printf("crowd %u\n", count);
		fflush(stdout);
	}
	while (count > 0)
		close_peer(--count);
	return status;
}
