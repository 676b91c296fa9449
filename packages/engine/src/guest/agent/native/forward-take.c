/* forward take: a connection that another of its processes has accepted. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forward.h"

static int take_descriptor(int from) {
    char byte, room[CMSG_SPACE(sizeof(int))];
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS) return -1;
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

/* Moves what is there; false at the end. */
static bool move(int from, int to) {
    static char bytes[65536];
    ssize_t count = read(from, bytes, sizeof bytes);
    if (count < 0) return errno == EINTR;
    for (ssize_t done = 0, wrote; done < count; done += wrote)
        if ((wrote = write(to, bytes + done, (size_t)(count - done))) < 0) {
            if (errno != EINTR) return false;
            wrote = 0;
        }
    return count > 0;
}

/* One process for each direction: neither waits for the other's reader. */
static int join(int connection) {
    pid_t other = fork();
    if (other < 0) return fail("no process");
    if (other == 0) {
        /* Else the host would not see its end. */
        close(1);
        while (move(0, connection)) {}
        shutdown(connection, SHUT_WR);
        _exit(0);
    }
    close(0);
    while (move(connection, 1)) {}
    /* The end of one direction is not the end of the other. */
    close(1);
    waitpid(other, NULL, 0);
    return 0;
}

int take(const char *handle, unsigned number) {
    struct sockaddr_un address;
    socklen_t size = name_handle(&address, handle);
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint32_t which = number;
    if (server < 0 || connect(server, (struct sockaddr *)&address, size) < 0 || !is_of_user(server, geteuid())) return fail("nothing forwards any more");
    if (send(server, &which, sizeof which, MSG_NOSIGNAL) != sizeof which) return fail("not asked");
    int connection = take_descriptor(server);
    if (connection < 0) return fail("the connection is gone");
    close(server);
    return join(connection);
}
