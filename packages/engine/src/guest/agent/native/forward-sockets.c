/* The sockets that `forward` opens. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forward.h"

int fail(const char *what) {
    dprintf(2, "ramet: %s: %s\n", what, strerror(errno));
    return 1;
}

/* Sockets of the abstract namespace: no file is left, whatever ends this. */
socklen_t name_handle(struct sockaddr_un *address, const char *handle) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "ramet-forward-%s", handle);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address->sun_path + 1));
}

bool is_of_user(int connection, uid_t user) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == user;
}

int open_handle(char handle[2 * HANDLE_BYTES + 1]) {
    uint8_t random[HANDLE_BYTES];
    if (getrandom(random, sizeof random, 0) != sizeof random) return -1;
    for (size_t i = 0; i < sizeof random; i++) sprintf(handle + 2 * i, "%02x", random[i]);
    struct sockaddr_un address;
    socklen_t size = name_handle(&address, handle);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, MOST_WAITING) < 0) return -1;
    return listener;
}

int open_tcp(const char *host, unsigned port, unsigned *chosen) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    bool is_v4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1;
    if (!is_v4 && inet_pton(AF_INET6, host, &v6.sin6_addr) != 1) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int listener = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) return -1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    struct sockaddr *address = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t size = is_v4 ? sizeof v4 : sizeof v6;
    if (bind(listener, address, size) < 0 || listen(listener, MOST_WAITING) < 0 || getsockname(listener, address, &size) < 0) return -1;
    *chosen = ntohs(is_v4 ? v4.sin_port : v6.sin6_port);
    return listener;
}

char agent_folder[] = "/tmp/ssh-XXXXXXXXXX";
struct sockaddr_un agent_address = {.sun_family = AF_UNIX};

int open_agent(void) {
    if (!mkdtemp(agent_folder)) return -1;
    snprintf(agent_address.sun_path, sizeof agent_address.sun_path, "%s/agent.%d", agent_folder, getpid());
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    umask(0177);
    if (listener < 0 || bind(listener, (struct sockaddr *)&agent_address, sizeof agent_address) < 0 || listen(listener, MOST_WAITING) < 0) return -1;
    return listener;
}
