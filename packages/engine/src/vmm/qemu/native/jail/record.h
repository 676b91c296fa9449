/* What a server finds the program by. */
#pragma once
#include <sys/types.h>

/* Writes the record that the walls ask for, whole or not at all. */
void record(pid_t pid);

/* Opens the file for how the program ends, if the walls ask for one; else -1. */
int open_end(void);
/* Writes into it what waitpid(2) says. */
void record_end(int file, int status);
