/* What is on the disk of a task. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define TASKS "/var/lib/ramet/tasks"
enum { BOOT = 36, LONGEST_PATH = 256 };

bool is_task_name(const char *name);
/* The folder of a task; -1: there is none. */
int open_task(const char *name, bool make);
/* True when its supervisor lives: it holds the lock until it has written how the task ended. Asking takes no lock, so it is in nobody's way. */
bool is_held(int folder);
/* The present boot's id; empty when it is unknown. */
void read_boot(char into[BOOT + 1]);
/* The beginning of a file, with a 0 at its end. Returns its length: 0 when there is none. */
ssize_t read_small(int folder, const char *name, char *into, size_t size);
/* Whole or not at all, and on the disk when this returns. */
int put_file(int folder, const char *name, const char *text, size_t size, mode_t mode);
/* What does not fit on a full disk is lost. */
void write_all(int file, const char *bytes, size_t size);
/* Copies a file, as far as it is there, to the descriptor `to`. */
void copy_file(int folder, const char *name, int to);
