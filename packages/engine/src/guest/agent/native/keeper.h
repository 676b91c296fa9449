#pragma once
#include <stdint.h>

#include "bytes.h"

/*
 * Frames between the daemon and the host, which reaches it by a connection of the agent: type (1 byte), length (4 bytes, big endian), payload.
 * The same table is in link/keeper-frames.ts.
 */
enum frame {
    FRAME_DATA = 1,   /* both ways: bytes of the terminal */
    FRAME_RESIZE = 2, /* in: columns, rows (2 bytes each) */
    FRAME_KILL = 3,   /* in: signal number (1 byte) to the shell's process group */
    FRAME_HELLO = 16, /* out, first: version (1), was the shell there already (1), bytes of scrollback that follow (4) */
    FRAME_EXIT = 17,  /* out, last: exit code (1), signal number or 0 (1) */
    FRAME_ERROR = 18, /* out, last: why there is no shell, text */
    FRAME_ATTACH = 32 /* to the daemon, first: columns, rows (2 bytes each), session, 0, user */
};

enum { HEADER = 5, PROTOCOL_VERSION = 1, LARGEST_FRAME = 65536, LONGEST_NAME = 63 };

/* In the platform's tmpfs, relative to it. */
#define KEEPER_SOCKET "keeper.sock"

static inline void put_header(uint8_t *at, enum frame type, uint32_t length) {
    at[0] = (uint8_t)type;
    put32(at + 1, length);
}

int console_main(int count, char **arguments);
int daemon_main(void);
int task_main(int count, char **arguments);
