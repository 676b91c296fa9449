#include "stream.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t layer, entry;
char path[MOST_PATH + 1], link_target[MOST_PATH + 1];
char chunk[MOST_CHUNK];

void fail(const char *what) {
    int error = errno;
    fprintf(stderr, "unpack: layer %llu, entry %llu (%s): %s: %s\n", (unsigned long long)layer, (unsigned long long)entry, path, what, strerror(error));
    exit(1);
}

void refuse(const char *what) {
    errno = EINVAL;
    fail(what);
}

void take(void *into, size_t length) {
    if (length > 0 && fread(into, 1, length, stdin) != length) refuse("the stream ends early");
}

uint64_t take_number(int bytes) {
    unsigned char raw[8];
    uint64_t value = 0;
    take(raw, (size_t)bytes);
    for (int at = 0; at < bytes; at++) value |= (uint64_t)raw[at] << (8 * at);
    return value;
}

static void take_text(char *into, size_t length) {
    if (length > MOST_PATH) refuse("a name is too long");
    take(into, length);
    into[length] = 0;
    if (strlen(into) != length) refuse("a name contains a zero");
}

struct header take_header(void) {
    struct header header = {.mode = (uint32_t)take_number(4), .uid = (uint32_t)take_number(4), .gid = (uint32_t)take_number(4)};
    header.seconds = (int64_t)take_number(8);
    header.nanoseconds = (uint32_t)take_number(4);
    header.size = take_number(8);
    header.path_length = (uint16_t)take_number(2);
    header.link_length = (uint16_t)take_number(2);
    header.attribute_count = (uint16_t)take_number(2);
    take_text(path, header.path_length);
    take_text(link_target, header.link_length);
    return header;
}
