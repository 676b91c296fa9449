#define _GNU_SOURCE
#include "content.h"
#include "find-init.h"
#include "stream.h"
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 4096 };

static bool is_zero(const char *at, size_t length) {
    return length == 0 || (at[0] == 0 && !memcmp(at, at + 1, length - 1));
}

void take_content(int out, uint64_t size) {
    if (ftruncate(out, (off_t)size) < 0) fail("length");
    for (;;) {
        uint64_t offset = take_number(8);
        size_t length = take_number(4);
        if (length == 0) return;
        if (length > MOST_CHUNK || offset > size || length > size - offset) refuse("content beyond the end of a file");
        take(chunk, length);
        for (size_t at = 0; at < length;) {
            /* Whole blocks of zeros stay holes. */
            size_t part = BLOCK - (size_t)((offset + at) % BLOCK);
            if (part > length - at) part = length - at;
            if (is_zero(chunk + at, part)) {
                at += part;
                continue;
            }
            size_t end = at + part;
            while (end < length) {
                size_t next = length - end < BLOCK ? length - end : BLOCK;
                if (is_zero(chunk + end, next)) break;
                end += next;
            }
            for (ssize_t written; at < end; at += (size_t)written)
                if ((written = pwrite(out, chunk + at, end - at, (off_t)(offset + at))) < 0) fail("content");
        }
    }
}

void append_content(void) {
    struct stat found;
    int out = -1;
    if (!find_init()) {
        for (char *at = path; (at = strchr(at, '/')); at++) {
            *at = 0;
            mkdir(path, 0755);
            *at = '/';
        }
        out = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
        if (out >= 0 && (fstat(out, &found) < 0 || !S_ISREG(found.st_mode))) {
            close(out);
            out = -1;
        }
    }
    for (;;) {
        take_number(8);
        size_t length = take_number(4);
        if (length == 0) break;
        if (length > MOST_CHUNK) refuse("content beyond the end of a file");
        take(chunk, length);
        if (out >= 0 && write(out, chunk, length) != (ssize_t)length) fail("content");
    }
    if (out >= 0) close(out);
}
