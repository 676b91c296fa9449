/*
 * Loaded before QEMU's own libraries when it resumes. QEMU before 8.2 opens the file of a private RAM mapping for writing, though it never writes to it
 * (softmmu/physmem.c, file_ram_open). Other runs map the same file and nobody may write to it, so it is opened for reading here.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int reading(const char *path, int flags) {
    const char *ram = getenv("RAM_FILE");
    return ram && strcmp(ram, path) == 0 ? (flags & ~O_ACCMODE) | O_RDONLY : flags;
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, int) : 0;
    va_end(arguments);
    return (int)syscall(SYS_openat, AT_FDCWD, path, reading(path, flags), mode);
}

int __open64_2(const char *path, int flags) { return open64(path, flags); }
