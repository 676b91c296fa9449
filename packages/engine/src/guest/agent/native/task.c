/*
 * task start NAME USER SECONDS BYTES   runs the script on standard input as a user, away from the caller; returns once it is under way
 * task look NAME                       how it is
 * task wait NAME                       the same, once it has ended
 * task try USER SECONDS BYTES          runs the script on standard input to its end: prints state (exited, timed-out), exit code, milliseconds; then its output
 *
 * Everything about a task is on the root drive, so that it outlives the caller, its connection and this boot. A task is started at most once a boot.
 * `look` prints one line: state, boot it began in, boot of now, exit code, milliseconds it took; then the task's own output, its errors as errors.
 * State: absent, running, exited, timed-out, or lost: its supervisor is gone and left no word.
 */
#define _GNU_SOURCE
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper.h"
#include "task-files.h"
#include "task-script.h"
#include "task-supervise.h"
#include "task-try.h"

static int start(const char *name, const char *user, int seconds, size_t expected) {
    char boot[BOOT + 1], before[BOOT + 1];
    struct account account;
    size_t size;
    char *script = read_script(&size);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (!script) return complain("memory");
    /* The connection broke: half a script is none. */
    if (size != expected) {
        dprintf(2, "ramet: %zu of %zu bytes came\n", size, expected);
        return 2;
    }
    signal(SIGHUP, SIG_IGN);
    if (!find_account(user, &account)) {
        dprintf(2, "There is no user %s.\n", user);
        return 126;
    }
    int folder = open_task(name, true);
    if (folder < 0) return complain(TASKS);
    int lock = openat(folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (lock < 0) return complain("lock");
    /* Held: by a supervisor of this boot, or by another caller that is about to become one. */
    if (fcntl(lock, F_OFD_SETLK, &whole) < 0) return 0;
    read_boot(boot);
    read_small(folder, "boot", before, sizeof before);
    if (strcmp(boot, before) == 0) return 0;
    /* Left over from before a clone or a roll-back: another lineage's. */
    const char *old[] = {"end", "out", "err"};
    for (size_t i = 0; i < sizeof old / sizeof *old; i++) unlinkat(folder, old[i], 0);
    if (put_file(folder, "script", script, size, 0644) < 0 || put_file(folder, "boot", boot, strlen(boot), 0644) < 0)
        return complain(name);
    pid_t supervisor = fork();
    if (supervisor < 0) return complain("fork");
    if (supervisor > 0) return 0;
    setsid();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++) dup2(null, i);
    if (chdir("/") < 0) _exit(1);
    supervise(folder, lock, &account, name, seconds);
}

static int look(const char *name, bool until_ended) {
    char now[BOOT + 1], boot[BOOT + 1], end[64];
    read_boot(now);
    int folder = open_task(name, false);
    if (folder < 0 || read_small(folder, "boot", boot, sizeof boot) == 0) {
        printf("absent - %s 0 0\n", now);
        return 0;
    }
    struct pollfd caller = {.fd = 1};
    bool held;
    /* A caller that is gone is not waited for. */
    while ((held = is_held(folder)) && until_ended)
        if (poll(&caller, 1, POLL_MS) > 0 && caller.revents & (POLLERR | POLLHUP)) return 1;
    if (read_small(folder, "end", end, sizeof end) > 0) {
        char state[16];
        long code, took;
        if (sscanf(end, "%15s %ld %ld", state, &code, &took) != 3) return complain("end");
        printf("%s %s %s %ld %ld\n", state, boot, now, code, took);
    } else {
        printf("%s %s %s 0 0\n", held ? "running" : "lost", boot, now);
    }
    fflush(stdout);
    copy_file(folder, "out", 1);
    copy_file(folder, "err", 2);
    return 0;
}

int task_main(int count, char **arguments) {
    const char *verb = count > 1 ? arguments[1] : "", *name = count > 2 ? arguments[2] : "";
    if (!is_task_name(name)) {
        dprintf(2, "usage: task start NAME USER SECONDS BYTES | look NAME | wait NAME | try USER SECONDS BYTES\n");
        return 2;
    }
    if (strcmp(verb, "start") == 0 && count == 6)
        return start(name, arguments[3], atoi(arguments[4]), strtoul(arguments[5], NULL, 10));
    if (strcmp(verb, "try") == 0 && count == 5) return try_script(name, atoi(arguments[3]), strtoul(arguments[4], NULL, 10));
    if (strcmp(verb, "look") == 0 && count == 3) return look(name, false);
    if (strcmp(verb, "wait") == 0 && count == 3) return look(name, true);
    return 2;
}
