/* How the platform's helpers open a virtio-serial port, and hear of it. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/*
 * Not blocking: a blocking write spins in the driver until the host has taken the buffer (drivers/char/virtio_console.c, __send_to_port).
 * The driver's news of the port (bytes came, the host opened or closed its end) arrive as SIGCONT: it lets a helper go on that somebody has stopped.
 * A former holder that is about to end keeps the port for a moment. -1 on failure.
 */
static inline int open_port(const char *path) {
    int port, tries = 0;
    while ((port = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0 && errno == EBUSY && tries++ < 100)
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    if (port < 0) return -1;
    /* What the kernel sends when SIGCONT cannot be queued; by default it would end us (fcntl(2), F_SETSIG). */
    signal(SIGIO, SIG_IGN);
    fcntl(port, F_SETOWN, getpid());
    fcntl(port, F_SETSIG, SIGCONT);
    fcntl(port, F_SETFL, O_NONBLOCK | O_ASYNC);
    return port;
}
