/* A DPDK primary whose heap somebody else uses as well: heap EAL-ARGS...
 *
 * Commands besides those on memzones:
 *   full NAME LEN SOCKET FLAGS ALIGN BOUND  rte_memzone_reserve_bounded
 *   malloc SIZE ALIGN        rte_malloc; says the address
 *   zmalloc SIZE ALIGN       the same with rte_zmalloc, and how many bytes aren't zero
 *   mfree ADDR               rte_free
 *   heapstats SOCKET         rte_malloc_get_socket_stats
 *   churn SEED COUNT SLOTS   COUNT reservations, allocations and frees in SLOTS slots, then frees all */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "../../../peers/peer.h"

#define MAX_SLOTS 64

struct slot {
	const struct rte_memzone *zone;
	uint8_t *bytes;
	size_t len;
	uint8_t mark;
};

static uint64_t
number(const char *text)
{
	return strtoull(text, NULL, 0);
}

static void
cmd_full(int argc, char **argv)
{
	const struct rte_memzone *zone = rte_memzone_reserve_bounded(argv[1], number(argv[2]),
		(int)strtol(argv[3], NULL, 0), (unsigned int)number(argv[4]),
		(unsigned int)number(argv[5]), (unsigned int)number(argv[6]));

	(void)argc;
	if (zone != NULL)
		zone_print("full", zone);
	else
		say("full name=%s ret=-1 errno=%s", argv[1], errno_name(rte_errno));
}

static void
cmd_malloc(int argc, char **argv)
{
	(void)argc;
	say("malloc addr=%p", rte_malloc(NULL, number(argv[1]), (unsigned int)number(argv[2])));
}

static void
cmd_zmalloc(int argc, char **argv)
{
	size_t i, bad = 0, len = number(argv[1]);
	uint8_t *bytes = rte_zmalloc(NULL, len, (unsigned int)number(argv[2]));

	(void)argc;
	for (i = 0; bytes != NULL && i < len; i++)
		bad += bytes[i] != 0;
	say("zmalloc addr=%p bad=%zu", bytes, bad);
}

static void
cmd_mfree(int argc, char **argv)
{
	void *block = (void *)(uintptr_t)number(argv[1]);
	size_t size = 0;
	int valid = rte_malloc_validate(block, &size);

	(void)argc;
	if (valid == 0)
		rte_free(block);
	say("mfree valid=%d size=%zu", valid, size);
}

static void
cmd_heapstats(int argc, char **argv)
{
	struct rte_malloc_socket_stats stats;

	(void)argc;
	if (rte_malloc_get_socket_stats((int)number(argv[1]), &stats) < 0) {
		command_error(argv[0], "no-such-socket");
		return;
	}
	say("heapstats total=%zu free=%zu greatest=%zu free_count=%u alloc_count=%u alloc=%zu",
		stats.heap_totalsz_bytes, stats.heap_freesz_bytes, stats.greatest_free_size,
		stats.free_count, stats.alloc_count, stats.heap_allocsz_bytes);
}

/* xorshift */
static uint32_t
next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static size_t
some_size(uint32_t *state)
{
	uint32_t kind = next(state) % 16;

	if (kind < 10)
		return 1 + next(state) % 2000;
	return kind < 15 ? 1 + next(state) % 100000 : 1 + next(state) % 1500000;
}

/* False if the block is no longer what was written into it. */
static bool
give_up(struct slot *slot)
{
	bool ok = true;
	size_t i;

	for (i = 0; i < slot->len; i++)
		ok = ok && slot->bytes[i] == slot->mark;
	if (slot->zone == NULL)
		rte_free(slot->bytes);
	else if (rte_memzone_free(slot->zone) < 0)
		ok = false;
	memset(slot, 0, sizeof(*slot));
	return ok;
}

static void
take(struct slot *slot, unsigned int index, uint32_t *state)
{
	size_t len = some_size(state);
	unsigned int align = 1u << next(state) % 13;
	char name[RTE_MEMZONE_NAMESIZE];

	if (next(state) % 2 == 0) {
		slot->bytes = rte_malloc(NULL, len, align);
		slot->len = slot->bytes == NULL ? 0 : len;
	} else {
		snprintf(name, sizeof(name), "C_%u", index);
		slot->zone = rte_memzone_reserve_aligned(name, len, SOCKET_ID_ANY, 0, align);
		slot->bytes = slot->zone == NULL ? NULL : slot->zone->addr;
		slot->len = slot->zone == NULL ? 0 : slot->zone->len;
	}
	slot->mark = (uint8_t)(1 + next(state) % 255);
	memset(slot->bytes, slot->mark, slot->len);
}

static void
cmd_churn(int argc, char **argv)
{
	uint32_t state = (uint32_t)number(argv[1]);
	uint64_t i, n = number(argv[2]), taken = 0, failed = 0, bad = 0;
	unsigned int slots = (unsigned int)number(argv[3]), k;
	struct slot all[MAX_SLOTS] = { 0 };

	(void)argc;
	say("churning");
	for (i = 0; i < n && slots <= MAX_SLOTS; i++) {
		k = next(&state) % slots;
		if (all[k].bytes != NULL) {
			bad += !give_up(&all[k]);
			continue;
		}
		take(&all[k], k, &state);
		taken++;
		failed += all[k].bytes == NULL;
	}
	for (k = 0; k < slots && k < MAX_SLOTS; k++)
		if (all[k].bytes != NULL)
			bad += !give_up(&all[k]);
	say("churn taken=%" PRIu64 " failed=%" PRIu64 " bad=%" PRIu64, taken, failed, bad);
}

static const struct own_command commands[] = {
	{ "full", 6, cmd_full },     { "malloc", 2, cmd_malloc }, { "zmalloc", 2, cmd_zmalloc },
	{ "mfree", 1, cmd_mfree },   { "heapstats", 1, cmd_heapstats }, { "churn", 3, cmd_churn },
	{ "free", 1, zone_free },    { "lookup", 1, zone_lookup }, { "fill", 2, zone_fill },
	{ "verify", 2, zone_verify },
};

int
main(int argc, char **argv)
{
	char text[256];

	if (peer_start(PRIMARY, argc, argv) < 0)
		return 1;
	peer_ready(PRIMARY);
	while (fgets(text, sizeof(text), stdin) != NULL && strcmp(text, "quit\n") != 0)
		command_run(commands, RTE_DIM(commands), text);
	rte_eal_cleanup();
	return 0;
}
