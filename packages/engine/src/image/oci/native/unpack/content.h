/* Content of files. */
#pragma once
#include <stdint.h>

/* Takes the content of a file of `size` bytes. */
void take_content(int out, uint64_t size);

/*
 * Takes what is appended to the file `path` of the image, or makes it, where the image has no init: what the image says of environment and working folder, for its shells.
 * Whatever else stands in the file's place is left alone.
 */
void append_content(void);
