/*
 * unpack FOLDER
 *
 * Applies the entries of an image's layers, which come on stdin as `layers/records.ts` writes them, to an empty folder. That folder is the root of all it
 * sees, without devices and without a network, and of root's rights it keeps those to make files of any owner. So names and links of a hostile image
 * lead nowhere but into the image. Links among the parents of a name are followed, as container runtimes do.
 * On success it prints `inodes N`, `bytes N`, and `init PATH`, `shell PATH` where the image has them. A failure says which layer, entry and name.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { MOST_PATH = 4095, MOST_CHUNK = 1 << 20, BLOCK = 4096, MOST_DEPTH = 512, MOST_MEMORY = 1 << 30 };

struct header {
    uint32_t mode, uid, gid;
    int64_t seconds;
    uint32_t nanoseconds;
    uint64_t size;
    uint16_t path_length, link_length, attribute_count;
};

static uint64_t layer, entry;
static char path[MOST_PATH + 1], link_target[MOST_PATH + 1];
static char chunk[MOST_CHUNK];

__attribute__((noreturn)) static void fail(const char *what) {
    int error = errno;
    fprintf(stderr, "unpack: layer %llu, entry %llu (%s): %s: %s\n", (unsigned long long)layer, (unsigned long long)entry, path, what, strerror(error));
    exit(1);
}

__attribute__((noreturn)) static void refuse(const char *what) {
    errno = EINVAL;
    fail(what);
}

static void take(void *into, size_t length) {
    if (length > 0 && fread(into, 1, length, stdin) != length) refuse("the stream ends early");
}

static uint64_t take_number(int bytes) {
    unsigned char raw[8];
    uint64_t value = 0;
    take(raw, (size_t)bytes);
    for (int at = 0; at < bytes; at++) value |= (uint64_t)raw[at] << (8 * at);
    return value;
}

static void take_text(char *into, size_t length) {
    if (length > MOST_PATH) refuse("a name is too long");
    take(into, length);
    into[length] = 0;
    if (strlen(into) != length) refuse("a name contains a zero");
}

/* Names that the present layer has made, as hashes: what it deletes is of the layers below it alone. */
static uint64_t *seen;
static size_t seen_size, seen_count;

static uint64_t hash(const char *text) {
    uint64_t value = 14695981039346656037u;
    for (; *text; text++) value = (value ^ (unsigned char)*text) * 1099511628211u;
    return value ? value : 1;
}

static bool put_seen(uint64_t *table, size_t size, uint64_t value) {
    size_t at = value & (size - 1);
    while (table[at] && table[at] != value) at = (at + 1) & (size - 1);
    bool is_new = !table[at];
    table[at] = value;
    return is_new;
}

static void note_seen(const char *name) {
    if (seen_count * 2 >= seen_size) {
        size_t size = seen_size ? seen_size * 2 : 4096;
        uint64_t *table = calloc(size, sizeof *table);
        if (!table) fail("memory");
        for (size_t at = 0; at < seen_size; at++)
            if (seen[at]) put_seen(table, size, seen[at]);
        free(seen);
        seen = table;
        seen_size = size;
    }
    if (put_seen(seen, seen_size, hash(name))) seen_count++;
}

static bool is_seen(const char *name) {
    if (!seen_size) return false;
    uint64_t value = hash(name);
    size_t at = value & (seen_size - 1);
    while (seen[at] && seen[at] != value) at = (at + 1) & (seen_size - 1);
    return seen[at] == value;
}

/* Times of folders, set last: making and removing files in them changes them. */
static struct folder {
    char *name;
    struct timespec time;
} *folders;
static size_t folder_count, folder_room;

static void note_folder(const struct header *header) {
    if (folder_count == folder_room) {
        folder_room = folder_room ? folder_room * 2 : 1024;
        folders = realloc(folders, folder_room * sizeof *folders);
        if (!folders) fail("memory");
    }
    folders[folder_count] = (struct folder){.name = strdup(path), .time = {.tv_sec = header->seconds, .tv_nsec = header->nanoseconds}};
    if (!folders[folder_count++].name) fail("memory");
}

static void set_time(const char *name, struct timespec time) {
    if (utimensat(AT_FDCWD, name, (struct timespec[2]){time, time}, AT_SYMLINK_NOFOLLOW) < 0) fail("times");
}

/*
 * Removes what stands at `name`, below `in`; with `keeps` all but what this layer has made. True when nothing is left. The folder is walked by
 * descriptors, so its depth is bounded and no link in it is followed.
 */
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

/* The folder of the entry before, when nothing was removed since: it is there, and noted. */
static char last_folder[MOST_PATH + 1];

static bool remove_tree(const char *name, bool keeps) {
    static char walked[MOST_PATH + 1];
    last_folder[0] = 0;
    strcpy(walked, name);
    return remove_at(AT_FDCWD, name, walked, keeps, 0);
}

