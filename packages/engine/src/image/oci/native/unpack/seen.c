#include "seen.h"
#include "stream.h"
#include <stdint.h>
#include <stdlib.h>

/* As hashes. */
static uint64_t *seen;
static size_t seen_size, seen_count;

static uint64_t hash(const char *text) {
    uint64_t value = 14695981039346656037u;
    for (; *text; text++) value = (value ^ (unsigned char)*text) * 1099511628211u;
    return value ? value : 1;
}

static bool put_seen(uint64_t *table, size_t size, uint64_t value) {
    size_t at = value & (size - 1);
    while (table[at] && table[at] != value) at = (at + 1) & (size - 1);
    bool is_new = !table[at];
    table[at] = value;
    return is_new;
}

void note_seen(const char *name) {
    if (seen_count * 2 >= seen_size) {
        size_t size = seen_size ? seen_size * 2 : 4096;
        uint64_t *table = calloc(size, sizeof *table);
        if (!table) fail("memory");
        for (size_t at = 0; at < seen_size; at++)
            if (seen[at]) put_seen(table, size, seen[at]);
        free(seen);
        seen = table;
        seen_size = size;
    }
    if (put_seen(seen, seen_size, hash(name))) seen_count++;
}

bool is_seen(const char *name) {
    if (!seen_size) return false;
    uint64_t value = hash(name);
    size_t at = value & (seen_size - 1);
    while (seen[at] && seen[at] != value) at = (at + 1) & (seen_size - 1);
    return seen[at] == value;
}

void forget_seen(void) {
    free(seen);
    seen = NULL;
    seen_size = seen_count = 0;
}
