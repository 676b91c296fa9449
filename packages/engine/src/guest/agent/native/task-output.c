#define _GNU_SOURCE
#include "task-output.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "task-files.h"

static void take(struct stream *stream, const char *bytes, size_t size) {
    size_t room = HALF - stream->kept, first = size < room ? size : room;
    write_all(stream->file, bytes, first);
    stream->kept += first;
    bytes += first;
    size -= first;
    if (size == 0) return;
    if (size >= HALF) {
        stream->left_out += stream->tail_size + size - HALF;
        memcpy(stream->tail, bytes + size - HALF, HALF);
        stream->tail_size = HALF;
        return;
    }
    size_t over = stream->tail_size + size > HALF ? stream->tail_size + size - HALF : 0;
    memmove(stream->tail, stream->tail + over, stream->tail_size - over);
    stream->left_out += over;
    stream->tail_size -= over;
    memcpy(stream->tail + stream->tail_size, bytes, size);
    stream->tail_size += size;
}

/* Whatever is there now; false when the stream has ended. */
static bool drain(struct stream *stream) {
    static char bytes[HALF];
    for (;;) {
        ssize_t count = read(stream->from, bytes, sizeof bytes);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return true;
        if (count <= 0) return false;
        if (stream->file >= 0) take(stream, bytes, (size_t)count);
    }
}

void finish_stream(struct stream *stream) {
    char note[64];
    drain(stream);
    if (stream->left_out > 0) {
        int length = snprintf(note, sizeof note, "\n[%zu bytes left out]\n", stream->left_out);
        write_all(stream->file, note, (size_t)length);
    }
    write_all(stream->file, stream->tail, stream->tail_size);
    fsync(stream->file);
    close(stream->file);
    stream->file = -1;
}

void poll_streams(struct stream *streams, int wait_ms) {
    struct pollfd polled[2];
    for (int i = 0; i < 2; i++) polled[i] = (struct pollfd){.fd = streams[i].from, .events = POLLIN};
    if (poll(polled, 2, wait_ms) <= 0) return;
    for (int i = 0; i < 2; i++) {
        if (polled[i].revents == 0 || drain(&streams[i])) continue;
        close(streams[i].from);
        streams[i].from = -1;
    }
}
