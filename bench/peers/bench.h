/* What the parts of the C side of the benchmark share; main.c says what it is. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_eal.h>

/* The request that every peer answers with its own param and descriptors, and the message that nobody answers. */
#define ECHO "echo"
#define SINK "sink"
#define TIMEOUT_S 5

/* CLOCK_MONOTONIC, the same clock as Node's process.hrtime */
uint64_t now_ns(void);

/* Samples of one measurement. */
void samples_begin(unsigned int count);
void sample(uint64_t ns);
/* Prints "samples NS NS ...". */
int samples_end(void);

/* Prints "failed WHAT: REASON" and returns -1. */
int failed(const char *what, int number);

/* A request or message named so, with size bytes of param and nfds descriptors (of /dev/null). */
void make_message(struct rte_mp_msg *m, const char *name, int size, int nfds);
void close_fds(const struct rte_mp_msg *m);

/* One command each; 0 or -1. */
int ask_sync(unsigned int count, int size, int nfds);
int ask_async(unsigned int count, int size, int nfds);
int ask_raw(unsigned int count, int size, int nfds, bool spinning);
int flood(unsigned int count, int size);
int zones(unsigned int count);
int reserve(const char *name, uint64_t len);
int lookups(const char *name, unsigned int count, unsigned int batch);
/* How a zone is copied: with memcpy, to memory allocated for each copy, or by process_vm_readv. */
enum copy { COPY_AGAIN, COPY_FRESH, COPY_KERNEL };
int copies(const char *name, unsigned int count, enum copy how);

#endif
