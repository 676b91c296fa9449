/* Removing what stands at a name. Folders are walked by descriptors, so their depth is bounded and no link in them is followed. */
#pragma once
#include <stdbool.h>

enum { MOST_DEPTH = 512 };

/* `keeps`: all but what this layer has made. True when nothing is left. */
bool remove_tree(const char *name, bool keeps);
/* `path` is an opaque folder: what the layers below have in it is gone. */
void clear_folder(void);
