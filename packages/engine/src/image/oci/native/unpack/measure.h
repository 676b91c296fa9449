/* What the image has in the end. */
#pragma once

/* Prints `inodes N`, `bytes N`, and `init PATH`, `shell PATH` where it has them. */
void print_summary(void);
