/* Counts what arrives for one action, and whether each sender's u32 sequence numbers (little
 * endian, at the start of the param) came one after the other. */
#ifndef COUNTER_H
#define COUNTER_H

#include <rte_eal.h>

#define COUNTER_ACTION "count"

void counter_add(const struct rte_mp_msg *m, const char *peer);

/* "count name= n= senders= in_order=", and starts anew. */
void counter_report(void);

#endif
