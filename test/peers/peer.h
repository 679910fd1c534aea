/* What the two C peers, primary.c and secondary.c, are made of. Needs librte_eal only.
 *
 * A peer writes one line for each event to stdout: a word and key=value pairs; a value is
 * "quoted" when it holds anything but plain printable characters, with \xNN for the rest.
 * It reads commands from stdin (commands.c). It ends on "quit", on end of input, on SIGINT or
 * SIGTERM, when the process that started it ends, and, the primary, when SHARED_INFO's
 * force_quit is set. */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_eal.h>
#include <rte_memzone.h>

/* ---- output.c: lines ---- */

struct line {
	FILE *to;
	char *text;
	size_t len;
};

/* Prints one whole line at once, whichever thread says it. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line made of several pieces: fprintf(line->to, ...) in between. */
void line_begin(struct line *line, const char *event);
void line_end(struct line *line);

/* Adds " key=value", quoted where needed. */
void put_text(FILE *to, const char *key, const void *text, size_t len);
void put_string(FILE *to, const char *key, const char *text);
void put_hex(FILE *to, const char *key, const void *bytes, size_t len);
void put_errno(FILE *to, int ret, int number);

/* "ECONNREFUSED"; "0" for 0. The text lives until the thread's next call. */
const char *errno_name(int number);

/* Two hex digits to a byte; the number of bytes, or -1 when the text isn't hex or doesn't fit. */
int parse_hex(const char *text, uint8_t *out, size_t room);

/* ---- life.c: signals and time ---- */

/* SIGINT, SIGTERM and the starter's end make stopping() true. */
void life_begin(void);
bool stopping(void);
void sleep_ms(unsigned int ms);
uint64_t now_us(void);
int env_number(const char *name, int otherwise);

/* ---- message.c: messages and their descriptors ---- */

void message_init(struct rte_mp_msg *m, const char *name);

/* TEXT: "-" is empty, "hex:AABB" is bytes, anything else is itself. */
int message_set_param(struct rte_mp_msg *m, const char *text);

/* n pipes' reading ends; the i-th holds one byte: first + i. */
int message_add_pipes(struct rte_mp_msg *m, int n, uint8_t first);
void message_close_fds(const struct rte_mp_msg *m);

/* One byte from fd, if there is one within 200 ms. */
bool read_byte(int fd, uint8_t *byte);

/* "EVENT name= len= nfds= hex= [text=] [fd0=KIND[:HEX] ...] [peer=]"; read_fds also reads
 * what the descriptors hold. */
void message_print(const char *event, const struct rte_mp_msg *m, const char *peer, bool read_fds);

/* Sends the reply, says so when that fails, and closes the reply's descriptors. */
int message_reply(struct rte_mp_msg *reply, const char *peer);

/* ---- actions.c: what a peer answers ---- */

enum role { PRIMARY = 1, SECONDARY = 2 };

/* After zones_make: handlers count in SHARED_INFO. */
int actions_register(enum role role);
/* Also waits for the replies that "slow" and "askback" still owe. */
void actions_unregister(enum role role);

/* ---- zones.c: shared memory ---- */

/* Natural layout: force_quit at 0, request_count at 8, async_request_count at 16. */
struct shared_info {
	volatile uint32_t force_quit;
	uint64_t request_count;
	uint64_t async_request_count;
};

#define SHARED_NAME "SHARED_INFO"
#define SHARED_LEN 4096u
#define BIG_NAME "BIG"
#define BIG_LEN (5u << 20)

/* The primary's; NULL in a secondary. */
extern struct shared_info *shared;

int zones_make(bool with_big);
void zone_print(const char *event, const struct rte_memzone *zone);

/* Commands on memzones: what they do is in commands.c's table. */
void zone_reserve(int argc, char **argv);
void zone_free(int argc, char **argv);
void zone_lookup(int argc, char **argv);
void zone_list(int argc, char **argv);
void zone_peek(int argc, char **argv);
void zone_poke(int argc, char **argv);
void zone_fill(int argc, char **argv);
void zone_verify(int argc, char **argv);
void zone_stats(int argc, char **argv);
void zone_hold(int argc, char **argv);

/* ---- devices.c: commands on devices ---- */

void device_attach(int argc, char **argv);
void device_detach(int argc, char **argv);
void device_list(int argc, char **argv);
void device_vfio(int argc, char **argv);
void put_file(FILE *to, int fd);

/* ---- drivers.c: commands on drivers that EAL has loaded ---- */

void driver_crypto(int argc, char **argv);
void driver_queue_pair(int argc, char **argv);
void driver_mlx5(int argc, char **argv);
void driver_port(int argc, char **argv);

/* ---- conform.c: for the conformance checks ---- */

void conform_begin(int argc, char **argv);
void conform_register(int argc, char **argv);
void conform_unregister(int argc, char **argv);
void conform_raw(int argc, char **argv);
void conform_replyto(int argc, char **argv);
void conform_treq(int argc, char **argv);
void conform_starve(int argc, char **argv);

/* ---- commands.c: stdin ---- */

void command_error(const char *verb, const char *reason);

/* A command of one program, with just so many arguments. */
struct own_command {
	const char *verb;
	int args;
	void (*run)(int argc, char **argv);
};

/* Runs the line's command, if the table has it; an empty line is none. */
void command_run(const struct own_command *table, size_t count, char *line);

/* Runs commands until the peer should end, and returns why. */
const char *command_loop(const volatile uint32_t *force_quit);

/* ---- start.c: the beginning and the end of both peers ---- */

/* EAL, in the right role; 0, or -1 after a line "FAILED what= errno=". */
int peer_start(enum role role, int argc, char **argv);

/* Prints that line; -1. */
int peer_failed(const char *what, int number);

/* "READY role= pid= version= runtime_dir= max_fds= wire_size=". */
void peer_ready(enum role role);

/* Lets go of actions and EAL; gives status back. */
int peer_end(enum role role, int status);

#endif
