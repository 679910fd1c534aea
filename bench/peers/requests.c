/* Requests and messages: EAL's calls, and bare system calls as their lower bound. */
#define _GNU_SOURCE
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_errno.h>

#include "bench.h"

static const struct timespec timeout = { .tv_sec = TIMEOUT_S };

static void
drop(const struct rte_mp_reply *reply)
{
	int i;

	for (i = 0; i < reply->nb_received; i++)
		close_fds(&reply->msgs[i]);
}

int
ask_sync(unsigned int count, int size, int nfds)
{
	struct rte_mp_msg request;
	unsigned int i;

	make_message(&request, ECHO, size, nfds);
	samples_begin(count);
	for (i = 0; i < count; i++) {
		struct rte_mp_reply reply;
		uint64_t start = now_ns();

		if (rte_mp_request_sync(&request, &reply, &timeout) < 0 || reply.nb_received == 0)
			return failed("rte_mp_request_sync", rte_errno);
		drop(&reply);
		free(reply.msgs);
		sample(now_ns() - start);
	}
	close_fds(&request);
	return samples_end();
}

/* ---- asynchronous requests: the time from the call to the callback ---- */

static sem_t answered;
static uint64_t answered_at;
static int answers;

static int
on_answer(const struct rte_mp_msg *request, const struct rte_mp_reply *reply)
{
	(void)request;
	drop(reply);
	answers = reply->nb_received;
	answered_at = now_ns();
	sem_post(&answered);
	return 0;
}

int
ask_async(unsigned int count, int size, int nfds)
{
	struct rte_mp_msg request;
	unsigned int i;

	sem_init(&answered, 0, 0);
	make_message(&request, ECHO, size, nfds);
	samples_begin(count);
	for (i = 0; i < count; i++) {
		uint64_t start = now_ns();

		if (rte_mp_request_async(&request, &timeout, on_answer) < 0)
			return failed("rte_mp_request_async", rte_errno);
		while (sem_wait(&answered) < 0)
			;
		if (answers == 0)
			return failed("rte_mp_request_async", ETIMEDOUT);
		sample(answered_at - start);
	}
	close_fds(&request);
	return samples_end();
}

/* ---- bare system calls ---- */

/* struct mp_msg_internal, eal_common_proc.c; on the wire without the array fds */
struct wire {
	int type;
	struct rte_mp_msg msg;
};

#define WIRE_LENGTH (sizeof(struct wire) - sizeof(((struct rte_mp_msg *)0)->fds))
#define MP_REQ 1
#define MAX_FDS 8

static int
connect_to_primary(void)
{
	struct sockaddr_un own = { .sun_family = AF_UNIX }, primary = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* a name that broadcasts don't reach */
	snprintf(own.sun_path, sizeof(own.sun_path), "%s/bench_raw_%d", rte_eal_get_runtime_dir(), getpid());
	snprintf(primary.sun_path, sizeof(primary.sun_path), "%s/mp_socket", rte_eal_get_runtime_dir());
	unlink(own.sun_path);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0 &&
	    connect(fd, (struct sockaddr *)&primary, sizeof(primary)) == 0)
		return fd;
	failed("socket", errno);
	close(fd);
	return -1;
}

/* Sends the request, waits for the answer, and closes its descriptors. */
static int
exchange(int socket_fd, struct wire *request, bool spinning)
{
	char control[CMSG_SPACE(MAX_FDS * sizeof(int))] = { 0 };
	struct wire reply;
	struct iovec out = { request, WIRE_LENGTH }, in = { &reply, WIRE_LENGTH };
	struct msghdr message = { .msg_iov = &out, .msg_iovlen = 1 };
	struct cmsghdr *head = (struct cmsghdr *)control;
	size_t fds = request->msg.num_fds * sizeof(int);
	ssize_t length;

	if (fds > 0) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(fds);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(fds);
		memcpy(CMSG_DATA(head), request->msg.fds, fds);
	}
	if (sendmsg(socket_fd, &message, 0) < 0)
		return -1;
	message = (struct msghdr){ .msg_iov = &in, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control) };
	do {
		length = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC | (spinning ? MSG_DONTWAIT : 0));
	} while (length < 0 && errno == EAGAIN);
	if (length != (ssize_t)WIRE_LENGTH)
		return -1;
	if (fds > 0) {
		memcpy(reply.msg.fds, CMSG_DATA(head), fds);
		close_fds(&reply.msg);
	}
	return 0;
}

int
ask_raw(unsigned int count, int size, int nfds, bool spinning)
{
	struct wire request = { .type = MP_REQ };
	struct sockaddr_un own;
	socklen_t length = sizeof(own);
	int fd = connect_to_primary();
	unsigned int i;

	if (fd < 0 || nfds > MAX_FDS)
		return -1;
	make_message(&request.msg, ECHO, size, nfds);
	samples_begin(count);
	for (i = 0; i < count; i++) {
		uint64_t start = now_ns();

		if (exchange(fd, &request, spinning) < 0)
			return failed("exchange", errno);
		sample(now_ns() - start);
	}
	close_fds(&request.msg);
	if (getsockname(fd, (struct sockaddr *)&own, &length) == 0)
		unlink(own.sun_path);
	close(fd);
	return samples_end();
}

/* ---- one-way messages ---- */

/* Measures the time until the receiver has handled all: it answers the request after them last. */
int
flood(unsigned int count, int size)
{
	struct rte_mp_msg message, last;
	struct rte_mp_reply reply;
	uint64_t start = now_ns();
	unsigned int i;

	make_message(&message, SINK, size, 0);
	make_message(&last, ECHO, size, 0);
	for (i = 0; i < count; i++)
		if (rte_mp_sendmsg(&message) < 0)
			return failed("rte_mp_sendmsg", rte_errno);
	if (rte_mp_request_sync(&last, &reply, &timeout) < 0 || reply.nb_received == 0)
		return failed("rte_mp_request_sync", rte_errno);
	free(reply.msgs);
	printf("flood %llu\n", (unsigned long long)(now_ns() - start));
	return 0;
}
