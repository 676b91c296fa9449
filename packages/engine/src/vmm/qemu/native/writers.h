/* Whether anybody could still write to a file that nobody may open for writing any more. */
#pragma once
#include <stdbool.h>

/* Waits so long, in milliseconds, until no process of the host could: false when one still can (ETXTBSY), or the file cannot be opened. Whoever is about to end, or to start another program, is waited for. */
bool has_no_writer(const char *path, int within_ms);
