/* Shells, each on a terminal of its own with a ring of what it printed. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keeper.h"

enum { SESSIONS = 64, RING = 512 * 1024, CHUNK = 16384 };

struct session {
    bool used, ended, drained;
    char name[LONGEST_NAME + 1];
    pid_t shell;
    /* The shell's end of the terminal is held open too: without any holder the terminal would poll as hung up for ever. */
    int terminal, far_end, status;
    uint8_t *ring;
    /* Bytes printed since the shell began; the ring holds the last RING of them. */
    uint64_t printed;
    uint8_t typed[CHUNK];
    size_t typed_begin, typed_end;
};

extern struct session sessions[SESSIONS];

/* NULL, and why, when there can be none. */
struct session *begin_session(const char *name, const char *user, unsigned columns, unsigned rows, const char **why);
/* The shell of this name that has not ended. */
struct session *find_session(const char *name);
void resize_session(const struct session *session, unsigned columns, unsigned rows);
/* Where what a new client gets begins. */
uint64_t scrollback_start(const struct session *session);
/* False when it has to wait until the shell has taken what was typed before. */
bool type(struct session *session, const uint8_t *bytes, size_t size);
void listen_to_shell(struct session *session);
void type_to_shell(struct session *session);
void note_ended_shells(void);
void release_session(struct session *session);
void hang_up_sessions(void);
