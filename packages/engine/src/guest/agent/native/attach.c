/*
 * keeper attach SESSION USER COLUMNS ROWS
 *
 * Joins stdin and stdout (an ssh channel without a terminal) to a session of the daemon; makes it when there is none.
 * Ends when either side does; whether the shell ended is told by FRAME_EXIT alone.
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
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "keeper.h"

struct flow {
    int from, to;
    uint8_t bytes[16384];
    size_t begin, end;
    bool ended;
};

/* The socket is beside this program, which may be called by a way that /run no longer leads to: /proc/PID/cwd/keeper. */
static int connect_to_daemon(const char *self) {
    char folder[256];
    snprintf(folder, sizeof folder, "%s", self);
    char *slash = strrchr(folder, '/');
    if (slash) {
        *slash = 0;
        if (chdir(folder) < 0) return -1;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = KEEPER_SOCKET};
    int daemon = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (daemon < 0 || connect(daemon, (struct sockaddr *)&address, sizeof address) < 0) return -1;
    return daemon;
}

static bool write_all(int to, const uint8_t *bytes, size_t size) {
    while (size > 0) {
        ssize_t count = write(to, bytes, size);
        if (count < 0 && errno != EINTR) return false;
        if (count > 0) {
            bytes += count;
            size -= (size_t)count;
        }
    }
    return true;
}

static bool ask(int daemon, const char *session, const char *user, int columns, int rows) {
    uint8_t request[HEADER + 4 + 2 * LONGEST_NAME + 1];
    size_t session_size = strlen(session), user_size = strlen(user);
    if (session_size == 0 || session_size > LONGEST_NAME || user_size > LONGEST_NAME) {
        errno = EINVAL;
        return false;
    }
    put_header(request, FRAME_ATTACH, (uint32_t)(4 + session_size + 1 + user_size));
    put16(request + HEADER, (unsigned)columns);
    put16(request + HEADER + 2, (unsigned)rows);
    memcpy(request + HEADER + 4, session, session_size + 1);
    memcpy(request + HEADER + 4 + session_size + 1, user, user_size);
    return write_all(daemon, request, HEADER + 4 + session_size + 1 + user_size);
}

static void move_on(struct flow *flow, short readable, short writable) {
    if (flow->begin == flow->end && (readable & (POLLIN | POLLHUP | POLLERR))) {
        ssize_t count = read(flow->from, flow->bytes, sizeof flow->bytes);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) flow->ended = true;
        flow->begin = 0;
        flow->end = count > 0 ? (size_t)count : 0;
    }
    if (flow->begin < flow->end && (writable & POLLERR)) flow->ended = true;
    if (flow->begin < flow->end) {
        ssize_t count = write(flow->to, flow->bytes + flow->begin, flow->end - flow->begin);
        if (count > 0) flow->begin += (size_t)count;
        else if (count < 0 && errno != EAGAIN && errno != EINTR) flow->ended = true;
    }
}

static int pump(int daemon) {
    static struct flow in, out;
    in.from = 0;
    in.to = out.from = daemon;
    out.to = 1;
    const int ends[] = {0, 1, daemon};
    for (int i = 0; i < 3; i++) fcntl(ends[i], F_SETFL, fcntl(ends[i], F_GETFL) | O_NONBLOCK);
    while (!in.ended && !out.ended) {
        bool in_waits = in.begin < in.end, out_waits = out.begin < out.end;
        struct pollfd polled[3] = {
            {.fd = in_waits ? -1 : 0, .events = POLLIN},
            {.fd = 1, .events = out_waits ? POLLOUT : 0},
            {.fd = daemon, .events = (short)((in_waits ? POLLOUT : 0) | (out_waits ? 0 : POLLIN))},
        };
        /* A daemon that is gone stays readable: while its last bytes wait for stdout, only stdout wakes us. */
        if (out_waits && !in_waits) polled[2].fd = -1;
        if (poll(polled, 3, -1) < 0 && errno != EINTR) return 1;
        if (polled[1].revents & POLLERR) return 0;
        move_on(&in, polled[0].revents, polled[2].revents & POLLOUT);
        move_on(&out, polled[2].revents, polled[1].revents);
    }
    return 0;
}

int attach_main(const char *self, int count, char **arguments) {
    if (count != 5) {
        dprintf(2, "usage: keeper attach SESSION USER COLUMNS ROWS\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int daemon = connect_to_daemon(self);
    if (daemon < 0 || !ask(daemon, arguments[1], arguments[2], atoi(arguments[3]), atoi(arguments[4]))) {
        dprintf(2, "ramet keeper: %s\n", strerror(errno));
        return 1;
    }
    return pump(daemon);
}
