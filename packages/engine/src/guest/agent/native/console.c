/*
 * keeper console TERMINAL
 *
 * A root shell on the serial line for as long as the machine runs: the last way in when all else fails. Started anew when it ends.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "account.h"
#include "keeper.h"
#include "only.h"
#include "oom.h"

static volatile sig_atomic_t stopping;
static volatile pid_t shell = -1;

/* Interactive shells ignore SIGTERM, and an orderly shutdown would wait for them until its timeout. */
static void stop(int number) {
    (void)number;
    stopping = 1;
    if (shell > 0) kill(-shell, SIGHUP);
}

static void run_login(int terminal) {
    setsid();
    ioctl(terminal, TIOCSCTTY, 1);
    struct termios settings;
    if (tcgetattr(terminal, &settings) == 0) {
        settings.c_iflag = ICRNL | IXON | IUTF8;
        settings.c_oflag = OPOST | ONLCR;
        settings.c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
        settings.c_cflag |= CREAD | CLOCAL;
        tcsetattr(terminal, TCSANOW, &settings);
    }
    for (int fd = 0; fd < 3; fd++) dup2(terminal, fd);
    if (terminal > 2) close(terminal);
    struct account root;
    find_account("root", &root);
    clearenv();
    setenv("TERM", "vt220", 1);
    become(&root);
    run_shell(&root, NULL);
}

int console_main(int count, char **arguments) {
    if (count != 2) return 2;
    be_the_only("console.lock");
    set_oom_score("-1000");
    signal(SIGTERM, stop);
    signal(SIGHUP, SIG_IGN);
    while (!stopping) {
        int terminal = open(arguments[1], O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (terminal >= 0) {
            pid_t pid = fork();
            if (pid == 0) run_login(terminal);
            close(terminal);
            shell = pid;
            if (stopping && pid > 0) kill(-pid, SIGHUP);
            if (pid > 0) waitpid(pid, NULL, 0);
            shell = -1;
        }
        if (!stopping) sleep(1);
    }
    return 0;
}