/* An opaque folder: what the layers below have in it is gone. */
static void clear_folder(void) {
    struct stat found;
    last_folder[0] = 0;
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

/* Folders above the name that no layer describes: root's, 0755. All of them are of this layer. */
static void make_parents(void) {
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

static void take_attributes(const struct header *header) {
    static char name[256], value[65536];
    for (int each = 0; each < header->attribute_count; each++) {
        size_t name_length = take_number(2), length = take_number(4);
        if (name_length >= sizeof name || length > sizeof value) refuse("an extended attribute is too long");
        take(name, name_length);
        name[name_length] = 0;
        take(value, length);
        if (lsetxattr(path, name, value, length, 0) < 0) fail(name);
    }
}

static void clear_attributes(void) {
    static char names[65536];
    ssize_t length = llistxattr(path, names, sizeof names);
    for (char *at = names; length > 0 && at < names + length; at += strlen(at) + 1) lremovexattr(path, at);
}

/* Ownership first: a change of owner takes capabilities and set-id bits away. */
static void dress(const struct header *header) {
    if (lchown(path, header->uid, header->gid) < 0) fail("owner");
    if (!S_ISLNK(header->mode) && chmod(path, header->mode & 07777) < 0) fail("mode");
    take_attributes(header);
    struct timespec time = {.tv_sec = header->seconds, .tv_nsec = header->nanoseconds};
    if (S_ISDIR(header->mode)) note_folder(header);
    else set_time(path, time);
}

static bool is_zero(const char *at, size_t length) {
    return length == 0 || (at[0] == 0 && !memcmp(at, at + 1, length - 1));
}

static void take_content(int out, uint64_t size) {
    if (ftruncate(out, (off_t)size) < 0) fail("length");
    for (;;) {
        uint64_t offset = take_number(8);
        size_t length = take_number(4);
        if (length == 0) return;
        if (length > MOST_CHUNK || offset > size || length > size - offset) refuse("content beyond the end of a file");
        take(chunk, length);
        for (size_t at = 0; at < length;) {
            /* Whole blocks of zeros stay holes. */
            size_t part = BLOCK - (size_t)((offset + at) % BLOCK);
            if (part > length - at) part = length - at;
            if (is_zero(chunk + at, part)) {
                at += part;
                continue;
            }
            size_t end = at + part;
            while (end < length) {
                size_t next = length - end < BLOCK ? length - end : BLOCK;
                if (is_zero(chunk + end, next)) break;
                end += next;
            }
            for (ssize_t written; at < end; at += (size_t)written)
                if ((written = pwrite(out, chunk + at, end - at, (off_t)(offset + at))) < 0) fail("content");
        }
    }
}

static void apply(char kind, const struct header *header) {
    struct stat before;
    make_parents();
    bool is_there = lstat(path, &before) == 0;
    bool stays = kind == 'd' && is_there && S_ISDIR(before.st_mode);
    if (is_there && !stays) {
        if (!strcmp(path, ".")) refuse("the root is no folder");
        if (kind == 'h' && !strcmp(path, link_target)) refuse("a link to itself");
        remove_tree(path, false);
    }
    note_seen(path);
    if (kind == 'd') {
        if (!stays && mkdir(path, 0700) < 0) fail("folder");
        if (stays) clear_attributes();
    } else if (kind == 'f') {
        int out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (out < 0) fail("file");
        /* What describes it comes before its content. */
        struct header kept = *header;
        static char names[65536];
        size_t used = 0, room = sizeof names;
        for (int each = 0; each < header->attribute_count; each++) {
            size_t name_length = take_number(2), length = take_number(4);
            if (used + name_length + length + 6 > room) refuse("extended attributes are too long");
            memcpy(names + used, &(uint16_t){(uint16_t)name_length}, 2);
            memcpy(names + used + 2, &(uint32_t){(uint32_t)length}, 4);
            take(names + used + 6, name_length + length);
            used += 6 + name_length + length;
        }
        take_content(out, header->size);
        if (close(out) < 0) fail("content");
        kept.attribute_count = 0;
        if (lchown(path, kept.uid, kept.gid) < 0) fail("owner");
        if (chmod(path, kept.mode & 07777) < 0) fail("mode");
        for (size_t at = 0; at < used;) {
            uint16_t name_length;
            uint32_t length;
            char name[256];
            memcpy(&name_length, names + at, 2);
            memcpy(&length, names + at + 2, 4);
            if (name_length >= sizeof name) refuse("an extended attribute is too long");
            memcpy(name, names + at + 6, name_length);
            name[name_length] = 0;
            if (lsetxattr(path, name, names + at + 6 + name_length, length, 0) < 0) fail(name);
            at += 6u + name_length + length;
        }
        set_time(path, (struct timespec){.tv_sec = kept.seconds, .tv_nsec = kept.nanoseconds});
        return;
    } else if (kind == 'l') {
        if (symlink(link_target, path) < 0) fail("link");
    } else if (kind == 'h') {
        if (linkat(AT_FDCWD, link_target, AT_FDCWD, path, 0) < 0) fail("hard link");
        return;
    } else if (kind == 'p') {
        if (mkfifo(path, 0600) < 0) fail("pipe");
    } else refuse("an unknown record");
    dress(header);
}

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

/*
 * Appends to a file of the image, or makes it, where the image has no init: what the image says of its environment, which shells are to have then.
 * Whatever else stands in the file's place is left alone.
 */
static void append(void) {
    struct stat found;
    int out = -1;
    if (!find_program(inits)) {
        const int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
        out = open(path, flags, 0644);
        char *slash = strrchr(path, '/');
        if (out < 0 && errno == ENOENT && slash) {
            *slash = 0;
            mkdir(path, 0755);
            *slash = '/';
            out = open(path, flags, 0644);
        }
        if (out >= 0 && (fstat(out, &found) < 0 || !S_ISREG(found.st_mode))) {
            close(out);
            out = -1;
        }
    }
    for (;;) {
        take_number(8);
        size_t length = take_number(4);
        if (length == 0) break;
        if (length > MOST_CHUNK) refuse("content beyond the end of a file");
        take(chunk, length);
        if (out >= 0 && write(out, chunk, length) != (ssize_t)length) fail("content");
    }
    if (out >= 0) close(out);
}

static void confine(const char *folder) {
    if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0) fail("namespaces");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) fail("private mounts");
    if (mount(folder, folder, NULL, MS_BIND, NULL) < 0) fail("root");
    if (mount(NULL, folder, NULL, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) fail("root");
    if (chdir(folder) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) fail("root");
    /* linux/capability.h: CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETFCAP. */
    const uint32_t kept[2] = {1u << 0 | 1u << 1 | 1u << 3 | 1u << 4 | 1u << 31, 0};
    for (unsigned long each = 0; each < 64; each++)
        if (!(kept[each / 32] >> each % 32 & 1)) prctl(PR_CAPBSET_DROP, each, 0, 0, 0);
    uint32_t header[2] = {0x20080522, 0}, sets[6] = {kept[0], kept[0], 0, kept[1], kept[1], 0};
    if (syscall(SYS_capset, header, sets) < 0) fail("capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) fail("no_new_privs");
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) < 0) fail("core files");
    /* Names and times of folders are kept until the end. */
    struct rlimit memory = {MOST_MEMORY, MOST_MEMORY};
    if (setrlimit(RLIMIT_AS, &memory) < 0) fail("memory");
    umask(0);
}

