/*
 * watch
 *
 * Starts the platform's helpers, one a line of the file `helpers`, and starts again whichever ends or is stopped. It lives in the platform's tmpfs, as they do.
 * It does next to nothing itself, so hardly anything but a signal ends it; and when one does (`kill -9 -1`), the kernel starts it again: it is alone in a control
 * group, and the kernel calls a group's release agent when its last process is gone (Documentation/admin-guide/cgroup-v1/cgroups.rst, 1.4). A named
 * hierarchy without controllers does that on any kernel, beside whatever the image does with control groups. It is unmounted at once and stays, for the group in it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "only.h"
#include "oom.h"

enum { HELPERS = 8, WORDS = 4, LONGEST_LIST = 1024, AGAIN_MS = 100, LATEST_MS = 1000 };

/* As the kernel finds it, in the root of PID 1. */
#define PROGRAM "/run/ramet/watch"
#define GROUPS "watch-groups"

struct helper {
    char *words[WORDS + 1];
    pid_t process;
    int64_t began, next, pause;
};

static struct helper helpers[HELPERS];
static size_t count;
/* Open end of the hierarchy's root, where helpers go; -1: the kernel has no such hierarchy. */
static int everybody = -1;

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool put(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    bool done = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
    if (file >= 0) close(file);
    return done;
}

static void be_revived(void) {
    mkdir(GROUPS, 0700);
    if (mount("ramet", GROUPS, "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, "none,name=ramet") < 0) return;
    mkdir(GROUPS "/watch", 0755);
    everybody = open(GROUPS "/cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (!put(GROUPS "/release_agent", PROGRAM) || !put(GROUPS "/watch/notify_on_release", "1") || !put(GROUPS "/watch/cgroup.procs", "0"))
        dprintf(2, "ramet watch: %s\n", strerror(errno));
    umount2(GROUPS, MNT_DETACH);
}

/* systemd ends all processes by systemd-shutdown, which is PID 1 then. Whoever came back would only be ended again. */
static bool is_going_down(void) {
    char name[16] = "";
    int file = open("/proc/1/comm", O_RDONLY | O_CLOEXEC);
    if (file >= 0 && read(file, name, sizeof name - 1) < 0) name[0] = 0;
    if (file >= 0) close(file);
    return strncmp(name, "systemd-shutdow", 15) == 0;
}

static void read_helpers(void) {
    static char list[LONGEST_LIST + 1];
    int file = open("helpers", O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? 0 : read(file, list, LONGEST_LIST);
    if (file >= 0) close(file);
    list[size > 0 ? size : 0] = 0;
    char *rest = list, *line, *word;
    while ((line = strsep(&rest, "\n")) && count < HELPERS) {
        size_t words = 0;
        while ((word = strsep(&line, " ")) && words < WORDS)
            if (*word) helpers[count].words[words++] = word;
        if (words > 0) count++;
    }
}

static void start(struct helper *helper) {
    helper->began = now_ms();
    helper->process = fork();
    if (helper->process != 0) return;
    char path[64];
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGHUP, SIG_DFL);
    if (everybody >= 0 && write(everybody, "0", 1) < 0) dprintf(2, "ramet watch: %s\n", strerror(errno));
    snprintf(path, sizeof path, "./%s", helper->words[0]);
    execv(path, helper->words);
    dprintf(2, "ramet watch: %s: %s\n", path, strerror(errno));
    _exit(127);
}

/* One that cannot live is tried again less and less often. */
static void note_end(pid_t process) {
    for (size_t i = 0; i < count; i++) {
        struct helper *helper = &helpers[i];
        if (helper->process != process) continue;
        helper->process = 0;
        helper->pause = now_ms() - helper->began > LATEST_MS ? AGAIN_MS : helper->pause * 2 + AGAIN_MS;
        if (helper->pause > LATEST_MS) helper->pause = LATEST_MS;
        helper->next = now_ms() + helper->pause;
    }
}

/* Returns for how long nothing is to be done, -1: for ever. */
static int64_t start_missing(void) {
    int64_t wait = -1;
    for (size_t i = 0; i < count; i++) {
        struct helper *helper = &helpers[i];
        int64_t left = helper->next - now_ms();
        if (helper->process > 0) continue;
        if (left <= 0) {
            start(helper);
            if (helper->process > 0) continue;
            helper->process = 0;
            left = LATEST_MS;
            helper->next = now_ms() + left;
        }
        if (wait < 0 || left < wait) wait = left;
    }
    return wait;
}

int main(int arguments, char **words) {
    char folder[64];
    (void)arguments;
    /* The kernel starts it without any. */
    for (int file = 0; file < 3;)
        if ((file = open("/dev/null", O_RDWR)) < 0) break;
        else if (file >= 3) close(file);
    snprintf(folder, sizeof folder, "%s", words[0]);
    char *slash = strrchr(folder, '/');
    if (slash) *slash = 0;
    if (is_going_down() || !slash || chdir(folder) < 0) return 1;
    be_the_only("watch.lock");
    setsid();
    umask(022);
    signal(SIGHUP, SIG_IGN);
    set_oom_score("-1000");
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    be_revived();
    read_helpers();
    for (;;) {
        int64_t wait = start_missing();
        struct timespec limit = {wait / 1000, wait % 1000 * 1000000};
        if (wait < 0) sigwaitinfo(&child, NULL);
        else sigtimedwait(&child, NULL, &limit);
        pid_t process;
        int status;
        while ((process = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
            if (WIFSTOPPED(status)) kill(process, SIGCONT);
            else note_end(process);
        }
    }
}
