#define _GNU_SOURCE
#include "task-try.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "task-files.h"
#include "task-output.h"
#include "task-script.h"

static volatile sig_atomic_t hung_up;

static void note_hangup(int number) {
    (void)number;
    hung_up = 1;
}

static bool is_caller_gone(void) {
    struct pollfd caller = {.fd = 1};
    return hung_up || (poll(&caller, 1, 0) > 0 && caller.revents & (POLLERR | POLLHUP));
}

static void copy_kept(int file, int to) {
    char bytes[4096];
    ssize_t count;
    while ((count = read(file, bytes, sizeof bytes)) > 0) write_all(to, bytes, (size_t)count);
}

int try_script(const char *user, int seconds, size_t expected) {
    static struct stream streams[2];
    struct account account;
    size_t size;
    int ends[2], kept[2];
    char path[64], *script = read_script(&size);
    if (!script) return complain("memory");
    if (size != expected) {
        dprintf(2, "ramet: %zu of %zu bytes came\n", size, expected);
        return 2;
    }
    if (!find_account(user, &account)) {
        dprintf(2, "There is no user %s.\n", user);
        return 126;
    }
    /* Anybody may open it by its path, since the script's user is not root. */
    int text = memfd_create("script", 0);
    if (text < 0) return complain("script");
    write_all(text, script, size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", text);
    for (int i = 0; i < 2; i++) {
        int both[2];
        if (pipe2(both, O_CLOEXEC) < 0) return complain("pipe");
        fcntl(both[0], F_SETFL, O_NONBLOCK);
        streams[i].from = both[0];
        streams[i].file = memfd_create("output", MFD_CLOEXEC);
        kept[i] = fcntl(streams[i].file, F_DUPFD_CLOEXEC, 0);
        if (kept[i] < 0) return complain("output");
        ends[i] = both[1];
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGHUP, note_hangup);
    int64_t began = now_ms(), deadline = began + (int64_t)seconds * 1000;
    pid_t command = fork();
    if (command < 0) return complain("fork");
    if (command == 0) run_script(&account, path, ends[0], ends[1]);
    close(ends[0]);
    close(ends[1]);
    int status = 0;
    bool timed_out = false;
    siginfo_t ended = {0};
    while (waitid(P_PID, (id_t)command, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0) {
        if (is_caller_gone() || (timed_out && now_ms() > deadline + GRACE_MS)) kill(-command, SIGKILL);
        if (!timed_out && now_ms() > deadline) {
            timed_out = true;
            kill(-command, SIGTERM);
        }
        poll_streams(streams, POLL_MS / 4);
    }
    /* What it left in its process group, before the group's number may be another's. */
    kill(-command, SIGKILL);
    waitpid(command, &status, 0);
    printf("%s %d %lld\n", timed_out ? "timed-out" : "exited", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
           (long long)(now_ms() - began));
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        finish_stream(&streams[i]);
        lseek(kept[i], 0, SEEK_SET);
        copy_kept(kept[i], i + 1);
    }
    return 0;
}

