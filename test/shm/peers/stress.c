/* A DPDK primary that keeps its shared tables busy: stress EAL-ARGS...
 *
 * Commands besides those on memzones:
 *   storm ZONE LEN US   reserves it, keeps it for so long, frees it, until the next line comes
 *   pairs ZONE COUNT    COUNT times: adds 1 to two counters under memory_hotplug_lock (write)
 *   external ZONE LEN   makes the heap "ext" of anonymous memory, and the zone in it */
#define _GNU_SOURCE
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal_memconfig.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "../../peers/peer.h"

#define EXTERNAL_HEAP "ext"
#define EXTERNAL_LEN (4u << 20)
#define SMALL_PAGE 4096u

struct pair {
	volatile uint64_t a, b;
};

static bool
line_waits(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&input, 1, 0) > 0;
}

static void
cmd_storm(int argc, char **argv)
{
	size_t len = strtoull(argv[2], NULL, 0);
	uint64_t hold = strtoull(argv[3], NULL, 0);
	uint64_t n = 0, failed = 0;

	(void)argc;
	say("storming");
	while (!line_waits() && !stopping()) {
		const struct rte_memzone *zone = rte_memzone_reserve(argv[1], len, SOCKET_ID_ANY, 0);

		n++;
		for (uint64_t until = now_us() + hold; hold > 0 && now_us() < until;)
			;
		if (zone == NULL || rte_memzone_free(zone) < 0)
			failed++;
	}
	say("storm n=%" PRIu64 " failed=%" PRIu64, n, failed);
}

static void
cmd_pairs(int argc, char **argv)
{
	const struct rte_memzone *zone = rte_memzone_lookup(argv[1]);
	uint64_t i, n = strtoull(argv[2], NULL, 0);
	struct pair *pair;

	(void)argc;
	if (zone == NULL) {
		command_error(argv[0], "no such zone");
		return;
	}
	pair = zone->addr;
	for (i = 0; i < n; i++) {
		rte_mcfg_mem_write_lock();
		pair->a++;
		pair->b++;
		rte_mcfg_mem_write_unlock();
	}
	say("pairs n=%" PRIu64, n);
}

static int
make_external_heap(void)
{
	void *memory = mmap(NULL, EXTERNAL_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || rte_malloc_heap_create(EXTERNAL_HEAP) < 0)
		return -1;
	return rte_malloc_heap_memory_add(EXTERNAL_HEAP, memory, EXTERNAL_LEN, NULL,
		EXTERNAL_LEN / SMALL_PAGE, SMALL_PAGE);
}

static void
cmd_external(int argc, char **argv)
{
	const struct rte_memzone *zone = NULL;

	(void)argc;
	if (make_external_heap() == 0)
		zone = rte_memzone_reserve(argv[1], strtoull(argv[2], NULL, 0),
			rte_malloc_heap_get_socket(EXTERNAL_HEAP), 0);
	if (zone == NULL)
		command_error(argv[0], errno_name(rte_errno));
	else
		zone_print("external", zone);
}

static const struct own_command commands[] = {
	{ "storm", 3, cmd_storm },   { "pairs", 2, cmd_pairs }, { "external", 2, cmd_external },
	{ "reserve", 2, zone_reserve }, { "free", 1, zone_free },  { "peek", 3, zone_peek },
};

/* The next line, unbuffered, so that line_waits sees what is behind it; false at the end. */
static bool
read_line(char *text, size_t room)
{
	size_t n = 0;

	while (n + 1 < room && read(STDIN_FILENO, text + n, 1) == 1) {
		if (text[n] == '\n') {
			text[n] = '\0';
			return true;
		}
		n++;
	}
	return false;
}

static void
serve(void)
{
	char text[256];

	while (read_line(text, sizeof(text)) && strcmp(text, "quit") != 0)
		if (strcmp(text, "stop") != 0)
			command_run(commands, RTE_DIM(commands), text);
}

int
main(int argc, char **argv)
{
	if (peer_start(PRIMARY, argc, argv) < 0)
		return 1;
	peer_ready(PRIMARY);
	serve();
	rte_eal_cleanup();
	return 0;
}
