/* The process that runs a task and writes down how it ended. */
#pragma once
#include <stdint.h>

#include "account.h"

/* Holds the task's lock by `lock`, which no child inherits. */
__attribute__((noreturn)) void supervise(int folder, int lock, const struct account *account, const char *name, int seconds);
