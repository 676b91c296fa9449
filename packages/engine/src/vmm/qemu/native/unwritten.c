/*
 * unwritten FILE…
 *
 * Ends with 0 when no process of the host could write to any of the files by a descriptor or a mapping that it kept. Otherwise it prints the first that one could write to, or that
 * cannot be opened, and ends with 3. Needs root, or to be the owner of the files.
 */
#include "writers.h"
#include <stdio.h>

/* Its QEMU has closed the file by now; other processes of the server's may have it for a moment, between fork and exec. */
#define WITHIN_MS 1000

int main(int argc, char **argv) {
    for (int at = 1; at < argc; at++) {
        if (has_no_writer(argv[at], WITHIN_MS)) continue;
        puts(argv[at]);
        return 3;
    }
    return 0;
}
