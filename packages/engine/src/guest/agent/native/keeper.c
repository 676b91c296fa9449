/*
 * The session keeper: shells that outlive every connection, each on a terminal of its own with a ring of what it printed.
 * Started by the platform's init before switch_root, in the platform's tmpfs; one thread, one poll loop.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "account.h"
#include "keeper.h"
#include "only.h"
#include "oom.h"
#include "terminal.h"

enum {
    SESSIONS = 64,
    CLIENTS = 256,
    RING = 512 * 1024,
    /* The terminal is not read while an attached client is this far behind; below RING, so that nothing is overwritten before it was sent. */
    LAG = 256 * 1024,
    STUCK_SECONDS = 30,
    CHUNK = 16384
};

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

struct client {
    bool last_frame;
    int connection;
    struct session *session;
    uint64_t sent;
    time_t moved;
    uint8_t in[HEADER + LARGEST_FRAME];
    size_t in_size;
    uint8_t out[HEADER + CHUNK];
    size_t out_begin, out_end;
};

static struct session sessions[SESSIONS];
static struct client *clients[CLIENTS];
static int listener;
static volatile sig_atomic_t stopping;

static void on_signal(int number) {
    if (number == SIGTERM) stopping = 1;
}

static time_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

static uint64_t oldest(const struct session *session) { return session->printed > RING ? session->printed - RING : 0; }

static void resize(const struct session *session, unsigned columns, unsigned rows) { set_terminal_size(session->terminal, columns, rows); }

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

static void release(struct session *session) {
    if (session->far_end >= 0) close(session->far_end);
    if (session->terminal >= 0) close(session->terminal);
    free(session->ring);
    *session = (struct session){.terminal = -1, .far_end = -1};
}

static struct session *begin(const char *name, const char *user, unsigned columns, unsigned rows, const char **why) {
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
        release(session);
        return NULL;
    }
    session->used = true;
    snprintf(session->name, sizeof session->name, "%s", name);
    resize(session, columns ? columns : 80, rows ? rows : 24);
    session->shell = fork();
    if (session->shell == 0) run_login(far_end, user);
    if (session->shell > 0) return session;
    *why = "the machine has no room for a process";
    release(session);
    return NULL;
}

static void drop(int index) {
    close(clients[index]->connection);
    free(clients[index]);
    clients[index] = NULL;
}

/* What a client gets of a full ring begins at a line, not in the middle of an escape sequence. */
static uint64_t scrollback_start(const struct session *session) {
    uint64_t start = oldest(session);
    if (start == 0) return 0;
    for (uint64_t at = start; at < session->printed && at < start + 4096; at++)
        if (session->ring[at % RING] == '\n') return at + 1;
    return start;
}

static void refuse(struct client *client, const char *why) {
    size_t size = strlen(why);
    put_header(client->out, FRAME_ERROR, (uint32_t)size);
    memcpy(client->out + HEADER, why, size);
    client->out_begin = 0;
    client->out_end = HEADER + size;
    client->last_frame = true;
}

static void attach(struct client *client, const uint8_t *payload, size_t size) {
    char name[LONGEST_NAME + 1], user[LONGEST_NAME + 1];
    const uint8_t *names = payload + 4, *nothing = size > 4 ? memchr(names, 0, size - 4) : NULL;
    if (!nothing || nothing - names > LONGEST_NAME || payload + size - nothing - 1 > LONGEST_NAME) return refuse(client, "not an attach request");
    snprintf(name, sizeof name, "%s", (const char *)names);
    snprintf(user, sizeof user, "%.*s", (int)(payload + size - nothing - 1), (const char *)nothing + 1);
    const char *why = NULL;
    for (int i = 0; i < SESSIONS; i++)
        if (sessions[i].used && !sessions[i].ended && strcmp(sessions[i].name, name) == 0) client->session = &sessions[i];
    bool resumed = client->session != NULL;
    if (resumed) resize(client->session, get16(payload), get16(payload + 2));
    else client->session = begin(name, user, get16(payload), get16(payload + 2), &why);
    if (!client->session) return refuse(client, why);
    client->sent = scrollback_start(client->session);
    put_header(client->out, FRAME_HELLO, 6);
    client->out[HEADER] = PROTOCOL_VERSION;
    client->out[HEADER + 1] = resumed;
    put32(client->out + HEADER + 2, (uint32_t)(client->session->printed - client->sent));
    client->out_begin = 0;
    client->out_end = HEADER + 6;
}

