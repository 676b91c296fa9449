/*
 * agent PORT
 *
 * The platform's way into the guest: commands, tools and connections of the host, many at once, over one virtio-serial port. The working directory is the
 * platform's tmpfs, all names are relative to it: a guest may mount anything over /run. One thread, one poll loop. See channel.h.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "agent-channels.h"
#include "agent-open.h"
#include "agent-port.h"
#include "only.h"
#include "oom.h"

enum { AWAY_MS = 500, GRACE_POLL_MS = 20 };

static volatile sig_atomic_t has_child_ended;

static void on_signal(int number) {
    if (number == SIGCHLD) has_child_ended = 1;
}

static void turn(const sigset_t *while_waiting) {
    static struct pollfd polled[1 + 3 * CHANNELS];
    int port = port_descriptor();
    /* What came before may have found no room for its answer. */
    if (port >= 0) {
        read_port();
        write_port();
    }
    /* Last: what the port has just taken makes room for what is asked for. */
    ask_channels(polled + 1);
    polled[0] = (struct pollfd){.fd = port, .events = (short)(POLLIN | (port_wants_write() ? POLLOUT : 0))};
    int wait_ms = port >= 0 ? -1 : port_is_greeted() ? GRACE_POLL_MS : AWAY_MS;
    struct timespec limit = {wait_ms / 1000, wait_ms % 1000 * 1000000};
    int ready = ppoll(polled, 1 + 3 * CHANNELS, wait_ms < 0 ? NULL : &limit, while_waiting);
    if (has_child_ended) {
        has_child_ended = 0;
        note_ended_processes();
        if (ready < 0)
            for (size_t i = 0; i < 1 + 3 * CHANNELS; i++) polled[i].revents = 0;
        ready = 1;
    }
    if (ready > 0) serve_channels(polled + 1);
}

int main(int count, char **arguments) {
    if (count != 2) {
        dprintf(2, "usage: agent PORT\n");
        return 2;
    }
    be_the_only("agent.lock");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    set_oom_score("-1000");
    raise_limits();
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigaddset(&blocked, SIGCONT);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    sigdelset(&before, SIGCHLD);
    sigdelset(&before, SIGCONT);
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_NOCLDSTOP}, NULL);
    sigaction(SIGCONT, &(struct sigaction){.sa_handler = on_signal}, NULL);
    use_port(arguments[1]);
    for (;;) turn(&before);
}
