/* Extended attributes of `path`. */
#pragma once
#include "stream.h"

/* Takes those of a header and sets them. */
void take_attributes(const struct header *header);
void clear_attributes(void);
/* The same as `take_attributes` in two steps: of a file they come before its content, and are set after it. */
void hold_attributes(const struct header *header);
void set_held_attributes(void);
