#define _GNU_SOURCE
#include "own-root.h"
#include "fail.h"
#include "walls.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/mount.h, which musl does not bring along. */
#define MOUNT_ATTR_RDONLY 1
#define MOUNT_ATTR_NOSUID 2
#define MOUNT_ATTR_NODEV 4

struct place {
    const char *here, *there;
    enum kind kind;
};
static struct place places[1024];
static size_t place_count;

void add_place(const char *here, const char *there, enum kind kind) {
    if (place_count == sizeof places / sizeof *places) refuse("too many files");
    if (here[0] != '/' || there[0] != '/') refuse("not an absolute path");
    places[place_count++] = (struct place){.here = here, .there = there, .kind = kind};
}

/* Makes the folders above the last part of a path. */
static void make_parents(char *path) {
    for (char *at = path + strlen(walls.root) + 1; (at = strchr(at, '/')); at++) {
        *at = 0;
        if (mkdir(path, 0755) < 0 && errno != EEXIST) give_up("folder %s", path);
        *at = '/';
    }
}

static void bind_at(const char *here, const char *there, unsigned long flags) {
    if (mount(here, there, NULL, MS_BIND, NULL) < 0) give_up("%s", here);
    if (mount(NULL, there, NULL, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | flags, NULL) < 0) give_up("rights of %s", here);
}

/* With what is mounted below it, if the kernel can set the rights of all that at once (5.12). */
static void bind_system(const char *here, const char *there) {
    uint64_t rights[4] = {MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    if (mount(here, there, NULL, MS_BIND | MS_REC, NULL) < 0) give_up("%s", here);
    if (syscall(SYS_mount_setattr, AT_FDCWD, there, AT_RECURSIVE, rights, sizeof rights) == 0) return;
    if (errno != ENOSYS) give_up("rights of %s", here);
    if (umount2(there, MNT_DETACH) < 0) give_up("%s", there);
    bind_at(here, there, MS_RDONLY);
}

static void make_mount_point(const char *path, bool is_folder) {
    int made = is_folder ? mkdir(path, 0755) : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (made < 0 && errno != EEXIST) give_up("%s", path);
    if (!is_folder && made >= 0) close(made);
}

static void put(const struct place *place) {
    char path[4096];
    struct stat found;
    if ((size_t)snprintf(path, sizeof path, "%s%s", walls.root, place->there) >= sizeof path) refuse("a path is too long");
    if (lstat(place->here, &found) < 0) {
        if (errno == ENOENT && place->kind == SYSTEM) return;
        give_up("%s", place->here);
    }
    make_parents(path);
    if (place->kind == SYSTEM && S_ISLNK(found.st_mode)) {
        char target[4096];
        ssize_t length = readlink(place->here, target, sizeof target - 1);
        if (length < 0) give_up("%s", place->here);
        target[length] = 0;
        if (symlink(target, path) < 0 && errno != EEXIST) give_up("%s", path);
        return;
    }
    if (place->kind == DEVICE) {
        if (!S_ISCHR(found.st_mode)) refuse(place->here);
        if (mknod(path, S_IFCHR | 0600, found.st_rdev) == 0) {
            if (lchown(path, walls.uid, walls.uid) < 0) give_up("%s", path);
            return;
        }
        /* A container may not make devices: its own is used, with the rights that it has. */
        make_mount_point(path, false);
        if (mount(place->here, path, NULL, MS_BIND, NULL) < 0) give_up("%s", place->here);
        return;
    }
    make_mount_point(path, S_ISDIR(found.st_mode));
    if (place->kind == SYSTEM) bind_system(place->here, path);
    else bind_at(place->here, path, MS_NOEXEC | (place->kind == DATA ? MS_RDONLY : 0));
}

/* A program looks for its modules beside itself. If its folder is closed to the user, it sees one that holds the program alone. */
static void open_folder_of(const char *program) {
    char path[4096], here[64];
    struct stat folder;
    if ((size_t)snprintf(path, sizeof path, "%s%s", walls.root, program) >= sizeof path) refuse(program);
    char *name = strrchr(path, '/');
    *name = 0;
    if (program[0] != '/' || stat(path, &folder) < 0 || folder.st_mode & 1) return;
    *name = '/';
    int file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0) return;
    snprintf(here, sizeof here, "/proc/self/fd/%d", file);
    *name = 0;
    if (mount("jail", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m,nr_inodes=16") < 0) give_up("%s", path);
    *name = '/';
    make_mount_point(path, false);
    bind_at(here, path, MS_RDONLY);
    *name = 0;
    if (mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0) give_up("%s", path);
    close(file);
}

void enter_root(const char *program) {
    if (unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) < 0) give_up("namespaces");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) give_up("private mounts");
    if (mount("jail", walls.root, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=1m,nr_inodes=4k") < 0) give_up("%s", walls.root);
    for (size_t at = 0; at < place_count; at++) put(&places[at]);
    open_folder_of(program);
    if (chdir(walls.root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) give_up("root");
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL) < 0) give_up("read-only root");
    if (sethostname("vm", 2) < 0) give_up("host name");
}