/* Returns false when the frame has to wait until the shell has taken what was typed before. */
static bool obey(struct client *client, enum frame type, const uint8_t *payload, size_t size) {
    struct session *session = client->session;
    if (type == FRAME_ATTACH && !session && !client->last_frame) {
        attach(client, payload, size);
    } else if (!session || session->ended) {
        return true;
    } else if (type == FRAME_DATA) {
        if (session->typed_begin == session->typed_end) session->typed_begin = session->typed_end = 0;
        if (size > sizeof session->typed - session->typed_end) return false;
        memcpy(session->typed + session->typed_end, payload, size);
        session->typed_end += size;
    } else if (type == FRAME_RESIZE && size == 4) {
        resize(session, get16(payload), get16(payload + 2));
    } else if (type == FRAME_KILL && size == 1 && payload[0] > 0 && payload[0] < 32) {
        kill(-session->shell, payload[0]);
    }
    return true;
}

/* Returns false when the client broke the protocol. */
static bool read_frames(struct client *client) {
    size_t at = 0;
    while (client->in_size - at >= HEADER) {
        size_t size = get32(client->in + at + 1);
        if (size > CHUNK) return false;
        if (client->in_size - at < HEADER + size) break;
        if (!obey(client, client->in[at], client->in + at + HEADER, size)) break;
        at += HEADER + size;
    }
    memmove(client->in, client->in + at, client->in_size - at);
    client->in_size -= at;
    return true;
}

static bool receive(struct client *client) {
    ssize_t count = read(client->connection, client->in + client->in_size, sizeof client->in - client->in_size);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return false;
    if (count > 0) client->in_size += (size_t)count;
    return read_frames(client);
}

static void next_frame(struct client *client) {
    struct session *session = client->session;
    if (!session || client->last_frame) return;
    client->out_begin = client->out_end = 0;
    if (client->sent < session->printed) {
        size_t from = client->sent % RING, size = session->printed - client->sent;
        if (size > CHUNK) size = CHUNK;
        if (size > RING - from) size = RING - from;
        put_header(client->out, FRAME_DATA, (uint32_t)size);
        memcpy(client->out + HEADER, session->ring + from, size);
        client->out_end = HEADER + size;
        client->sent += size;
    } else if (session->ended && session->drained) {
        put_header(client->out, FRAME_EXIT, 2);
        client->out[HEADER] = WIFEXITED(session->status) ? WEXITSTATUS(session->status) : 128 + WTERMSIG(session->status);
        client->out[HEADER + 1] = WIFSIGNALED(session->status) ? WTERMSIG(session->status) : 0;
        client->out_end = HEADER + 2;
        client->last_frame = true;
    }
}

/* Returns false when there is nothing more for this client. */
static bool send_frames(struct client *client) {
    for (;;) {
        if (client->out_begin == client->out_end) {
            if (client->last_frame) return false;
            next_frame(client);
            client->moved = now();
            if (client->out_begin == client->out_end) return true;
        }
        ssize_t count = send(client->connection, client->out + client->out_begin, client->out_end - client->out_begin, MSG_NOSIGNAL);
        if (count < 0) return errno == EAGAIN || errno == EINTR;
        client->out_begin += (size_t)count;
        client->moved = now();
    }
}

static bool has_more(const struct client *client) {
    const struct session *session = client->session;
    return client->out_begin < client->out_end || (session && (client->sent < session->printed || session->drained));
}

static bool has_laggard(const struct session *session) {
    for (int i = 0; i < CLIENTS; i++)
        if (clients[i] && clients[i]->session == session && session->printed - clients[i]->sent >= LAG) return true;
    return false;
}

static void listen_to_shell(struct session *session) {
    size_t at = session->printed % RING, room = RING - at;
    ssize_t count = read(session->terminal, session->ring + at, room < CHUNK ? room : CHUNK);
    if (count > 0) session->printed += (uint64_t)count;
    /* What the shell printed last is read by now (n_tty_read flushes before EAGAIN); its children may hold the terminal for ever. */
    else if (session->ended && errno != EINTR) session->drained = true;
}

static void type_to_shell(struct session *session) {
    ssize_t count = write(session->terminal, session->typed + session->typed_begin, session->typed_end - session->typed_begin);
    if (count > 0) session->typed_begin += (size_t)count;
    else if (count < 0 && errno != EAGAIN && errno != EINTR) session->typed_begin = session->typed_end = 0;
}

