/* The counting action. */
#define _GNU_SOURCE
#include <endian.h>
#include <pthread.h>
#include <string.h>

#include "counter.h"
#include "peer.h"

#define MAX_SENDERS 64
#define MAX_PATH_LEN 108 /* sun_path */

static struct {
	char path[MAX_PATH_LEN];
	uint32_t next;
} senders[MAX_SENDERS];

/* handlers run on EAL's message thread, the report on the main one */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int sender_count, total;
static bool in_order = true;

/* The sender's place; a new sender starts at whatever number it sends first. */
static int
sender_index(const char *path, uint32_t number)
{
	unsigned int i;

	for (i = 0; i < sender_count; i++)
		if (strcmp(senders[i].path, path) == 0)
			return (int)i;
	if (sender_count == MAX_SENDERS)
		return -1;
	snprintf(senders[i].path, sizeof(senders[i].path), "%s", path);
	senders[i].next = number;
	sender_count++;
	return (int)i;
}

static bool
is_next(const struct rte_mp_msg *m, const char *peer)
{
	uint32_t number;
	int i;

	if ((size_t)m->len_param < sizeof(number))
		return false;
	memcpy(&number, m->param, sizeof(number));
	number = le32toh(number);
	i = sender_index(peer, number);
	return i >= 0 && senders[i].next++ == number;
}

void
counter_add(const struct rte_mp_msg *m, const char *peer)
{
	pthread_mutex_lock(&lock);
	total++;
	if (!is_next(m, peer))
		in_order = false;
	pthread_mutex_unlock(&lock);
}

void
counter_report(void)
{
	pthread_mutex_lock(&lock);
	say("count name=" COUNTER_ACTION " n=%u senders=%u in_order=%d", total, sender_count, in_order);
	total = sender_count = 0;
	in_order = true;
	pthread_mutex_unlock(&lock);
}
