/*
 * The session keeper: shells that outlive every connection, each on a terminal of its own with a ring of what it printed.
 * Started by the platform's init before switch_root, in the platform's tmpfs; one thread, one poll loop.
 */
#define _GNU_SOURCE
#define _GNU_SOURCE
#include "keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "keeper-client.h"
#include "only.h"
#include "oom.h"

static int listener;
static volatile sig_atomic_t stopping;

static void on_signal(int number) {
    if (number == SIGTERM) stopping = 1;
}

static void forget_ended(void) {
    for (int i = 0; i < SESSIONS; i++) {
        struct session *session = &sessions[i];
        if (!session->used || !session->ended) continue;
        if (!session->drained && !has_laggard(session)) listen_to_shell(session);
        if (!is_watched(session) && session->drained) release_session(session);
    }
}

static void turn(const sigset_t *while_waiting) {
    static struct pollfd polled[1 + SESSIONS + CLIENTS];
    struct timespec second = {1, 0}, at_once = {0, 0};
    bool work = false;
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
    bool waits = ask_clients(polled + 1 + SESSIONS);
    if (ppoll(polled, 1 + SESSIONS + CLIENTS, work ? &at_once : waits ? &second : NULL, while_waiting) < 0) {
        note_ended_shells();
        return;
    }
    note_ended_shells();
    for (int i = 0; i < SESSIONS; i++) {
        if (!sessions[i].used || sessions[i].drained) continue;
        if (polled[1 + i].revents & POLLOUT) type_to_shell(&sessions[i]);
        if ((polled[1 + i].revents & (POLLIN | POLLHUP | POLLERR))) listen_to_shell(&sessions[i]);
    }
    hear_clients(polled + 1 + SESSIONS);
    serve_clients();
    forget_ended();
    if (polled[0].revents & POLLIN) welcome_client(listener);
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
    hang_up_sessions();
    return 0;
}