static void reap(void) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < SESSIONS; i++)
            if (sessions[i].used && !sessions[i].ended && sessions[i].shell == pid) {
                sessions[i].ended = true;
                sessions[i].status = status;
            }
}

static void forget_ended(void) {
    for (int i = 0; i < SESSIONS; i++) {
        struct session *session = &sessions[i];
        bool watched = false;
        if (!session->used || !session->ended) continue;
        if (!session->drained && !has_laggard(session)) listen_to_shell(session);
        for (int j = 0; j < CLIENTS; j++) watched |= clients[j] && clients[j]->session == session;
        if (watched || !session->drained) continue;
        release(session);
    }
}

static void welcome(void) {
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0) return;
    struct ucred peer;
    socklen_t size = sizeof peer;
    bool is_root = getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == 0;
    for (int i = 0; i < CLIENTS && is_root; i++) {
        if (clients[i]) continue;
        clients[i] = calloc(1, sizeof *clients[i]);
        if (!clients[i]) break;
        *clients[i] = (struct client){.connection = connection, .moved = now()};
        return;
    }
    close(connection);
}

static bool is_stuck(const struct client *client) { return has_more(client) && now() - client->moved >= STUCK_SECONDS; }

static void serve_clients(void) {
    for (int i = 0; i < CLIENTS; i++) {
        struct client *client = clients[i];
        if (!client) continue;
        if (!read_frames(client) || !send_frames(client) || is_stuck(client)) drop(i);
    }
}

static void turn(const sigset_t *while_waiting) {
    static struct pollfd polled[1 + SESSIONS + CLIENTS];
    struct timespec second = {1, 0}, at_once = {0, 0};
    bool waits = false, work = false;
    polled[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (int i = 0; i < SESSIONS; i++) {
        struct session *session = &sessions[i];
        struct pollfd *at = &polled[1 + i];
        *at = (struct pollfd){.fd = -1};
        if (!session->used || session->drained) continue;
        at->events = (short)((has_laggard(session) ? 0 : POLLIN) | (session->typed_begin < session->typed_end ? POLLOUT : 0));
        if (at->events) at->fd = session->terminal;
        work |= session->ended && !has_laggard(session);
    }
    for (int i = 0; i < CLIENTS; i++) {
        struct client *client = clients[i];
        polled[1 + SESSIONS + i] = (struct pollfd){.fd = client ? client->connection : -1};
        if (!client) continue;
        polled[1 + SESSIONS + i].events = (short)((client->in_size < sizeof client->in ? POLLIN : 0) | (has_more(client) ? POLLOUT : 0));
        waits |= has_more(client);
    }
    if (ppoll(polled, 1 + SESSIONS + CLIENTS, work ? &at_once : waits ? &second : NULL, while_waiting) < 0) {
        reap();
        return;
    }
    reap();
    for (int i = 0; i < SESSIONS; i++) {
        if (!sessions[i].used || sessions[i].drained) continue;
        if (polled[1 + i].revents & POLLOUT) type_to_shell(&sessions[i]);
        if ((polled[1 + i].revents & (POLLIN | POLLHUP | POLLERR))) listen_to_shell(&sessions[i]);
    }
    for (int i = 0; i < CLIENTS; i++)
        if (clients[i] && (polled[1 + SESSIONS + i].revents & (POLLIN | POLLHUP | POLLERR)) && !receive(clients[i])) drop(i);
    serve_clients();
    forget_ended();
    if (polled[0].revents & POLLIN) welcome();
}

static void stop_all(void) {
    for (int i = 0; i < SESSIONS; i++) {
        if (!sessions[i].used || sessions[i].ended) continue;
        kill(-sessions[i].shell, SIGHUP);
        kill(-sessions[i].shell, SIGCONT);
        close(sessions[i].terminal);
    }
}

int daemon_main(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = KEEPER_SOCKET};
    be_the_only("keeper.lock");
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(KEEPER_SOCKET);
    umask(0177);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0) {
        dprintf(2, "ramet keeper: %s\n", strerror(errno));
        return 1;
    }
    set_oom_score("-1000");
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGCHLD, &action, NULL);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    while (!stopping) turn(&before);
    stop_all();
    return 0;
}
