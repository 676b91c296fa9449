/* What the command line says of the program and what it gets. */
#pragma once
#include "rights.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MOST_VARIABLES 64

struct walls {
    const char *root, *record_file, *record_text, *netns, *end_file;
    uid_t uid;
    enum sockets sockets;
    char *environment[MOST_VARIABLES + 1];
    size_t environment_size;
};

extern struct walls walls;

/* Options that need no namespace of the program's. Two passes: what the caller did not give is closed before anything is opened. Returns the program's words. */
char **take_options(char **word, bool is_first);
