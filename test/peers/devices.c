/* Commands on devices. They work on both peers where EAL has loaded the bus of virtual devices. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALLOW_EXPERIMENTAL_API
#include <rte_dev.h>
#include <rte_vfio.h>

#include "peer.h"

#define BUS "vdev"

/* attach DEVARGS */
void
device_attach(int argc, char **argv)
{
	(void)argc;
	say("attach ret=%d", rte_dev_probe(argv[1]));
}

/* detach NAME */
void
device_detach(int argc, char **argv)
{
	(void)argc;
	say("detach ret=%d", rte_eal_hotplug_remove(BUS, argv[1]));
}

static void
print_device(const struct rte_device *device)
{
	struct line line;

	line_begin(&line, "device");
	put_string(line.to, "name", rte_dev_name(device));
	fprintf(line.to, " probed=%d", rte_dev_is_probed(device));
	line_end(&line);
}

/* devices: virtual ones, as this process has them */
void
device_list(int argc, char **argv)
{
	struct rte_dev_iterator iterator;
	struct rte_device *device;
	int n = 0;

	(void)argc;
	(void)argv;
	RTE_DEV_FOREACH(device, "bus=" BUS, &iterator) {
		print_device(device);
		n++;
	}
	say("devices n=%d", n);
}

/* " file=" and where the descriptor leads, if it is one */
void
put_file(FILE *to, int fd)
{
	char link[32], target[256];
	ssize_t n = -1;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (fd >= 0)
		n = readlink(link, target, sizeof(target));
	put_text(to, "file", target, n < 0 ? 0 : (size_t)n);
}

/* vfio container | vfio group N: what comes from the primary, in a secondary */
void
device_vfio(int argc, char **argv)
{
	int fd = strcmp(argv[1], "group") == 0 && argc > 2 ? rte_vfio_get_group_fd(atoi(argv[2])) :
							     rte_vfio_get_container_fd();
	struct line line;

	line_begin(&line, argv[0]);
	fprintf(line.to, " ret=%d", fd < 0 ? fd : 0);
	put_file(line.to, fd);
	line_end(&line);
}
