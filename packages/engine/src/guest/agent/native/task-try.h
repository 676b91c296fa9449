/* A script of a task that is repeated. Nothing of it is on a drive, and nothing is left of it: it ends with its caller. */
#pragma once
#include <stddef.h>

/* Runs standard input, of so many bytes, and prints how it ended and its output. Returns an exit status: 126 for a user that is not there. */
int try_script(const char *user, int seconds, size_t expected);
