#pragma once
#include <stdbool.h>
#include <sys/types.h>

/* A user of the guest, as its /etc/passwd has it, with a shell that exists. */
struct account {
    char name[64], home[512], shell[256];
    uid_t uid;
    gid_t gid;
};

bool find_account(const char *name, struct account *account);
/* Gives the terminal to the user, as login(1) does. */
void give_terminal(int terminal, const struct account *account);
/* Signals, masks, limits and out-of-memory score as a program expects them. */
void reset_process(void);
/* For good: groups, ids, environment, working directory. Does not return on failure. */
void become(const struct account *account);
/* The user's login shell; command NULL: interactive. Does not return. (shell.c) */
void run_shell(const struct account *account, const char *command);
