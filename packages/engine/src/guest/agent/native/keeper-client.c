#define _GNU_SOURCE
#include "keeper-client.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    /* The terminal is not read while an attached client is this far behind; below RING, so that nothing is overwritten before it was sent. */
    LAG = 256 * 1024,
    STUCK_SECONDS = 30
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

static struct client *clients[CLIENTS];

static time_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

static void drop(int index) {
    close(clients[index]->connection);
    free(clients[index]);
    clients[index] = NULL;
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
    client->session = find_session(name);
    bool resumed = client->session != NULL;
    if (resumed) resize_session(client->session, get16(payload), get16(payload + 2));
    else client->session = begin_session(name, user, get16(payload), get16(payload + 2), &why);
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
static bool obey(struct client *client, enum frame frame, const uint8_t *payload, size_t size) {
    struct session *session = client->session;
    if (frame == FRAME_ATTACH && !session && !client->last_frame) {
        attach(client, payload, size);
    } else if (!session || session->ended) {
        return true;
    } else if (frame == FRAME_DATA) {
        return type(session, payload, size);
    } else if (frame == FRAME_RESIZE && size == 4) {
        resize_session(session, get16(payload), get16(payload + 2));
    } else if (frame == FRAME_KILL && size == 1 && payload[0] > 0 && payload[0] < 32) {
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

static bool receive_frames(struct client *client) {
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

bool has_laggard(const struct session *session) {
    for (int i = 0; i < CLIENTS; i++)
        if (clients[i] && clients[i]->session == session && session->printed - clients[i]->sent >= LAG) return true;
    return false;
}

void welcome_client(int listener) {
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

void serve_clients(void) {
    for (int i = 0; i < CLIENTS; i++) {
        struct client *client = clients[i];
        if (!client) continue;
        if (!read_frames(client) || !send_frames(client) || is_stuck(client)) drop(i);
    }
}

bool is_watched(const struct session *session) {
    bool watched = false;
    for (int i = 0; i < CLIENTS; i++) watched |= clients[i] && clients[i]->session == session;
    return watched;
}

bool ask_clients(struct pollfd polled[CLIENTS]) {
    bool waits = false;
    for (int i = 0; i < CLIENTS; i++) {
        struct client *client = clients[i];
        polled[i] = (struct pollfd){.fd = client ? client->connection : -1};
        if (!client) continue;
        polled[i].events = (short)((client->in_size < sizeof client->in ? POLLIN : 0) | (has_more(client) ? POLLOUT : 0));
        waits |= has_more(client);
    }
    return waits;
}

void hear_clients(const struct pollfd polled[CLIENTS]) {
    for (int i = 0; i < CLIENTS; i++)
        if (clients[i] && (polled[i].revents & (POLLIN | POLLHUP | POLLERR)) && !receive_frames(clients[i])) drop(i);
}
