#define _GNU_SOURCE
#include "task-files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"

void write_all(int file, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t done = write(file, bytes, size);
        if (done < 0 && errno == EINTR) continue;
        /* A full disk loses output, not the task. */
        if (done <= 0) return;
        bytes += done;
        size -= (size_t)done;
    }
}

ssize_t read_small(int folder, const char *name, char *into, size_t size) {
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t count = file < 0 ? 0 : read(file, into, size - 1);
    if (file >= 0) close(file);
    if (count < 0) count = 0;
    into[count] = 0;
    return count;
}

void read_boot(char into[BOOT + 1]) {
    int folder = open("/proc/sys/kernel/random", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    into[0] = 0;
    if (folder < 0) return;
    read_small(folder, "boot_id", into, BOOT + 1);
    close(folder);
}

int put_file(int folder, const char *name, const char *text, size_t size, mode_t mode) {
    char temporary[64];
    snprintf(temporary, sizeof temporary, "%s.tmp", name);
    unlinkat(folder, temporary, 0);
    int file = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0) return -1;
    while (size > 0) {
        ssize_t done = write(file, text, size);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) break;
        text += done;
        size -= (size_t)done;
    }
    int failed = size > 0 || fchmod(file, mode) < 0 || fsync(file) < 0;
    close(file);
    if (failed || renameat(folder, temporary, folder, name) < 0) return -1;
    return fsync(folder);
}

bool is_task_name(const char *name) {
    size_t length = strlen(name);
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return length > 0 && length <= LONGEST_NAME + 16 && strspn(name, allowed) == length && name[0] != '.' && name[0] != '-';
}

int open_task(const char *name, bool make) {
    char path[LONGEST_PATH];
    if (make) {
        mkdir("/var", 0755);
        mkdir("/var/lib", 0755);
        mkdir("/var/lib/ramet", 0755);
        mkdir(TASKS, 0755);
    }
    snprintf(path, sizeof path, TASKS "/%s", name);
    if (make && mkdir(path, 0755) < 0 && errno != EEXIST) return -1;
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

bool is_held(int folder) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int file = openat(folder, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return false;
    bool held = fcntl(file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(file);
    return held;
}

void copy_file(int folder, const char *name, int to) {
    char bytes[4096];
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t count;
    while (file >= 0 && (count = read(file, bytes, sizeof bytes)) > 0) write_all(to, bytes, (size_t)count);
    if (file >= 0) close(file);
}
