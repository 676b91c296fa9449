#define _GNU_SOURCE
#include "find-init.h"
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_INITTAB = 65535 };

/* In the order of `guest/boot/initramfs/init`. */
static const char *const inits[] = {"/sbin/init", "/lib/systemd/systemd", "/etc/init", "/bin/init", NULL};
static const char *const shells[] = {"/bin/sh", "/bin/bash", "/bin/ash", "/bin/dash", NULL};

static bool is_program(const char *name) {
    struct stat found;
    return stat(name, &found) == 0 && S_ISREG(found.st_mode) && found.st_mode & 0111;
}

static bool is_busybox(const char *program) {
    const char *const places[] = {"/bin/busybox", "/usr/bin/busybox", "/sbin/busybox", NULL};
    struct stat asked, found;
    for (const char *const *at = places; *at; at++)
        if (stat(program, &asked) == 0 && stat(*at, &found) == 0 && asked.st_dev == found.st_dev && asked.st_ino == found.st_ino) return true;
    return false;
}

static void read_inittab(char *into) {
    struct stat found;
    int in = open("/etc/inittab", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t length = in >= 0 && fstat(in, &found) == 0 && S_ISREG(found.st_mode) ? read(in, into, LONGEST_INITTAB) : 0;
    if (in >= 0) close(in);
    into[length > 0 ? length : 0] = 0;
}

/* True when there is something for busybox' init to start: the rules of `guest/boot/initramfs/starts-something`. */
static bool busybox_starts_something(void) {
    static char text[LONGEST_INITTAB + 1];
    if (is_program("/etc/init.d/rcS")) return true;
    read_inittab(text);
    bool has_lines = false;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        const char *fields[3];
        for (int at = 0; at < 3; at++) fields[at] = strsep(&line, ":");
        if (*fields[0] == '#' || !line || !*line) continue;
        has_lines = true;
        if (strcmp(fields[2], "sysinit")) continue;
        line += strspn(line, "-@");
        line[strcspn(line, " \t")] = 0;
        return is_program(line);
    }
    return has_lines;
}

const char *find_init(void) {
    for (const char *const *init = inits; *init; init++)
        /* In images for containers busybox is called init among all its names, and has nothing to start. */
        if (is_program(*init) && (!is_busybox(*init) || busybox_starts_something())) return *init;
    return NULL;
}

const char *find_shell(void) {
    for (const char *const *shell = shells; *shell; shell++)
        if (is_program(*shell)) return *shell;
    return NULL;
}
