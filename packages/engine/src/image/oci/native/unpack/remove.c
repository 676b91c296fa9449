#define _GNU_SOURCE
#include "remove.h"
#include "folders.h"
#include "seen.h"
#include "stream.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `name`, below `in`, where it is `leaf`. */
static bool remove_at(int in, const char *leaf, char *name, bool keeps, int depth) {
    struct stat found;
    if (fstatat(in, leaf, &found, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT || errno == ENOTDIR) return true;
        fail("removing");
    }
    if (!S_ISDIR(found.st_mode)) {
        if (keeps && is_seen(name)) return false;
        if (unlinkat(in, leaf, 0) < 0) fail("removing");
        return true;
    }
    if (depth == MOST_DEPTH) refuse("folders are too deep");
    int opened = openat(in, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *list = opened < 0 ? NULL : fdopendir(opened);
    if (!list) fail("removing");
    bool is_empty = true;
    size_t length = strlen(name);
    for (struct dirent *each; (each = readdir(list));) {
        if (!strcmp(each->d_name, ".") || !strcmp(each->d_name, "..")) continue;
        if (length + 1 + strlen(each->d_name) > MOST_PATH) refuse("a name is too long");
        bool is_top = !strcmp(name, ".");
        sprintf(name + (is_top ? 0 : length), is_top ? "%s" : "/%s", each->d_name);
        if (!remove_at(opened, each->d_name, name, keeps, depth + 1)) is_empty = false;
        strcpy(name + (is_top ? 0 : length), is_top ? "." : "");
    }
    closedir(list);
    if (!is_empty || (keeps && is_seen(name))) return false;
    if (unlinkat(in, leaf, AT_REMOVEDIR) < 0) fail("removing");
    return true;
}

bool remove_tree(const char *name, bool keeps) {
    static char walked[MOST_PATH + 1];
    forget_parents();
    strcpy(walked, name);
    return remove_at(AT_FDCWD, name, walked, keeps, 0);
}

void clear_folder(void) {
    struct stat found;
    forget_parents();
    if (lstat(path, &found) < 0 || !S_ISDIR(found.st_mode)) return;
    static char walked[MOST_PATH + 1];
    DIR *list = opendir(path);
    if (!list) fail("opaque folder");
    for (struct dirent *each; (each = readdir(list));) {
        if (!strcmp(each->d_name, ".") || !strcmp(each->d_name, "..")) continue;
        int length = !strcmp(path, ".") ? snprintf(walked, sizeof walked, "%s", each->d_name) : snprintf(walked, sizeof walked, "%s/%s", path, each->d_name);
        if (length < 0 || (size_t)length >= sizeof walked) refuse("a name is too long");
        remove_at(dirfd(list), each->d_name, walked, true, 1);
    }
    closedir(list);
}
