/* The agent's port: the host's greeting, frames in, frames out. See channel.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent-channels.h"
#include "agent-port.h"
#include "port.h"

enum {
    IN = 64 * 1024,
    OUT = 192 * 1024,
    /* Data is read while less than this waits for the port, so that answers always find room. */
    OUT_FOR_DATA = 64 * 1024,
    LARGEST_ANSWER = HEADER + 256,
    /* A port that is hung up for less than this was only passed from one connection of the host to the next. */
    GRACE_MS = 50
};

static int port = -1;
static uint8_t in[IN], out[OUT];
static size_t in_size, in_searched, out_begin, out_end;
static bool is_greeted, ends_with_port;
static int64_t away_since;

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Tells a host that is connected already that nobody is left of what it spoke to: as many zeros as may be missing of a frame, and no frame is of type 0.
 */
static void tell_new_beginning(void) {
    is_greeted = false;
    hang_up_all();
    out_begin = 0;
    out_end = HEADER + LARGEST_PAYLOAD;
    memset(out, 0, out_end);
    write_port();
}

void use_port(const char *name) {
    char *end;
    long number = strtol(name, &end, 10);
    /* A descriptor that is open already, in tests: with its other end the agent ends too. */
    ends_with_port = *name && !*end;
    if (ends_with_port) fcntl(port = (int)number, F_SETFL, O_NONBLOCK);
    else port = open_port(name);
    if (port < 0) {
        dprintf(2, "ramet agent: %s: %s\n", name, strerror(errno));
        exit(1);
    }
    tell_new_beginning();
}

static void make_room(size_t size) {
    if (out_begin == out_end) out_begin = out_end = 0;
    if (OUT - out_end >= size) return;
    memmove(out, out + out_begin, out_end - out_begin);
    out_end -= out_begin;
    out_begin = 0;
}

bool port_takes_data(void) { return out_end - out_begin < OUT_FOR_DATA; }

bool has_room(size_t count) { return OUT - (out_end - out_begin) >= count * LARGEST_ANSWER; }

static void put_header(enum say type, size_t channel, size_t size) {
    out[out_end] = (uint8_t)type;
    put16(out + out_end + 1, (unsigned)channel);
    put16(out + out_end + 3, (unsigned)size);
}

void say(enum say type, size_t channel, const void *payload, size_t size) {
    if (size > LARGEST_ANSWER - HEADER) size = LARGEST_ANSWER - HEADER;
    make_room(HEADER + size);
    put_header(type, channel, size);
    if (size > 0) memcpy(out + out_end + HEADER, payload, size);
    out_end += HEADER + size;
}

ssize_t say_from(enum say type, size_t channel, int from, size_t limit) {
    errno = EAGAIN;
    if (!port_takes_data() || limit == 0) return -1;
    if (limit > LARGEST_PAYLOAD) limit = LARGEST_PAYLOAD;
    make_room(HEADER + limit);
    ssize_t count = read(from, out + out_end + HEADER, limit);
    if (count <= 0) return count;
    put_header(type, channel, (size_t)count);
    out_end += HEADER + (size_t)count;
    return count;
}

bool port_is_greeted(void) { return is_greeted; }

bool port_wants_write(void) { return out_begin < out_end; }

int port_descriptor(void) {
    struct pollfd state = {.fd = port};
    if (poll(&state, 1, 0) <= 0 || !(state.revents & (POLLHUP | POLLERR | POLLNVAL))) {
        away_since = 0;
        return port;
    }
    if (ends_with_port) exit(0);
    if (away_since == 0) away_since = now_ms();
    if (now_ms() - away_since >= GRACE_MS && is_greeted) {
        is_greeted = false;
        hang_up_all();
        out_begin = out_end = 0;
    }
    return -1;
}

void write_port(void) {
    while (out_begin < out_end) {
        ssize_t count = write(port, out + out_begin, out_end - out_begin);
        if (count <= 0) return;
        out_begin += (size_t)count;
    }
}

static void drop(size_t count) {
    in_size -= count;
    memmove(in, in + count, in_size);
    in_searched = in_searched > count ? in_searched - count : 0;
}

static void greet(const uint8_t *nonce) {
    hang_up_all();
    out_begin = out_end = 0;
    uint8_t answer[MAGIC + 1 + NONCE];
    memcpy(answer, ANSWER, MAGIC);
    answer[MAGIC] = CHANNEL_VERSION;
    memcpy(answer + MAGIC + 1, nonce, NONCE);
    memcpy(out, answer, out_end = sizeof answer);
    is_greeted = true;
    let_others_go_on();
}

/* Returns false while the rest of a greeting is waited for. */
static bool take_greetings(void) {
    for (;;) {
        size_t from = in_searched > MAGIC - 1 ? in_searched - (MAGIC - 1) : 0;
        uint8_t *found = memmem(in + from, in_size - from, GREETING, MAGIC);
        if (!found) break;
        drop((size_t)(found - in));
        if (in_size < MAGIC + 1 + NONCE) {
            in_searched = 0;
            return false;
        }
        greet(in + MAGIC + 1);
        drop(MAGIC + 1 + NONCE);
        in_searched = 0;
    }
    in_searched = in_size;
    return true;
}

static void obey_frames(void) {
    size_t at = 0;
    while (in_size - at >= HEADER) {
        size_t size = get16(in + at + 3);
        if (size > LARGEST_PAYLOAD) return tell_new_beginning();
        if (in_size - at < HEADER + size || !has_room(8)) break;
        if (!obey(in[at], get16(in + at + 1), in + at + HEADER, size)) return tell_new_beginning();
        at += HEADER + size;
    }
    drop(at);
}

void read_port(void) {
    while (in_size < IN) {
        ssize_t count = read(port, in + in_size, IN - in_size);
        /* Its end of file only says that the host is away, and for how long is judged elsewhere. */
        if (count <= 0) break;
        in_size += (size_t)count;
    }
    if (!take_greetings()) return;
    if (is_greeted) obey_frames();
    else if (in_size >= MAGIC) drop(in_size - (MAGIC - 1));
}
