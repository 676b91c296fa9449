#define _GNU_SOURCE
#include "task-supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "oom.h"
#include "task-files.h"
#include "task-output.h"
#include "task-script.h"

enum { INIT_MS = 180000, INIT_POLL_MS = 300 };

static bool has_systemd(void) {
    char init[PATH_MAX];
    if (realpath("/sbin/init", init)) return strstr(init, "/systemd") != NULL;
    return access("/lib/systemd/systemd", X_OK) == 0;
}

static bool is_up(void) {
    char word[32] = "";
    int both[2];
    if (pipe2(both, O_CLOEXEC) < 0) return true;
    pid_t asking = fork();
    if (asking == 0) {
        dup2(both[1], 1);
        execlp("systemctl", "systemctl", "is-system-running", (char *)NULL);
        _exit(127);
    }
    close(both[1]);
    if (asking < 0 || read(both[0], word, sizeof word - 1) < 0) word[0] = 0;
    close(both[0]);
    if (asking > 0) waitpid(asking, NULL, 0);
    return word[0] != 0 && strncmp(word, "initializing", 12) != 0 && strncmp(word, "offline", 7) != 0 && strncmp(word, "unknown", 7) != 0;
}

/*
 * We are here seconds before a machine's own init is. Tasks speak to it (systemctl enable --now), count on its sysctls and on a /tmp that is not cleared
 * again: they begin once systemd has its basic target. Other inits cannot be asked.
 */
static void await_init(void) {
    int64_t deadline = now_ms() + INIT_MS;
    if (!has_systemd()) return;
    while (!is_up() && now_ms() < deadline) poll(NULL, 0, INIT_POLL_MS);
}

void supervise(int folder, int lock, const struct account *account, const char *name, int seconds) {
    static struct stream streams[2];
    const char *files[] = {"out", "err"};
    int ends[2];
    for (int i = 0; i < 2; i++) {
        int both[2];
        if (pipe2(both, O_CLOEXEC) < 0) _exit(1);
        fcntl(both[0], F_SETFL, O_NONBLOCK);
        streams[i].from = both[0];
        streams[i].file = openat(folder, files[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        ends[i] = both[1];
    }
    await_init();
    int64_t began = now_ms(), deadline = began + (int64_t)seconds * 1000;
    char script[LONGEST_PATH];
    snprintf(script, sizeof script, TASKS "/%s/script", name);
    pid_t command = fork();
    if (command == 0) run_script(account, script, ends[0], ends[1]);
    close(ends[0]);
    close(ends[1]);
    set_oom_score("-1000");
    int status = 0;
    bool timed_out = false;
    while (command > 0 && waitpid(command, &status, WNOHANG) == 0) {
        if (!timed_out && now_ms() > deadline) {
            timed_out = true;
            kill(-command, SIGTERM);
        }
        if (timed_out && now_ms() > deadline + GRACE_MS) kill(-command, SIGKILL);
        poll_streams(streams, POLL_MS);
    }
    int code = command < 0 ? 126 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (timed_out) kill(-command, SIGKILL);
    int64_t took = now_ms() - began;
    for (int i = 0; i < 2; i++) finish_stream(&streams[i]);
    /* What the task did is on the disk before anybody may say that it has been done. */
    sync();
    char end[64];
    int length = snprintf(end, sizeof end, "%s %d %lld\n", timed_out ? "timed-out" : "exited", code, (long long)took);
    put_file(folder, "end", end, (size_t)length, 0644);
    close(lock);
    /* What it left running in the background may go on writing; nobody keeps that. */
    while (streams[0].from >= 0 || streams[1].from >= 0) poll_streams(streams, -1);
    _exit(0);
}
