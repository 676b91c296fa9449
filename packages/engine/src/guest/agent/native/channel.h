#pragma once
#include <stdint.h>

#include "bytes.h"

/*
 * Frames on the port `ramet.channel`: type (1 byte), channel (2), length (2), payload; integers big endian. The same table is in link/channel-frames.ts.
 *
 * A connection begins with the host's greeting: GREETING, version (1), nonce (16). It ends all that there was before, wherever the stream was cut: the host
 * cuts a frame in two where its payload would contain these bytes, and no header can (they are all above 127, types below). The answer is ANSWER, version,
 * the same nonce; the host ignores whatever comes before it.
 */
enum ask {
    ASK_PIECE = 1,      /* of a request (enum request); more follows */
    ASK_OPEN = 2,       /* the last piece: opens the channel */
    ASK_INPUT = 3,      /* within what was granted */
    ASK_INPUT_END = 4,
    ASK_RESIZE = 5,     /* columns, rows (2 each) */
    ASK_SIGNAL = 6,     /* number (1), to the command's process group */
    ASK_CLOSE = 7,      /* hangs up; answered by SAY_EXIT, unless that is under way */
    ASK_PING = 8,       /* channel 0; comes back as SAY_PONG */
    ASK_GRANT_OUT = 9,  /* bytes (4) more that may be sent */
    ASK_GRANT_ERR = 10
};
enum say {
    SAY_OPENED = 32,
    SAY_REFUSED = 33,   /* last: reason (1), text */
    SAY_OUT = 34,
    SAY_ERR = 35,
    SAY_OUT_END = 36,
    SAY_ERR_END = 37,
    SAY_EXIT = 38,      /* last: exit code (1), signal or 0 (1) */
    SAY_PONG = 39,
    SAY_GRANT_INPUT = 40 /* bytes (4) more that may be sent */
};
enum request {
    REQUEST_COMMAND = 1, /* columns, rows (2 each; 0: no terminal), user, 0, TERM, 0, command (empty: an interactive login shell) */
    REQUEST_TOOL = 2,    /* words of a program in the platform's folder, each with a 0 at its end */
    REQUEST_DIAL = 3,    /* TCP port on the loopback (2) */
    REQUEST_KEEPER = 4   /* a connection to the session keeper (keeper.h) */
};
enum reason { REASON_OTHER = 0, REASON_NOTHING_LISTENS = 1 };

#define GREETING "\xf2\xe1\xed\xe5\xf4\xa0\xec\xe9\xee\xeb\xa0\xe8\xe5\xec\xec\xef"
#define ANSWER "\xf2\xe1\xed\xe5\xf4\xa0\xec\xe9\xee\xeb\xa0\xf2\xe5\xe1\xe4\xf9"

enum {
    CHANNEL_VERSION = 1,
    MAGIC = 16,
    NONCE = 16,
    HEADER = 5,
    LARGEST_PAYLOAD = 16384,
    /* Channels are numbered from 1 on. */
    CHANNELS = 512,
    LARGEST_REQUEST = 512 * 1024,
    /* What each side may send on a new channel before it is granted more: input, and each of the outputs. */
    INPUT_WINDOW = 64 * 1024,
    OUTPUT_WINDOW = 256 * 1024
};
