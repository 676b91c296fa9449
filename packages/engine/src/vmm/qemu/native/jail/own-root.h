/* The root of a program: a tmpfs with bind mounts of what it may see, in a mount namespace of its own. */
#pragma once

enum kind { SYSTEM, DATA, FOLDER, DEVICE };

/* It will see `here` under the name `there`, as `native/jail/main.c` says of each kind. */
void add_place(const char *here, const char *there, enum kind kind);

/* New namespaces, and that root. */
void enter_root(const char *program);
