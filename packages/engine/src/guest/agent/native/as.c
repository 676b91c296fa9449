/*
 * as USER [--pty] [-c COMMAND | -- PROGRAM [ARGUMENT...]]
 *
 * Runs a command as a user of the guest: COMMAND by the login shell, PROGRAM as it is, neither: an interactive login shell.
 * A PROGRAM that begins with ./ is found in the caller's working directory. Started by the platform's root only.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account.h"

static pid_t command = -1;

static void pass_on(int number) {
    if (command > 0) kill(-command, number);
}

static int end_like(int status) {
    if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

static void wake(int number) { (void)number; }

/*
 * Stays as the parent. It hands signals on to the whole process group; and it hangs the group up when nobody reads its output any more:
 * without a terminal nothing else tells a command that its ssh channel is gone.
 */
static void supervise(void) {
    const int passed_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP};
    sigset_t child_ended, before;
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    signal(SIGCHLD, wake);
    sigprocmask(SIG_BLOCK, &child_ended, &before);
    command = fork();
    if (command < 0) {
        perror("ramet: fork");
        exit(126);
    }
    if (command == 0) {
        setsid();
        return;
    }
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++) signal(passed_on[i], pass_on);
    close(0);
    struct pollfd output = {.fd = 1};
    int status;
    while (waitpid(command, &status, WNOHANG) == 0) {
        if (ppoll(&output, 1, NULL, &before) <= 0 || output.revents == 0) continue;
        if (output.revents & POLLERR) {
            kill(-command, SIGHUP);
            kill(-command, SIGCONT);
        }
        output.fd = -1;
    }
    exit(end_like(status));
}

static int usage(void) {
    dprintf(2, "usage: as USER [--pty] [-c COMMAND | -- PROGRAM [ARGUMENT...]]\n");
    return 2;
}

int as_main(int count, char **arguments) {
    if (count < 2) return usage();
    const char *user = arguments[1], *line = NULL;
    char **program = NULL;
    int at = 2;
    if (at < count && strcmp(arguments[at], "--pty") == 0) at++;
    if (at < count) {
        if (strcmp(arguments[at], "-c") == 0 && at + 2 == count) line = arguments[at + 1];
        else if (strcmp(arguments[at], "--") == 0 && at + 1 < count) program = arguments + at + 1;
        else return usage();
    }
    struct account account;
    if (!find_account(user, &account)) {
        dprintf(2, "ramet: there is no user %s\n", user);
        return 126;
    }
    int file = -1;
    if (program && strncmp(program[0], "./", 2) == 0) {
        file = open(program[0], O_PATH | O_CLOEXEC);
        if (file < 0) {
            dprintf(2, "ramet: %s: %s\n", program[0], strerror(errno));
            return 127;
        }
    }
    if (isatty(0)) give_terminal(0, &account);
    else supervise();
    become(&account);
    if (!program) run_shell(&account, line);
    if (file >= 0) fexecve(file, program, environ);
    else execvp(program[0], program);
    dprintf(2, "ramet: %s: %s\n", program[0], strerror(errno));
    return errno == ENOENT ? 127 : 126;
}
