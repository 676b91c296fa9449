#define _GNU_SOURCE
#include "keeper-session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account.h"
#include "terminal.h"

struct session sessions[SESSIONS];

static uint64_t oldest(const struct session *session) { return session->printed > RING ? session->printed - RING : 0; }

void resize_session(const struct session *session, unsigned columns, unsigned rows) { set_terminal_size(session->terminal, columns, rows); }

/* From the manifest, put there by the platform's init; once for each shell. */
static void show_welcome(const char *user) {
    char path[sizeof "welcome/" + LONGEST_NAME], text[4096];
    snprintf(path, sizeof path, "welcome/%s", user);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t size = read(file, text, sizeof text);
    if (size > 0 && write(1, text, (size_t)size) < 0) perror("ramet: welcome");
    close(file);
}

static void run_login(int terminal, const char *user) {
    setsid();
    if (ioctl(terminal, TIOCSCTTY, 0) < 0) _exit(126);
    for (int fd = 0; fd < 3; fd++) dup2(terminal, fd);
    struct account account;
    if (!find_account(user, &account)) {
        dprintf(2, "ramet: there is no user %s\n", user);
        _exit(126);
    }
    give_terminal(0, &account);
    show_welcome(account.name);
    clearenv();
    setenv("TERM", "xterm-256color", 1);
    become(&account);
    run_shell(&account, NULL);
}

void release_session(struct session *session) {
    if (session->far_end >= 0) close(session->far_end);
    if (session->terminal >= 0) close(session->terminal);
    free(session->ring);
    *session = (struct session){.terminal = -1, .far_end = -1};
}

struct session *begin_session(const char *name, const char *user, unsigned columns, unsigned rows, const char **why) {
    struct session *session = NULL;
    for (int i = 0; i < SESSIONS && !session; i++)
        if (!sessions[i].used) session = &sessions[i];
    *why = "too many terminals are open in this machine";
    if (!session) return NULL;
    uint8_t *ring = malloc(RING);
    *why = "the machine is out of memory";
    if (!ring) return NULL;
    int far_end, terminal = open_terminal(&far_end);
    *session = (struct session){.terminal = terminal, .far_end = far_end, .ring = ring};
    *why = "the machine has no free pseudo terminal";
    if (far_end < 0) {
        release_session(session);
        return NULL;
    }
    session->used = true;
    snprintf(session->name, sizeof session->name, "%s", name);
    resize_session(session, columns ? columns : 80, rows ? rows : 24);
    session->shell = fork();
    if (session->shell == 0) run_login(far_end, user);
    if (session->shell > 0) return session;
    *why = "the machine has no room for a process";
    release_session(session);
    return NULL;
}

/* What a client gets of a full ring begins at a line, not in the middle of an escape sequence. */
uint64_t scrollback_start(const struct session *session) {
    uint64_t start = oldest(session);
    if (start == 0) return 0;
    for (uint64_t at = start; at < session->printed && at < start + 4096; at++)
        if (session->ring[at % RING] == '\n') return at + 1;
    return start;
}

void listen_to_shell(struct session *session) {
    size_t at = session->printed % RING, room = RING - at;
    ssize_t count = read(session->terminal, session->ring + at, room < CHUNK ? room : CHUNK);
    if (count > 0) session->printed += (uint64_t)count;
    /* What the shell printed last is read by now (n_tty_read flushes before EAGAIN); its children may hold the terminal for ever. */
    else if (session->ended && errno != EINTR) session->drained = true;
}

void type_to_shell(struct session *session) {
    ssize_t count = write(session->terminal, session->typed + session->typed_begin, session->typed_end - session->typed_begin);
    if (count > 0) session->typed_begin += (size_t)count;
    else if (count < 0 && errno != EAGAIN && errno != EINTR) session->typed_begin = session->typed_end = 0;
}

void note_ended_shells(void) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < SESSIONS; i++)
            if (sessions[i].used && !sessions[i].ended && sessions[i].shell == pid) {
                sessions[i].ended = true;
                sessions[i].status = status;
            }
}

struct session *find_session(const char *name) {
    struct session *found = NULL;
    for (int i = 0; i < SESSIONS; i++)
        if (sessions[i].used && !sessions[i].ended && strcmp(sessions[i].name, name) == 0) found = &sessions[i];
    return found;
}

bool type(struct session *session, const uint8_t *bytes, size_t size) {
    if (session->typed_begin == session->typed_end) session->typed_begin = session->typed_end = 0;
    if (size > sizeof session->typed - session->typed_end) return false;
    memcpy(session->typed + session->typed_end, bytes, size);
    session->typed_end += size;
    return true;
}

void hang_up_sessions(void) {
    for (int i = 0; i < SESSIONS; i++) {
        if (!sessions[i].used || sessions[i].ended) continue;
        kill(-sessions[i].shell, SIGHUP);
        kill(-sessions[i].shell, SIGCONT);
        close(sessions[i].terminal);
    }
}
