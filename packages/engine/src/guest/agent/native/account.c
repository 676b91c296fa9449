#define _GNU_SOURCE
#include "account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "environment.h"
#include "oom.h"

static bool fits(char *into, size_t size, const char *text) {
    return (size_t)snprintf(into, size, "%s", text) < size;
}

bool find_account(const char *name, struct account *account) {
    struct passwd *entry = getpwnam(name);
    struct passwd root = {.pw_dir = "/root", .pw_shell = ""};
    if (entry == NULL && strcmp(name, "root") == 0) entry = &root;
    if (entry == NULL || !fits(account->name, sizeof account->name, name)) return false;
    if (!fits(account->home, sizeof account->home, entry->pw_dir) || !fits(account->shell, sizeof account->shell, entry->pw_shell)) return false;
    account->uid = entry->pw_uid;
    account->gid = entry->pw_gid;
    const char *shells[] = {account->shell, "/bin/bash", "/bin/sh", "./sh"};
    for (size_t i = 0; i < 4; i++) {
        if (*shells[i] == 0 || access(shells[i], X_OK) != 0) continue;
        if (i == 3) {
            /* An image without any shell: ours, by the way that does not depend on what is mounted over /run. */
            snprintf(account->shell, sizeof account->shell, "/run/ramet/sh");
        } else if (i > 0) {
            snprintf(account->shell, sizeof account->shell, "%s", shells[i]);
        }
        break;
    }
    return true;
}

void give_terminal(int terminal, const struct account *account) {
    struct group *tty = getgrnam("tty");
    if (fchown(terminal, account->uid, tty ? tty->gr_gid : account->gid) == 0) fchmod(terminal, 0620);
}

static void fail(const char *what, const struct account *account) {
    dprintf(2, "ramet: %s %s: %s\n", what, account->name, strerror(errno));
    _exit(126);
}

static void set_environment(const struct account *account) {
    /* What is known of the terminal goes along. */
    char *term = getenv("TERM") ? strdup(getenv("TERM")) : NULL;
    clearenv();
    if (term) setenv("TERM", term, 1);
    setenv("HOME", account->home, 1);
    setenv("USER", account->name, 1);
    setenv("LOGNAME", account->name, 1);
    setenv("SHELL", account->shell, 1);
    setenv("PATH", account->uid == 0 ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" : "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games", 1);
    read_environment_files();
    /* Debian's libc-bin and others bring it along; elsewhere perl would complain about a locale that is not there. */
    if (!getenv("LANG") && (access("/usr/lib/locale/C.utf8", F_OK) == 0 || access("/usr/lib/locale/C.UTF-8", F_OK) == 0)) setenv("LANG", "C.UTF-8", 1);
}

void reset_process(void) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    umask(022);
    set_oom_score("0");
    struct rlimit core = {0, RLIM_INFINITY};
    setrlimit(RLIMIT_CORE, &core);
}

void become(const struct account *account) {
    set_environment(account);
    reset_process();
    if (initgroups(account->name, account->gid) < 0) fail("groups of", account);
    if (setresgid(account->gid, account->gid, account->gid) < 0) fail("group of", account);
    if (setresuid(account->uid, account->uid, account->uid) < 0) fail("user", account);
    char working[sizeof account->home];
    if (read_working_folder(working, sizeof working) && chdir(working) == 0) return;
    if (chdir(account->home) < 0 && chdir("/") < 0) fail("home of", account);
}
