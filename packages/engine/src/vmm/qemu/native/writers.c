#define _GNU_SOURCE
#include "writers.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define LOOK_EVERY_MS 5

/*
 * A read lease is given only while the kernel counts no writer of the inode (fcntl(2), "Leases"; check_conflicting_open of fs/locks.c). That counts open files rather than descriptors: copies
 * in other processes, those on their way through a socket, and mappings are all in it. A filesystem without leases tells nothing.
 */
static bool is_written(int file) {
    if (fcntl(file, F_SETLEASE, F_RDLCK) < 0) return errno == EAGAIN;
    fcntl(file, F_SETLEASE, F_UNLCK);
    return false;
}

bool has_no_writer(const char *path, int within_ms) {
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return false;
    /* Who opens the file at this moment makes the kernel tell us to give the lease back. */
    void (*before)(int) = signal(SIGIO, SIG_IGN);
    bool written;
    for (int left = within_ms; (written = is_written(file)) && left > 0; left -= LOOK_EVERY_MS) usleep(LOOK_EVERY_MS * 1000);
    signal(SIGIO, before);
    close(file);
    errno = ETXTBSY;
    return !written;
}
