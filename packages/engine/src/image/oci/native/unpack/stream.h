/* The records that come on stdin (`layers/records.ts`), and where in them we are, for messages. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { MOST_PATH = 4095, MOST_CHUNK = 1 << 20 };

struct header {
    uint32_t mode, uid, gid;
    int64_t seconds;
    uint32_t nanoseconds;
    uint64_t size;
    uint16_t path_length, link_length, attribute_count;
};

/* Of the record that is being applied. */
extern uint64_t layer, entry;
extern char path[MOST_PATH + 1], link_target[MOST_PATH + 1];

__attribute__((noreturn)) void fail(const char *what);
__attribute__((noreturn)) void refuse(const char *what);

void take(void *into, size_t length);
/* Little-endian. */
uint64_t take_number(int bytes);
/* A header, its path and what it links to. */
struct header take_header(void);
/* Of content; shared, since it is big. */
extern char chunk[MOST_CHUNK];
