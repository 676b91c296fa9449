/*
 * PID 1 for images without an init: reaps, and obeys TERM (reboot), USR2 and the power button (power off).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { INPUTS = 8, EV_KEY = 1, KEY_POWER = 116, GRACE_MS = 2000 };

/* linux/input.h, which musl does not bring along. */
struct event {
    long seconds, microseconds;
    uint16_t type, code;
    int32_t value;
};

static volatile sig_atomic_t wanted;

static void on_signal(int number) {
    if (number == SIGTERM || number == SIGINT) wanted = RB_AUTOBOOT;
    if (number == SIGUSR1 || number == SIGUSR2) wanted = RB_POWER_OFF;
}

static void end_all(void) {
    kill(-1, SIGTERM);
    kill(-1, SIGHUP);
    for (int ms = 0; ms < GRACE_MS; ms += 10) {
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        }
        if (pid < 0 && errno == ECHILD) break;
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    sync();
    mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
    sync();
}

int main(void) {
    struct pollfd inputs[INPUTS];
    struct sigaction action = {.sa_handler = on_signal};
    const int heard[] = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGCHLD};
    sigset_t blocked, before;
    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof heard / sizeof *heard; i++) {
        sigaddset(&blocked, heard[i]);
        sigaction(heard[i], &action, NULL);
    }
    sigprocmask(SIG_BLOCK, &blocked, &before);
    reboot(RB_DISABLE_CAD);
    for (int i = 0; i < INPUTS; i++) {
        char path[32];
        snprintf(path, sizeof path, "/dev/input/event%d", i);
        inputs[i] = (struct pollfd){.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), .events = POLLIN};
    }
    while (!wanted) {
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
        if (ppoll(inputs, INPUTS, NULL, &before) <= 0) continue;
        for (int i = 0; i < INPUTS; i++) {
            struct event event;
            if (!(inputs[i].revents & POLLIN)) {
                if (inputs[i].revents) inputs[i].fd = -1;
                continue;
            }
            while (read(inputs[i].fd, &event, sizeof event) == sizeof event)
                if (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1) wanted = RB_POWER_OFF;
        }
    }
    int how = wanted;
    end_all();
    reboot(how);
    return 1;
}
