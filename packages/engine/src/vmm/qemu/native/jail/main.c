/*
 * jail [OPTION ARGUMENT…]… -- PROGRAM ARGUMENT…
 *
 * Started as root; becomes the keeper of one program that runs as another user, in mount, pid, ipc and uts namespaces of its own, and sees nothing of the
 * host but what is named here. Each path means the same inside as outside.
 *   group FOLDER         joins a control group
 *   netns FILE           enters a network namespace
 *   uid NUMBER           user and group of the program; required
 *   root FOLDER          an empty folder, over which the program's root is mounted (in its namespace alone); required
 *   record FILE TEXT     before the program begins, writes {"pid":…,"startTime":…,"bootId":…,TEXT} into FILE, whole or not at all
 *   end FILE             when it has ended, and nothing of it is left, {"code":…} or {"signal":…} is written into FILE
 *   listen NUMBER FILE   a socket at FILE that only root may connect to, as that descriptor
 *   meet NUMBER FILE     the same, that the user may connect to as well
 *   tap NUMBER NAME      an interface of the network namespace, as that descriptor
 *   keep NUMBER          a descriptor that the caller gives; every other one but 0, 1 and 2 is closed
 *   system PATH          a file or folder that is read and executed; a symbolic link is copied; one that is not there is left out
 *   read FILE            a file that is read
 *   sealed FILE          the same, which is never written again: while any process could still write to it, nothing is started
 *   folder HERE THERE    the folder HERE, under the name THERE; files in it may be written by who owns them
 *   device NAME          a device of /dev
 *   env NAME=VALUE       the program's whole environment
 *   sockets unix|any     the sockets that it may make; otherwise it has those that it is given
 * A PROGRAM without a slash is looked for where Debian has programs.
 * It ends as the program ends, by the same exit code or signal, and the program ends when it is ended.
 */
#define _GNU_SOURCE
#include "descriptors.h"
#include "fail.h"
#include "own-root.h"
#include "record.h"
#include "rights.h"
#include "walls.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* linux/seccomp.h and linux/keyctl.h, which musl does not bring along. */
#define SECCOMP_MODE_STRICT 1
#define JOIN_SESSION_KEYRING 1

/* Of the process that only holds the pid namespace. */
#define NOBODY 65534

/* Whoever looks for a run's programs is not to find their keepers, and command lines of VMs are long. */
static void wipe(char **argv) {
    for (char **word = argv + 1; *word; word++) memset(*word, 0, strlen(*word));
}

/* The first process of the pid namespace. It holds it and reaps, and may do nothing but wait for its keeper's end: signals are no less to the program than to any other. */
__attribute__((noreturn)) static void hold(int lifeline, char **argv) {
    wipe(argv);
    signal(SIGCHLD, SIG_IGN);
    setsid();
    close_all(0, lifeline - 1);
    close_all(lifeline + 1, 0x7fffffff);
    become(NOBODY);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) < 0) _exit(1);
    char any;
    while (read(lifeline, &any, 1) > 0);
    for (;;) syscall(SYS_exit, 0);
}

/* In the program's own root. */
static int open_program(const char *name, char path[4096]) {
    static const char *const folders[] = {"/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/"};
    int file = -1;
    for (size_t at = 0; file < 0 && at < (strchr(name, '/') ? 1 : sizeof folders / sizeof *folders); at++) {
        if ((size_t)snprintf(path, 4096, "%s%s", strchr(name, '/') ? "" : folders[at], name) >= 4096) refuse(name);
        file = open(path, O_PATH | O_CLOEXEC);
    }
    if (file < 0) give_up("%s", name);
    return own(file);
}

__attribute__((noreturn)) static void run(char **program, int gate) {
    setsid();
    /* What root's session has of keys. */
    if (syscall(SYS_keyctl, JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS) give_up("keys");
    enter_root(program[0]);
    char path[4096];
    int file = open_program(program[0], path);
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) < 0) give_up("core files");
    become(walls.uid);
    umask(077);
    place_descriptors();
    char any;
    if (read(gate, &any, 1) != 1) _exit(1);
    close_all(OWN, file - 1);
    close_all(file + 1, 0x7fffffff);
    refuse_calls(walls.sockets);
    /* By its open file: a folder above it may be closed to the user. A script has to be opened again by its interpreter. */
    syscall(SYS_execveat, file, "", program, walls.environment, AT_EMPTY_PATH);
    if (errno == ENOENT || errno == ENOSYS) execve(path, program, walls.environment);
    give_up("%s", program[0]);
}

static int end_of(pid_t pid) {
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) _exit(1);
    return status;
}

/* Ends as the program did, when nothing of it is left. */
__attribute__((noreturn)) static void follow(pid_t pid, pid_t holder, int lifeline, int end) {
    int status = end_of(pid);
    close(lifeline);
    end_of(holder);
    record_end(end, status);
    if (WIFSIGNALED(status)) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

int main(int argc, char **argv) {
    (void)argc;
    take_options(argv + 1, true);
    close_but_kept();
    if (walls.netns) {
        int entered = open(walls.netns, O_RDONLY | O_CLOEXEC);
        if (entered < 0 || setns(entered, CLONE_NEWNET) < 0) give_up("%s", walls.netns);
        close(entered);
    }
    char **program = take_options(argv + 1, false);
    if (!walls.root || !walls.uid || !*program) refuse("root, uid and a program are needed");
    int lifeline[2], gate[2];
    if (pipe2(lifeline, O_CLOEXEC) < 0 || pipe2(gate, O_CLOEXEC) < 0) give_up("pipe");
    for (int end = 0; end < 2; end++) lifeline[end] = own(lifeline[end]), gate[end] = own(gate[end]);
    int end = open_end();
    if (unshare(CLONE_NEWPID) < 0) give_up("pid namespace");
    pid_t holder = fork();
    if (holder == 0) hold(lifeline[0], argv);
    if (holder < 0) give_up("fork");
    pid_t pid = fork();
    if (pid == 0) {
        close(gate[1]);
        close(lifeline[1]);
        run(program, gate[0]);
    }
    if (pid < 0) give_up("fork");
    record(pid);
    if (write(gate[1], "", 1) != 1) give_up("gate");
    /* What the program was given is its own: whoever is at the other end of it is to see its end. */
    if (end >= 0 && dup2(end, 0) < 0) give_up("descriptor %d", end);
    close_all(end >= 0, lifeline[1] - 1);
    close_all(lifeline[1] + 1, 0x7fffffff);
    become(walls.uid);
    wipe(argv);
    follow(pid, holder, lifeline[1], end >= 0 ? 0 : -1);
}
