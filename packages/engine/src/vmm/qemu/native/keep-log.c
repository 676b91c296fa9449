/*
 * keep-log UID GID CONSOLE_BYTES MESSAGE_BYTES [GROUP...] -- PROGRAM [ARGUMENT...]
 *
 * Becomes PROGRAM, whose descriptor 3 is then a pipe for the output of its guest's console, and whose standard output and error are one for its own messages. A second process
 * with UID and GID alone reads both until nobody can write to them, however long the server is gone, and keeps the newest of what it reads in two files each: 3 and 4 for the console,
 * 5 and 6 for the messages, all empty and open for writing. It is in the control groups GROUP, since it is not to end with the server's own. Descriptor 7 is closed when that process ends, so whoever has its other end learns that all is written.
 *
 * It writes into one file until that has half of the BYTES, then empties the other one and goes on there. So a file with that many bytes is the older one of its pair. Only
 * descriptors are used: the writer knows no name, and never has the files.
 *
 * Reading never stops: what cannot be written (a full disk) is dropped, since a VM waits in a write to a full pipe.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONSOLE_FILES = 3, MESSAGE_FILES = 5, LIFE = 7, CONSOLE_PIPE = 3 };

struct log {
    int from;
    int files[2];
    off_t half;
    int now;
    off_t at;
};

static char buffer[64 * 1024];

__attribute__((noreturn)) static void give_up(const char *what) {
    dprintf(2, "keep-log: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static unsigned long number(const char *text) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || end == text || *end) {
        errno = EINVAL;
        give_up(text);
    }
    return value;
}

static void keep(struct log *log, const char *bytes, size_t count) {
    while (count > 0) {
        if (log->at >= log->half) {
            log->now = !log->now;
            log->at = 0;
            if (ftruncate(log->files[log->now], 0)) return;
        }
        size_t room = (size_t)(log->half - log->at);
        ssize_t done = pwrite(log->files[log->now], bytes, count < room ? count : room, log->at);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return;
        log->at += done;
        bytes += done;
        count -= (size_t)done;
    }
}

/* Returns false at the end. */
static bool take(struct log *log) {
    ssize_t count = read(log->from, buffer, sizeof buffer);
    if (count < 0) return errno == EINTR || errno == EAGAIN;
    keep(log, buffer, (size_t)count);
    return count > 0;
}

__attribute__((noreturn)) static void keep_both(struct log *logs) {
    struct pollfd polled[2] = {{logs[0].from, POLLIN, 0}, {logs[1].from, POLLIN, 0}};
    while (polled[0].fd >= 0 || polled[1].fd >= 0) {
        if (poll(polled, 2, -1) < 0 && errno != EINTR) _exit(1);
        for (int each = 0; each < 2; each++)
            if (polled[each].fd >= 0 && polled[each].revents && !take(&logs[each])) polled[each].fd = -1;
    }
    _exit(0);
}

static void enter(const char *group) {
    char file[4096];
    if ((size_t)snprintf(file, sizeof file, "%s/cgroup.procs", group) >= sizeof file) _exit(1);
    int out = open(file, O_WRONLY | O_CLOEXEC);
    if (out < 0 || write(out, "0", 1) < 0) give_up(group);
    close(out);
}

/* Gives up all rights, and everything that it does not need. */
static void become(uid_t uid, gid_t gid) {
    if (setsid() < 0) give_up("setsid");
    if (chdir("/")) give_up("chdir");
    if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)) give_up("giving up rights");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) give_up("no_new_privs");
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
}

static void move(int from, int to) {
    if (from == to) return;
    if (dup2(from, to) < 0) give_up("dup2");
    close(from);
}

int main(int argc, char **argv) {
    char **program = argv + 5;
    while (argc > 6 && program < argv + argc && strcmp(*program, "--")) program++;
    if (argc <= 6 || program + 1 >= argv + argc) {
        errno = EINVAL;
        give_up("arguments");
    }
    program++;
    uid_t uid = (uid_t)number(argv[1]);
    gid_t gid = (gid_t)number(argv[2]);
    struct log logs[2] = {{-1, {CONSOLE_FILES, CONSOLE_FILES + 1}, (off_t)number(argv[3]) / 2, 0, 0},
                          {-1, {MESSAGE_FILES, MESSAGE_FILES + 1}, (off_t)number(argv[4]) / 2, 0, 0}};
    if (uid == 0 || gid == 0 || logs[0].half == 0 || logs[1].half == 0) {
        errno = EINVAL;
        give_up("arguments");
    }
    int console[2], messages[2];
    if (pipe(console) || pipe(messages)) give_up("pipe");
    pid_t child = fork();
    if (child < 0) give_up("fork");
    if (child == 0) {
        /* Twice, so that PROGRAM has no child that it does not know. */
        pid_t reader = fork();
        if (reader < 0) give_up("fork");
        if (reader > 0) _exit(0);
        for (char **group = argv + 5; group < program - 1; group++) enter(*group);
        /* Who looks for PROGRAM by its arguments must not find this process. */
        for (int each = 1; each < argc; each++) memset(argv[each], 0, strlen(argv[each]));
        become(uid, gid);
        close(console[1]);
        close(messages[1]);
        close(0);
        close(1);
        close(2);
        /* What the server gave PROGRAM besides is not for us. */
        logs[0].from = console[0];
        logs[1].from = messages[0];
        for (int each = LIFE + 1; each < 1024; each++)
            if (each != console[0] && each != messages[0]) close(each);
        keep_both(logs);
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) give_up("waitpid");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) _exit(1);
    close(console[0]);
    close(messages[0]);
    for (int each = CONSOLE_FILES; each <= LIFE; each++) close(each);
    move(console[1], CONSOLE_PIPE);
    if (dup2(messages[1], 1) < 0 || dup2(messages[1], 2) < 0) give_up("dup2");
    close(messages[1]);
    execvp(program[0], program);
    give_up(program[0]);
}
