/* Shared by the files of the benchmark's C program; main.c describes it. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_eal.h>

/* A request that every peer answers with the same param and descriptors, and a message without an answer. */
#define ECHO "echo"
#define SINK "sink"
#define TIMEOUT_S 5

/* CLOCK_MONOTONIC, the clock of Node's process.hrtime */
uint64_t now_ns(void);

/* Begins a measurement with room for count samples. */
void samples_begin(unsigned int count);
void sample(uint64_t ns);
/* Prints "samples NS NS ...". */
int samples_end(void);

/* Prints "failed WHAT: REASON" and returns -1. */
int failed(const char *what, int number);

/* Makes a message with size bytes of param and nfds descriptors of /dev/null. */
void make_message(struct rte_mp_msg *m, const char *name, int size, int nfds);
void close_fds(const struct rte_mp_msg *m);

/* One function for each command; they return 0 or -1. */
int ask_sync(unsigned int count, int size, int nfds);
int ask_async(unsigned int count, int size, int nfds);
int ask_raw(unsigned int count, int size, int nfds, bool spinning);
int flood(unsigned int count, int size);
int zones(unsigned int count);
int reserve(const char *name, uint64_t len);
int lookups(const char *name, unsigned int count, unsigned int batch);
/* How to copy a zone: with memcpy, with memcpy into newly allocated memory, or with process_vm_readv. */
enum copy { COPY_AGAIN, COPY_FRESH, COPY_KERNEL };
int copies(const char *name, unsigned int count, enum copy how);

#endif