int main(int count, char **words) {
    static char buffer[1 << 20];
    if (count != 2) refuse("usage: unpack FOLDER");
    setvbuf(stdin, buffer, _IOFBF, sizeof buffer);
    confine(words[1]);
    strcpy(path, ".");
    for (int kind; (kind = getchar()) != 'E';) {
        if (kind == EOF) refuse("the stream ends early");
        if (kind == 'n') {
            layer = take_number(4);
            entry = 0;
            free(seen);
            seen = NULL;
            seen_size = seen_count = 0;
            last_folder[0] = 0;
            continue;
        }
        entry = take_number(8);
        struct header header = {.mode = (uint32_t)take_number(4), .uid = (uint32_t)take_number(4), .gid = (uint32_t)take_number(4)};
        header.seconds = (int64_t)take_number(8);
        header.nanoseconds = (uint32_t)take_number(4);
        header.size = take_number(8);
        header.path_length = (uint16_t)take_number(2);
        header.link_length = (uint16_t)take_number(2);
        header.attribute_count = (uint16_t)take_number(2);
        take_text(path, header.path_length);
        take_text(link_target, header.link_length);
        if (kind == 'w') remove_tree(path, true);
        else if (kind == 'o') clear_folder();
        else if (kind == 'a') append();
        else apply((char)kind, &header);
    }
    for (size_t at = 0; at < folder_count; at++) {
        struct stat found;
        strcpy(path, folders[at].name);
        if (lstat(path, &found) == 0 && S_ISDIR(found.st_mode)) set_time(path, folders[at].time);
    }
    strcpy(path, ".");
    measure(AT_FDCWD, ".", 0);
    printf("inodes %llu\nbytes %llu\n", (unsigned long long)inodes, (unsigned long long)bytes);
    const char *init = find_program(inits), *shell = find_program(shells);
    if (init) printf("init %s\n", init);
    if (shell) printf("shell %s\n", shell);
    return 0;
}
