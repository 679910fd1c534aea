/* Commands that call into libraries of drivers, which the machine's own EAL has loaded: found by name, as the peers
 * link with librte_eal only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_pci.h>
#include <rte_tailq.h>

#include "peer.h"

/* NULL, and said so, where the library or the function isn't there. */
static void *
function_of(const char *verb, const char *library, const char *name)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
	void *function = handle == NULL ? NULL : dlsym(handle, name);

	if (function == NULL)
		command_error(verb, "no such driver");
	return function;
}

static uint64_t
number(const char *text)
{
	return strtoull(text, NULL, 0);
}

/* As rte_cryptodev.h has them, which includes what unpacked releases don't have. */
struct rte_cryptodev_config {
	int socket_id;
	uint16_t nb_queue_pairs;
	uint64_t ff_disable;
};
struct rte_cryptodev_qp_conf {
	uint32_t nb_descriptors;
	void *mp_session;
	/* room for what releases have added */
	uint64_t rest[8];
};

#define CRYPTODEV "librte_cryptodev.so"

/* crypto DEV QUEUE-PAIRS: configures a device */
void
driver_crypto(int argc, char **argv)
{
	struct rte_cryptodev_config config = { .nb_queue_pairs = (uint16_t)number(argv[2]) };
	int (*configure)(uint8_t, struct rte_cryptodev_config *) =
		function_of(argv[0], CRYPTODEV, "rte_cryptodev_configure");

	(void)argc;
	if (configure != NULL)
		say("crypto ret=%d", configure((uint8_t)number(argv[1]), &config));
}

/* queuepair DEV QUEUE-PAIR DESCRIPTORS: sets one up; ipsec_mb's secondaries ask the primary for it */
void
driver_queue_pair(int argc, char **argv)
{
	struct rte_cryptodev_qp_conf config = { .nb_descriptors = (uint32_t)number(argv[3]) };
	int (*setup)(uint8_t, uint16_t, const struct rte_cryptodev_qp_conf *, int) =
		function_of(argv[0], CRYPTODEV, "rte_cryptodev_queue_pair_setup");

	(void)argc;
	if (setup != NULL)
		say("queuepair ret=%d",
		    setup((uint8_t)number(argv[1]), (uint16_t)number(argv[2]), &config, SOCKET_ID_ANY));
}

/* Of drivers/common/mlx5/mlx5_common_mp.h, which isn't installed. */
struct mlx5_mp_id {
	char name[RTE_MP_MAX_NAME_LEN];
	uint16_t port_id;
};
struct mlx5_mp_arg_queue_state_modify {
	uint8_t is_wq;
	uint16_t queue_id;
	uint32_t state;
};

#define MLX5 "librte_common_mlx5.so"
#define MLX5_ACTION "common_mlx5_mp"

static void
mlx5_cmd_fd(char **argv)
{
	struct mlx5_mp_id id = { MLX5_ACTION, (uint16_t)number(argv[2]) };
	int (*ask)(struct mlx5_mp_id *) = function_of(argv[0], MLX5, "mlx5_mp_req_verbs_cmd_fd");
	struct line line;
	int fd;

	if (ask == NULL)
		return;
	fd = ask(&id);
	line_begin(&line, argv[0]);
	fprintf(line.to, " ret=%d", fd < 0 ? fd : 0);
	put_file(line.to, fd);
	line_end(&line);
}

static void
mlx5_queue_state(char **argv)
{
	struct mlx5_mp_id id = { MLX5_ACTION, (uint16_t)number(argv[2]) };
	struct mlx5_mp_arg_queue_state_modify modify = {
		(uint8_t)number(argv[3]), (uint16_t)number(argv[4]), (uint32_t)number(argv[5])
	};
	int (*ask)(struct mlx5_mp_id *, struct mlx5_mp_arg_queue_state_modify *) =
		function_of(argv[0], MLX5, "mlx5_mp_req_queue_state_modify");

	if (ask != NULL)
		say("mlx5 ret=%d", ask(&id, &modify));
}

static void
mlx5_memory_region(char **argv)
{
	int (*ask)(void *, uintptr_t) = function_of(argv[0], MLX5, "mlx5_mp_req_mr_create");

	if (ask != NULL)
		say("mlx5 ret=%d", ask((void *)(uintptr_t)number(argv[2]), number(argv[3])));
}

static void
mlx5_mempool(char **argv)
{
	int (*ask)(void *, void *, bool, bool) = function_of(argv[0], MLX5, "mlx5_mp_req_mempool_reg");

	if (ask != NULL)
		say("mlx5 ret=%d", ask((void *)(uintptr_t)number(argv[2]), (void *)(uintptr_t)number(argv[3]),
				       number(argv[4]) != 0, number(argv[5]) != 0));
}

/* mlx5 fd PORT | mlx5 mr DEVICE ADDRESS | mlx5 pool DEVICE MEMPOOL REGISTER EXTERNAL | mlx5 state PORT IS-WQ QUEUE STATE:
 * what a secondary asks the primary for */
void
driver_mlx5(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "fd") == 0)
		mlx5_cmd_fd(argv);
	else if (argc == 4 && strcmp(argv[1], "mr") == 0)
		mlx5_memory_region(argv);
	else if (argc == 6 && strcmp(argv[1], "pool") == 0)
		mlx5_mempool(argv);
	else if (argc == 6 && strcmp(argv[1], "state") == 0)
		mlx5_queue_state(argv);
	else
		command_error(argv[0], "no such request");
}

/* Of drivers/bus/pci/private.h: what a primary has mapped of a PCI device, here nothing. */
struct mapped_pci_resource {
	TAILQ_ENTRY(mapped_pci_resource) next;
	struct rte_pci_addr pci_addr;
	char rest[2 * PATH_MAX];
};
TAILQ_HEAD(mapped_pci_res_list, mapped_pci_resource);

/* Secondaries find a mapped device, without anything in it. */
static int
pretend_mapped(const char *name)
{
	struct mapped_pci_resource *resource = rte_zmalloc(NULL, sizeof(*resource), 0);
	struct mapped_pci_res_list *list = RTE_TAILQ_LOOKUP("UIO_RESOURCE_LIST", mapped_pci_res_list);
	struct rte_pci_addr *addr = &resource->pci_addr;

	if (resource == NULL || list == NULL ||
	    sscanf(name, "%x:%hhx:%hhx.%hhu", &addr->domain, &addr->bus, &addr->devid, &addr->function) != 4)
		return -1;
	TAILQ_INSERT_TAIL(list, resource, next);
	return 0;
}

static int
no_init(void *port, void *params)
{
	(void)port;
	(void)params;
	return 0;
}

#define PRIVATE_SIZE (1u << 20)

/* port PCI-ADDRESS: a port whose driver's memory is all 0, for a driver in a secondary to find */
void
driver_port(int argc, char **argv)
{
	/* room for a struct rte_device, whose fields are not used */
	static uint64_t device[512];
	int (*create)(void *, const char *, size_t, void *, void *, int (*)(void *, void *), void *) =
		function_of(argv[0], "librte_ethdev.so", "rte_eth_dev_create");

	(void)argc;
	if (create == NULL)
		return;
	if (pretend_mapped(argv[1]) < 0)
		command_error(argv[0], "no PCI bus");
	else
		say("port ret=%d", create(device, argv[1], PRIVATE_SIZE, NULL, NULL, no_init, NULL));
}
