#define _GNU_SOURCE
#include "folders.h"
#include "seen.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct folder {
    char *name;
    struct timespec time;
} *folders;
static size_t folder_count, folder_room;

/* The folder of the entry before, when nothing was removed since: it is there, and noted. */
static char last_folder[MOST_PATH + 1];

void note_folder(const struct header *header) {
    if (folder_count == folder_room) {
        folder_room = folder_room ? folder_room * 2 : 1024;
        folders = realloc(folders, folder_room * sizeof *folders);
        if (!folders) fail("memory");
    }
    folders[folder_count] = (struct folder){.name = strdup(path), .time = {.tv_sec = header->seconds, .tv_nsec = header->nanoseconds}};
    if (!folders[folder_count++].name) fail("memory");
}

void set_time(const char *name, struct timespec time) {
    if (utimensat(AT_FDCWD, name, (struct timespec[2]){time, time}, AT_SYMLINK_NOFOLLOW) < 0) fail("times");
}

void set_folder_times(void) {
    for (size_t at = 0; at < folder_count; at++) {
        struct stat found;
        strcpy(path, folders[at].name);
        if (lstat(path, &found) == 0 && S_ISDIR(found.st_mode)) set_time(path, folders[at].time);
    }
}

void forget_parents(void) { last_folder[0] = 0; }

void make_parents(void) {
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    if (length && strlen(last_folder) == length && !memcmp(last_folder, path, length)) return;
    for (char *at = path; (at = strchr(at, '/')); at++) {
        *at = 0;
        if (mkdir(path, 0755) < 0 && errno != EEXIST) fail("folder");
        note_seen(path);
        *at = '/';
    }
    memcpy(last_folder, path, length);
    last_folder[length] = 0;
}
