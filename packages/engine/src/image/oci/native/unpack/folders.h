/* Folders above the names, and the times that folders get in the end. */
#pragma once
#include "stream.h"
#include <time.h>

/* Makes those above `path`. What no layer describes is root's, 0755, and of this layer. */
void make_parents(void);
/* Something may have removed the folders of the entry before. */
void forget_parents(void);

void set_time(const char *name, struct timespec time);
/* The time of the folder `path`, which is set last: making and removing files in it changes it. */
void note_folder(const struct header *header);
void set_folder_times(void);
