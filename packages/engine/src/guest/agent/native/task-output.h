/* What a task prints. Of each stream the beginning goes to its file at once, of the rest the last bytes are kept until the end. */
#pragma once
#include <stddef.h>

enum { HALF = 32768 };

struct stream {
    int from, file;
    size_t kept, left_out;
    char tail[HALF];
    size_t tail_size;
};

/* Takes what comes from the two of them within `wait_ms`; -1: for ever. One that has ended has -1 afterwards. */
void poll_streams(struct stream *streams, int wait_ms);
/* The rest of its file, on the disk when this returns. What comes later is read and kept nowhere. */
void finish_stream(struct stream *stream);
