#define _GNU_SOURCE
#include "measure.h"
#include "remove.h"
#include "stream.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t inodes, bytes;

static void measure(int in, const char *leaf, int depth) {
    struct stat found;
    if (fstatat(in, leaf, &found, AT_SYMLINK_NOFOLLOW) < 0) fail("measuring");
    inodes++;
    bytes += (uint64_t)found.st_blocks * 512 / (S_ISDIR(found.st_mode) || !found.st_nlink ? 1 : found.st_nlink);
    if (!S_ISDIR(found.st_mode)) return;
    if (depth == MOST_DEPTH) refuse("folders are too deep");
    int opened = openat(in, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *list = opened < 0 ? NULL : fdopendir(opened);
    if (!list) fail("measuring");
    for (struct dirent *each; (each = readdir(list));)
        if (strcmp(each->d_name, ".") && strcmp(each->d_name, "..")) measure(opened, each->d_name, depth + 1);
    closedir(list);
}

/* In the order of `guest/boot/initramfs/init`. */
static const char *const inits[] = {"/sbin/init", "/lib/systemd/systemd", "/etc/init", "/bin/init", NULL};
static const char *const shells[] = {"/bin/sh", "/bin/bash", "/bin/ash", "/bin/dash", NULL};

static const char *find_program(const char *const *candidates) {
    struct stat found;
    for (; *candidates; candidates++)
        if (stat(*candidates, &found) == 0 && S_ISREG(found.st_mode) && found.st_mode & 0111) return *candidates;
    return NULL;
}

bool has_init(void) { return find_program(inits) != NULL; }

void print_summary(void) {
    strcpy(path, ".");
    measure(AT_FDCWD, ".", 0);
    printf("inodes %llu\nbytes %llu\n", (unsigned long long)inodes, (unsigned long long)bytes);
    const char *init = find_program(inits), *shell = find_program(shells);
    if (init) printf("init %s\n", init);
    if (shell) printf("shell %s\n", shell);
}
