/* Memzones: the two that the primary makes, and commands on any. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_errno.h>

#include "peer.h"

#define PATTERN_STEP 2654435761u

struct shared_info *shared;

void
zone_print(const char *event, const struct rte_memzone *zone)
{
	say("%s name=%s addr=%p iova=0x%" PRIx64 " len=%zu hugepage_sz=%" PRIu64 " socket=%d flags=%u",
		event, zone->name, zone->addr, (uint64_t)zone->iova, zone->len,
		(uint64_t)zone->hugepage_sz, zone->socket_id, zone->flags);
}

/* Word i of the pattern is seed + i * PATTERN_STEP. */
static size_t
pattern_fill(const struct rte_memzone *zone, uint32_t seed)
{
	uint32_t *words = zone->addr;
	size_t i, n = zone->len / sizeof(*words);

	for (i = 0; i < n; i++)
		words[i] = seed + (uint32_t)i * PATTERN_STEP;
	return n;
}

static size_t
pattern_errors(const struct rte_memzone *zone, uint32_t seed)
{
	const uint32_t *words = zone->addr;
	size_t i, bad = 0, n = zone->len / sizeof(*words);

	for (i = 0; i < n; i++)
		bad += words[i] != seed + (uint32_t)i * PATTERN_STEP;
	return bad;
}

int
zones_make(bool with_big)
{
	const struct rte_memzone *zone;

	zone = rte_memzone_reserve(SHARED_NAME, SHARED_LEN, SOCKET_ID_ANY, 0);
	if (zone == NULL)
		return -1;
	memset(zone->addr, 0, zone->len);
	shared = zone->addr;
	zone_print("memzone", zone);
	if (!with_big)
		return 0;
	zone = rte_memzone_reserve(BIG_NAME, BIG_LEN, SOCKET_ID_ANY, 0);
	if (zone == NULL)
		return -1;
	pattern_fill(zone, 0);
	zone_print("memzone", zone);
	return 0;
}

/* The zone that a command names; says so when there is none. */
static const struct rte_memzone *
zone_of(char **argv)
{
	const struct rte_memzone *zone = rte_memzone_lookup(argv[1]);

	if (zone == NULL)
		say("%s name=%s ret=-1 errno=%s", argv[0], argv[1], errno_name(rte_errno));
	return zone;
}

static bool
fits(const struct rte_memzone *zone, size_t offset, size_t len)
{
	return offset <= zone->len && len <= zone->len - offset;
}

static uint32_t
seed_of(int argc, char **argv)
{
	return argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 0;
}

void
zone_reserve(int argc, char **argv)
{
	unsigned int align = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 0) : RTE_CACHE_LINE_SIZE;
	const struct rte_memzone *zone;

	zone = rte_memzone_reserve_aligned(argv[1], strtoull(argv[2], NULL, 0), SOCKET_ID_ANY, 0, align);
	if (zone != NULL)
		zone_print("reserve", zone);
	else
		say("reserve name=%s ret=-1 errno=%s", argv[1], errno_name(rte_errno));
}

void
zone_free(int argc, char **argv)
{
	const struct rte_memzone *zone = zone_of(argv);

	(void)argc;
	if (zone != NULL)
		say("free name=%s ret=%d", argv[1], rte_memzone_free(zone));
}

void
zone_lookup(int argc, char **argv)
{
	const struct rte_memzone *zone = zone_of(argv);

	(void)argc;
	if (zone != NULL)
		zone_print("lookup", zone);
}

static void
list_one(const struct rte_memzone *zone, void *count)
{
	++*(unsigned int *)count;
	zone_print("memzone", zone);
}

void
zone_list(int argc, char **argv)
{
	unsigned int count = 0;

	(void)argc;
	(void)argv;
	rte_memzone_walk(list_one, &count);
	say("list n=%u", count);
}

void
zone_peek(int argc, char **argv)
{
	const struct rte_memzone *zone = zone_of(argv);
	size_t offset = strtoull(argv[2], NULL, 0), len = strtoull(argv[3], NULL, 0);
	struct line line;

	(void)argc;
	if (zone == NULL)
		return;
	if (!fits(zone, offset, len)) {
		command_error(argv[0], "range");
		return;
	}
	line_begin(&line, "peek");
	fprintf(line.to, " name=%s off=%zu", argv[1], offset);
	put_hex(line.to, "hex", (const uint8_t *)zone->addr + offset, len);
	line_end(&line);
}

void
zone_poke(int argc, char **argv)
{
	const struct rte_memzone *zone = zone_of(argv);
	size_t offset = strtoull(argv[2], NULL, 0);
	int n;

	(void)argc;
	if (zone == NULL)
		return;
	if (!fits(zone, offset, 0)) {
		command_error(argv[0], "range");
		return;
	}
	n = parse_hex(argv[3], (uint8_t *)zone->addr + offset, zone->len - offset);
	if (n < 0)
		command_error(argv[0], "hex-or-range");
	else
		say("poke name=%s off=%zu n=%d", argv[1], offset, n);
}

void
zone_fill(int argc, char **argv)
{
	const struct rte_memzone *zone = zone_of(argv);

	if (zone != NULL)
		say("fill name=%s words=%zu", argv[1], pattern_fill(zone, seed_of(argc, argv)));
}

void
zone_verify(int argc, char **argv)
{
	const struct rte_memzone *zone = zone_of(argv);

	if (zone != NULL)
		say("verify name=%s words=%zu bad=%zu", argv[1], zone->len / sizeof(uint32_t),
			pattern_errors(zone, seed_of(argc, argv)));
}

void
zone_stats(int argc, char **argv)
{
	const struct rte_memzone *zone = rte_memzone_lookup(SHARED_NAME);
	const struct shared_info *info = zone != NULL ? zone->addr : NULL;

	(void)argc;
	if (info == NULL)
		command_error(argv[0], "no-" SHARED_NAME);
	else
		say("stats force_quit=%u request_count=%" PRIu64 " async_request_count=%" PRIu64,
			info->force_quit, __atomic_load_n(&info->request_count, __ATOMIC_SEQ_CST),
			__atomic_load_n(&info->async_request_count, __ATOMIC_SEQ_CST));
}

static void
stay(const struct rte_memzone *zone, void *unused)
{
	(void)zone;
	(void)unused;
	say("hold");
	pause();
}

/* A walk holds mlock for reading; who is killed in one leaves it so. */
void
zone_hold(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	rte_memzone_walk(stay, NULL);
}
