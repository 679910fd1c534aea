/* Commands about memzones: reserve, look up, copy. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_memzone.h>

#include "bench.h"

/* Reserves memzones named bench_zone_<i> until there are count of them. */
int
zones(unsigned int count)
{
	static unsigned int made;
	char name[RTE_MEMZONE_NAMESIZE];

	for (; made < count; made++) {
		snprintf(name, sizeof(name), "bench_zone_%u", made);
		if (rte_memzone_reserve(name, 64, SOCKET_ID_ANY, 0) == NULL)
			return failed(name, rte_errno);
	}
	printf("done\n");
	return 0;
}

int
reserve(const char *name, uint64_t len)
{
	const struct rte_memzone *zone = rte_memzone_reserve(name, len, SOCKET_ID_ANY, 0);

	if (zone == NULL)
		return failed(name, rte_errno);
	memset(zone->addr, 0x5a, zone->len);
	printf("done\n");
	return 0;
}

/* Takes count samples, each the mean of batch lookups: a single one is shorter than a clock's tick. */
int
lookups(const char *name, unsigned int count, unsigned int batch)
{
	unsigned int i, j;

	if (rte_memzone_lookup(name) == NULL || batch == 0)
		return failed(name, ENOENT);
	samples_begin(count);
	for (i = 0; i < count; i++) {
		uint64_t start = now_ns();

		for (j = 0; j < batch; j++)
			if (rte_memzone_lookup(name) == NULL)
				return failed(name, ENOENT);
		sample((now_ns() - start) / batch);
	}
	return samples_end();
}

static int
copy_by_kernel(void *target, void *source, size_t len)
{
	while (len > 0) {
		struct iovec to = { target, len }, from = { source, len };
		ssize_t done = process_vm_readv(getpid(), &to, 1, &from, 1, 0);

		if (done <= 0)
			return -1;
		target = (char *)target + done;
		source = (char *)source + done;
		len -= (size_t)done;
	}
	return 0;
}

int
copies(const char *name, unsigned int count, enum copy how)
{
	const struct rte_memzone *zone = rte_memzone_lookup(name);
	unsigned char *target = NULL;
	unsigned int i;

	if (zone == NULL)
		return failed(name, ENOENT);
	samples_begin(count);
	for (i = 0; i < count; i++) {
		uint64_t start = now_ns();

		if (target == NULL)
			target = malloc(zone->len);
		if (target == NULL)
			return failed("malloc", errno);
		if (how != COPY_KERNEL)
			memcpy(target, zone->addr, zone->len);
		else if (copy_by_kernel(target, zone->addr, zone->len) < 0)
			return failed("process_vm_readv", errno);
		/* keep the compiler from leaving the copy out */
		__asm__ volatile("" : : "r"(target) : "memory");
		if (how == COPY_FRESH) {
			free(target);
			target = NULL;
		}
		sample(now_ns() - start);
	}
	free(target);
	return samples_end();
}
