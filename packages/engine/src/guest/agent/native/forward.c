/*
 * forward listen ADDRESS PORT   accepts TCP connections; PORT 0: any
 * forward agent                 accepts connections to a socket for SSH_AUTH_SOCK, which it makes
 * forward take HANDLE NUMBER    joins standard input and output with a connection that one of the other two has accepted
 *
 * So that `ssh -R` and `ssh -A` work with images that have no sshd. What listens prints a line when it does, `ready HANDLE WHERE`, and one for each connection,
 * `open NUMBER ADDRESS PORT`; a number (4 bytes, big endian) on its standard input closes one that nobody wants. It runs as the user that logs in and ends with
 * its standard input: nothing of it outlives the connection, nor goes on in a clone.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "bytes.h"
#include "forward.h"

static int waiting[MOST_WAITING];
static unsigned numbers[MOST_WAITING];
static unsigned last_number;
static volatile sig_atomic_t is_ended;

static void accept_one(int listener, bool is_agent) {
    struct sockaddr_storage from;
    socklen_t size = sizeof from;
    int connection = accept4(listener, (struct sockaddr *)&from, &size, SOCK_CLOEXEC);
    if (connection < 0) return;
    size_t place = 0;
    while (place < MOST_WAITING && waiting[place] >= 0) place++;
    /* The user's own programs and root's may use the keys. */
    bool may = !is_agent || is_of_user(connection, geteuid()) || is_of_user(connection, 0);
    if (place == MOST_WAITING || !may) {
        close(connection);
        return;
    }
    waiting[place] = connection;
    numbers[place] = ++last_number;
    char host[INET6_ADDRSTRLEN] = "-";
    unsigned port = 0;
    if (from.ss_family == AF_INET) {
        inet_ntop(AF_INET, &((struct sockaddr_in *)&from)->sin_addr, host, sizeof host);
        port = ntohs(((struct sockaddr_in *)&from)->sin_port);
    } else if (from.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&from)->sin6_addr, host, sizeof host);
        port = ntohs(((struct sockaddr_in6 *)&from)->sin6_port);
    }
    dprintf(1, "open %u %s %u\n", numbers[place], host, port);
}

/* One byte that goes with a descriptor. */
static bool pass(int to, int descriptor) {
    char byte = 0, room[CMSG_SPACE(sizeof descriptor)] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof descriptor)};
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    return sendmsg(to, &message, MSG_NOSIGNAL) == 1;
}

/* Its place among those that wait, or -1. */
static int find(uint32_t number) {
    for (int i = 0; i < MOST_WAITING; i++)
        if (waiting[i] >= 0 && numbers[i] == number) return i;
    return -1;
}

static void leave(int place) {
    close(waiting[place]);
    waiting[place] = -1;
}

/* False at the end of the input. */
static bool drop_unwanted(void) {
    static uint8_t number[4];
    static size_t size;
    ssize_t count = read(0, number + size, sizeof number - size);
    if (count <= 0) return count < 0 && errno == EINTR;
    size += (size_t)count;
    if (size < sizeof number) return true;
    size = 0;
    int place = find(get32(number));
    if (place >= 0) leave(place);
    return true;
}

static void give_one(int handle) {
    int asker = accept4(handle, NULL, NULL, SOCK_CLOEXEC);
    if (asker < 0) return;
    /* Who asks says which in the same breath; whoever does not is not one of ours. */
    setsockopt(asker, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 1}, sizeof(struct timeval));
    uint32_t number;
    bool is_asked = is_of_user(asker, geteuid()) && recv(asker, &number, sizeof number, MSG_WAITALL) == sizeof number;
    int place = is_asked ? find(number) : -1;
    if (place >= 0) {
        pass(asker, waiting[place]);
        leave(place);
    }
    close(asker);
}

static int serve(int listener, bool is_agent, const char *where) {
    char handle[2 * HANDLE_BYTES + 1];
    int handles = open_handle(handle);
    if (handles < 0) return fail("no socket");
    dprintf(1, "ready %s %s\n", handle, where);
    sigset_t none;
    sigemptyset(&none);
    while (!is_ended) {
        struct pollfd ends[] = {{0, POLLIN, 0}, {listener, POLLIN, 0}, {handles, POLLIN, 0}};
        if (ppoll(ends, 3, NULL, &none) < 0) {
            if (errno == EINTR) continue;
            return fail("poll");
        }
        if (ends[0].revents && !drop_unwanted()) break;
        if (ends[1].revents) accept_one(listener, is_agent);
        if (ends[2].revents) give_one(handles);
    }
    return 0;
}

static void note_end(int signal_number) {
    (void)signal_number;
    is_ended = 1;
}

/* The signals by which a command is ended are heard in `serve` alone, so that the agent's socket is removed. */
static void hear_endings(void) {
    const int endings[] = {SIGHUP, SIGTERM, SIGINT};
    sigset_t blocked;
    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        sigaddset(&blocked, endings[i]);
        sigaction(endings[i], &(struct sigaction){.sa_handler = note_end}, NULL);
    }
    sigprocmask(SIG_BLOCK, &blocked, NULL);
}

int main(int count, char **arguments) {
    const char *verb = count > 1 ? arguments[1] : "";
    for (size_t i = 0; i < MOST_WAITING; i++) waiting[i] = -1;
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(verb, "take") == 0 && count == 4) return take(arguments[2], (unsigned)strtoul(arguments[3], NULL, 10));
    hear_endings();
    if (strcmp(verb, "listen") == 0 && count == 4) {
        unsigned chosen = 0;
        int listener = open_tcp(arguments[2], (unsigned)strtoul(arguments[3], NULL, 10), &chosen);
        if (listener < 0) return fail("cannot listen");
        char where[16];
        snprintf(where, sizeof where, "%u", chosen);
        return serve(listener, false, where);
    }
    if (strcmp(verb, "agent") == 0) {
        int listener = open_agent();
        if (listener < 0) return fail("cannot listen");
        int result = serve(listener, true, agent_address.sun_path);
        unlink(agent_address.sun_path);
        rmdir(agent_folder);
        return result;
    }
    dprintf(2, "usage: forward listen ADDRESS PORT | agent | take HANDLE NUMBER\n");
    return 2;
}
