/* What the image has in the end. */
#pragma once
#include <stdbool.h>

bool has_init(void);
/* Prints `inodes N`, `bytes N`, and `init PATH`, `shell PATH` where it has them. */
void print_summary(void);
