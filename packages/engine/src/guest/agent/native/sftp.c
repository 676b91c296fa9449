/*
 * sftp   serves SFTP 3 on standard input and output, as the user that it runs as
 *
 * So that scp, sftp and rsync's like work with images that have no sshd. With the extensions that OpenSSH's clients use.
 */
#define _GNU_SOURCE
#include "sftp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TYPE_INIT = 1, TYPE_VERSION = 2 };

static uint8_t input[2 * LONGEST_MESSAGE];

static void greet(void) {
    static const char *const extensions[][2] = {
        {"posix-rename@openssh.com", "1"}, {"hardlink@openssh.com", "1"}, {"fsync@openssh.com", "1"},
        {"statvfs@openssh.com", "2"},      {"limits@openssh.com", "1"},
    };
    begin(TYPE_VERSION, 3);
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) put_text(extensions[i][0]), put_text(extensions[i][1]);
    finish();
}

/* Answers all whole messages of the input; returns how many bytes they had, or -1 for what is none. */
static ssize_t answer_all(const uint8_t *from, size_t size) {
    size_t done = 0;
    while (size - done >= 4) {
        struct message length = {from + done, from + done + 4, false};
        uint32_t wanted = read_u32(&length);
        if (wanted < 5 || wanted > LONGEST_MESSAGE) return -1;
        if (size - done - 4 < wanted) break;
        struct message message = {from + done + 5, from + done + 4 + wanted, false};
        uint8_t type = from[done + 4];
        uint32_t id = read_u32(&message);
        if (type == TYPE_INIT) greet();
        else answer_request(type, id, &message);
        done += 4 + wanted;
    }
    return (ssize_t)done;
}

int main(void) {
    size_t size = 0;
    for (;;) {
        struct pollfd more = {0, POLLIN, 0};
        if (poll(&more, 1, 0) == 0) flush();
        ssize_t count = read(0, input + size, sizeof input - size);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        size += (size_t)count;
        ssize_t done = answer_all(input, size);
        if (done < 0) {
            dprintf(2, "ramet: this is not SFTP\n");
            return 1;
        }
        size -= (size_t)done;
        memmove(input, input + done, size);
    }
    flush();
    return 0;
}
