/*
 * bridge PORT PROGRAM [ARGUMENT...]
 *
 * Joins a virtio-serial port to one PROGRAM at a time (dropbear -i), started anew for each connection of the host.
 * The working directory is the platform's tmpfs, PROGRAM and its files are relative to it: a guest may mount anything over /run.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "oom.h"

/* A read of the port returns at most one buffer of the driver, a page; never less than what the host wrote at once into it. */
#define BUFFER 16384

/* A port that is hung up for less than this was only passed from one host connection to the next. */
#define GRACE_MS 50

struct pipe {
    char bytes[BUFFER];
    size_t begin, end;
};

static struct pipe to_child, to_host;
static int port = -1, child_socket = -1, listener = -1, guest_network = -1;
static struct sockaddr_in listening;
static pid_t child = -1;
static char **program;

static void give_up(const char *what) {
    dprintf(2, "ramet bridge: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* dropbear -i asks its stdin for a peer address, so it gets a TCP pair. In a network namespace of ours, that the guest's lo and firewall do not reach. */
static void open_private_network(void) {
    guest_network = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (guest_network < 0) give_up("/proc/self/ns/net");
    if (unshare(CLONE_NEWNET) < 0) give_up("unshare");
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) give_up("socket");
    struct ifreq lo = {.ifr_name = "lo"};
    if (ioctl(listener, SIOCGIFFLAGS, &lo) < 0) give_up("lo");
    lo.ifr_flags |= IFF_UP;
    if (ioctl(listener, SIOCSIFFLAGS, &lo) < 0) give_up("lo up");
    listening.sin_family = AF_INET;
    listening.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof listening;
    if (bind(listener, (struct sockaddr *)&listening, size) < 0 || listen(listener, 4) < 0) give_up("listen");
    if (getsockname(listener, (struct sockaddr *)&listening, &size) < 0) give_up("getsockname");
}

static void run_child(int connection) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    set_oom_score("0");
    if (setns(guest_network, CLONE_NEWNET) < 0) _exit(127);
    int nothing = open("/dev/null", O_RDWR);
    dup2(connection, 0);
    dup2(connection, 1);
    if (nothing >= 0) dup2(nothing, 2);
    else close(2);
    setsid();
    execv(program[0], program);
    _exit(127);
}

static bool start_child(void) {
    int near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (near < 0) return false;
    if (connect(near, (struct sockaddr *)&listening, sizeof listening) < 0) {
        close(near);
        return false;
    }
    /* Measured on the pair: a command takes 5 ms with it and 60 ms without (Nagle against delayed acknowledgements). */
    int at_once = 1;
    setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    int far = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (far < 0) {
        close(near);
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) run_child(far);
    close(far);
    if (pid < 0 || fcntl(near, F_SETFL, O_NONBLOCK) < 0) {
        close(near);
        return false;
    }
    child = pid;
    child_socket = near;
    to_child.begin = to_child.end = to_host.begin = to_host.end = 0;
    return true;
}

/* End of file on its socket is what ends dropbear in order; SIGTERM helps when it is stuck, and nothing of it is waited for. */
static void end_child(void) {
    if (child_socket >= 0) close(child_socket);
    if (child > 0) kill(child, SIGTERM);
    child_socket = -1;
    child = -1;
    to_child.begin = to_child.end = to_host.begin = to_host.end = 0;
}

static void reap(void) {
    pid_t ended;
    while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
        if (ended == child) child = -1;
}

/* Returns false at the end of the source. */
static bool fill(struct pipe *pipe, int from) {
    if (pipe->begin < pipe->end) return true;
    ssize_t count = read(from, pipe->bytes, sizeof pipe->bytes);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    pipe->begin = 0;
    pipe->end = (size_t)count;
    return count > 0;
}

static bool drain(struct pipe *pipe, int to) {
    while (pipe->begin < pipe->end) {
        ssize_t count = write(to, pipe->bytes + pipe->begin, pipe->end - pipe->begin);
        if (count < 0) return errno == EAGAIN || errno == EINTR;
        pipe->begin += (size_t)count;
    }
    return true;
}

/*
 * The host's greeting is what begins a session; only its end can be told by the port. Data and the news of a host that left and came back go by
 * different queues: the greeting may be read before POLLHUP is seen for a moment, or with none at all.
 */
static bool is_greeting(const struct pipe *pipe) {
    return pipe->end - pipe->begin >= 8 && memcmp(pipe->bytes + pipe->begin, "SSH-2.0-", 8) == 0;
}

static bool host_is_away(void) {
    struct pollfd state = {.fd = port};
    return poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR | POLLNVAL));
}

/* The driver sends SIGIO when the host opens or closes its end; the timeout is for one that came before the wait. */
static void wait_for_signal(long ms) {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGIO);
    sigaddset(&wanted, SIGCHLD);
    struct timespec limit = {ms / 1000, ms % 1000 * 1000000};
    sigtimedwait(&wanted, NULL, &limit);
}

static void from_host(void) {
    /* Its end of file only says that the host is away, and for how long is judged elsewhere. */
    if (!fill(&to_child, port) || to_child.begin == to_child.end) return;
    if (is_greeting(&to_child)) {
        struct pipe greeting = to_child;
        end_child();
        if (start_child()) to_child = greeting;
    }
    if (child_socket < 0) to_child.begin = to_child.end = 0;
    else if (!drain(&to_child, child_socket)) end_child();
}

static void serve(void) {
    struct pollfd ends[2] = {{.fd = port}, {.fd = child_socket}};
    ends[0].events = (to_child.begin == to_child.end ? POLLIN : 0) | (to_host.begin < to_host.end ? POLLOUT : 0);
    ends[1].events = (to_host.begin == to_host.end ? POLLIN : 0) | (to_child.begin < to_child.end ? POLLOUT : 0);
    /* A hang-up is reported even to those who ask for nothing: while its last bytes wait for the host, the child is not asked. */
    if (ends[1].events == 0) ends[1].fd = -1;
    if (poll(ends, 2, 5000) < 0) return;
    if (ends[0].revents & (POLLHUP | POLLERR | POLLNVAL)) return;
    if (ends[0].revents & POLLIN) from_host();
    if (child_socket < 0) return;
    if ((ends[1].revents & POLLOUT) && !drain(&to_child, child_socket)) end_child();
    if (child_socket < 0) return;
    bool ended = (ends[1].revents & (POLLIN | POLLHUP | POLLERR)) && !fill(&to_host, child_socket);
    if (!drain(&to_host, port) || ended) end_child();
}

int main(int count, char **arguments) {
    if (count < 3) {
        dprintf(2, "usage: bridge PORT PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    program = arguments + 2;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    set_oom_score("-1000");
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGIO);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    /* Not blocking: a blocking write spins in the driver until the host has taken the buffer (drivers/char/virtio_console.c, __send_to_port). */
    port = open(arguments[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (port < 0) give_up(arguments[1]);
    fcntl(port, F_SETOWN, getpid());
    fcntl(port, F_SETFL, O_NONBLOCK | O_ASYNC);
    open_private_network();
    int away_ms = 0;
    for (;;) {
        reap();
        if (!host_is_away()) {
            away_ms = 0;
            serve();
        } else if (child_socket >= 0 && away_ms < GRACE_MS) {
            wait_for_signal(GRACE_MS / 5);
            away_ms += GRACE_MS / 5;
        } else {
            end_child();
            wait_for_signal(500);
        }
    }
}
