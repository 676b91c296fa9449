/* What a server finds the program by. */
#pragma once
#include <sys/types.h>

/* Writes the record that the walls ask for, whole or not at all. */
void record(pid_t pid);
