/* Runs a command by a user's shell. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"

/* The kernel takes arguments of less than 128 KiB each (execve(2), MAX_ARG_STRLEN). */
enum { LONGEST_ARGUMENT = 128 * 1024 - 1, PIECE = 100 * 1024, PIECES = 8 };

static bool is_inside_character(char byte) { return (byte & 0xc0) == 0x80; }

/*
 * A longer command goes in pieces, which the shell puts together again and evaluates: what it sees is the command, with no argument of ours left. Cut between
 * two characters, since a shell may read its arguments by them.
 */
static void run_in_pieces(const char *shell, const char *name, const char *command) {
    char *arguments[PIECES + 5] = {strdup(name), "-c", NULL, strdup(name)};
    char line[160], *at = line;
    size_t count = 0;
    for (size_t rest = strlen(command); rest > 0 && count < PIECES;) {
        size_t size = rest < PIECE ? rest : PIECE;
        while (size < rest && size > 1 && is_inside_character(command[size])) size--;
        arguments[4 + count++] = strndup(command, size);
        command += size;
        rest -= size;
    }
    at += sprintf(at, "eval \"shift %zu; ", count);
    for (size_t i = 1; i <= count; i++) at += sprintf(at, "$%zu", i);
    sprintf(at, "\"");
    arguments[2] = line;
    execv(shell, arguments);
}

static bool evaluates_pieces(const char *name) {
    const char *others[] = {"fish", "csh", "tcsh"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(name, others[i]) == 0) return false;
    return true;
}

/*
 * Under our own PID 1 the image is one for containers: a login shell's /etc/profile would put the standard PATH in the place of the image's own. (exec into a
 * container starts no login shell either.)
 */
static bool is_container_image(void) {
    char name[8] = "";
    int file = open("/proc/1/comm", O_RDONLY | O_CLOEXEC);
    if (file >= 0 && read(file, name, sizeof name - 1) < 0) name[0] = 0;
    if (file >= 0) close(file);
    return strcmp(name, "pid1\n") == 0;
}

void run_shell(const struct account *account, const char *command) {
    const char *slash = strrchr(account->shell, '/'), *name = slash ? slash + 1 : account->shell;
    char login[sizeof account->shell + 1];
    snprintf(login, sizeof login, "-%s", name);
    if (!command) execl(account->shell, is_container_image() ? name : login, (char *)NULL);
    else if (strlen(command) <= LONGEST_ARGUMENT) execl(account->shell, name, "-c", command, (char *)NULL);
    else if (evaluates_pieces(name)) run_in_pieces(account->shell, name, command);
    else {
        dprintf(2, "ramet: %s takes commands of up to %d bytes: send the script on its standard input\n", name, LONGEST_ARGUMENT);
        _exit(126);
    }
    dprintf(2, "ramet: %s: %s\n", account->shell, strerror(errno));
    _exit(127);
}
