/* Memzones: reserving them, looking them up and copying them. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_memzone.h>

#include "bench.h"

/* Reserves memzones until there are count of the benchmark's own, named bench_zone_<i>. */
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

/* count samples, each the mean of batch lookups: one is shorter than a clock's tick */
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

/* Copies the zone to memory of our own: always the same, or allocated for each copy. */
int
copies(const char *name, unsigned int count, bool fresh)
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
		memcpy(target, zone->addr, zone->len);
		/* the compiler may not leave the copy out */
		__asm__ volatile("" : : "r"(target) : "memory");
		if (fresh) {
			free(target);
			target = NULL;
		}
		sample(now_ns() - start);
	}
	free(target);
	return samples_end();
}
