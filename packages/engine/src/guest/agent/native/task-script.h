/* What scripts of tasks have in common, whether they run away from their caller (task-supervise.c) or for as long as it is there (task-try.c). */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "account.h"

enum { POLL_MS = 100, GRACE_MS = 5000 };

int64_t now_ms(void);
/* Says why, from errno. Returns 1. */
int complain(const char *what);
/* Standard input, allocated; NULL without memory. */
char *read_script(size_t *size);
/* In a child, with these for its output: the script at a path, by bash or a shell. Does not return. */
void run_script(const struct account *account, const char *path, int out, int err);
