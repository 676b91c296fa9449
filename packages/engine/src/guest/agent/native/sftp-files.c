/* What SFTP asks of files: see sftp.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sftp.h"

enum {
    OPEN = 3, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT, OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK,
    HANDLE = 102, DATA = 103, NAME = 104, ATTRS = 105, EXTENDED = 200, EXTENDED_REPLY = 201
};
enum { FOR_READ = 1, FOR_WRITE = 2, APPEND = 4, CREATE = 8, TRUNCATE = 16, EXCLUSIVE = 32 };
enum { NAMES_AT_ONCE = 100 };

static struct handle {
    int file;
    DIR *folder;
    bool is_open, appends;
} handles[MOST_HANDLES];

static struct handle *free_handle(void) {
    for (size_t i = 0; i < MOST_HANDLES; i++)
        if (!handles[i].is_open) return &handles[i];
    errno = EMFILE;
    return NULL;
}

static struct handle *read_handle(struct message *from) {
    uint32_t size;
    const uint8_t *bytes = read_bytes(from, &size);
    struct message number = {bytes, bytes + size, size != 4};
    uint32_t at = read_u32(&number);
    if (!from->bad && !number.bad && at < MOST_HANDLES && handles[at].is_open) return &handles[at];
    errno = EBADF;
    return NULL;
}

static void answer_handle(uint32_t id, const struct handle *handle) {
    begin(HANDLE, id);
    put_u32(4);
    put_u32((uint32_t)(handle - handles));
    finish();
}

static void open_file(uint32_t id, const char *path, uint32_t flags, const struct attributes *attributes) {
    int how = (flags & FOR_READ && flags & FOR_WRITE) ? O_RDWR : flags & FOR_WRITE ? O_WRONLY : O_RDONLY;
    how |= (flags & APPEND ? O_APPEND : 0) | (flags & CREATE ? O_CREAT : 0) | (flags & TRUNCATE ? O_TRUNC : 0) | (flags & EXCLUSIVE ? O_EXCL : 0);
    struct handle *handle = free_handle();
    int file = handle ? open(path, how | O_CLOEXEC | O_NOCTTY, attributes->has & HAS_MODE ? attributes->mode & 07777 : 0666) : -1;
    if (file < 0) return answer_result(id, -1);
    *handle = (struct handle){.file = file, .is_open = true, .appends = flags & APPEND};
    answer_handle(id, handle);
}

static void open_folder(uint32_t id, const char *path) {
    struct handle *handle = free_handle();
    DIR *folder = handle ? opendir(path) : NULL;
    if (!folder) return answer_result(id, -1);
    *handle = (struct handle){.file = -1, .folder = folder, .is_open = true};
    answer_handle(id, handle);
}

static void read_file(uint32_t id, struct handle *handle, uint64_t offset, uint32_t size) {
    begin(DATA, id);
    ssize_t count = pread(handle->file, room(), size < MOST_BYTES ? size : MOST_BYTES, (off_t)offset);
    if (count > 0) {
        put_bytes(room(), (size_t)count);
        return finish();
    }
    drop();
    if (count == 0) answer_status(id, STATUS_EOF);
    else answer_result(id, -1);
}

static void write_file(uint32_t id, struct handle *handle, uint64_t offset, const uint8_t *bytes, uint32_t size) {
    for (uint32_t done = 0; done < size;) {
        ssize_t count = handle->appends ? write(handle->file, bytes + done, size - done)
                                        : pwrite(handle->file, bytes + done, size - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return answer_result(id, -1);
        done += (uint32_t)count;
    }
    answer_status(id, STATUS_OK);
}

/* By descriptor, or by path when that is -1. */
static int change(int file, const char *path, const struct attributes *to) {
    const struct timespec times[2] = {{.tv_sec = to->accessed}, {.tv_sec = to->modified}};
    if (to->has & HAS_SIZE && (path ? truncate(path, (off_t)to->size) : ftruncate(file, (off_t)to->size)) < 0) return -1;
    if (to->has & HAS_OWNER && (path ? chown(path, to->uid, to->gid) : fchown(file, to->uid, to->gid)) < 0) return -1;
    if (to->has & HAS_MODE && (path ? chmod(path, to->mode & 07777) : fchmod(file, to->mode & 07777)) < 0) return -1;
    if (to->has & HAS_TIMES && (path ? utimensat(AT_FDCWD, path, times, 0) : futimens(file, times)) < 0) return -1;
    return 0;
}

static void answer_stat(uint32_t id, int result, const struct stat *stat) {
    if (result < 0) return answer_result(id, -1);
    begin(ATTRS, id);
    put_stat(stat);
    finish();
}

/* As `ls -l` shows it, which sftp's `ls -l` prints as it is. */
static void put_long_name(const char *name, const struct stat *stat) {
    static const char kinds[] = "?pc?d?b?-?l?s???", rights[] = "rwxrwxrwx";
    char line[NAME_MAX + 128], mode[11] = {kinds[(stat->st_mode >> 12) & 15]}, when[32];
    for (int i = 0; i < 9; i++) mode[i + 1] = stat->st_mode & (0400 >> i) ? rights[i] : '-';
    strftime(when, sizeof when, "%b %e  %Y", localtime(&stat->st_mtime));
    snprintf(line, sizeof line, "%s %3lu %-8u %-8u %8llu %s %s", mode, (unsigned long)stat->st_nlink, stat->st_uid, stat->st_gid,
             (unsigned long long)stat->st_size, when, name);
    put_text(line);
}

static void list(uint32_t id, struct handle *handle) {
    struct dirent *entry = readdir(handle->folder);
    if (!entry) return answer_status(id, STATUS_EOF);
    begin(NAME, id);
    uint8_t *count_at = room() - 4;
    uint32_t count = 0;
    put_u32(0);
    for (; entry; entry = count < NAMES_AT_ONCE ? readdir(handle->folder) : NULL) {
        struct stat stat;
        if (fstatat(dirfd(handle->folder), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) < 0) continue;
        put_text(entry->d_name);
        put_long_name(entry->d_name, &stat);
        put_stat(&stat);
        count++;
    }
    count_at[3] = (uint8_t)count;
    finish();
}

static void answer_name(uint32_t id, const char *name) {
    begin(NAME, id);
    put_u32(1);
    put_text(name);
    put_text(name);
    put_u32(0);
    finish();
}

/* A last part that is not there yet is no fault: it may be about to be made. */
static void resolve(uint32_t id, char *path) {
    char resolved[PATH_MAX + NAME_MAX + 2];
    if (realpath(path, resolved)) return answer_name(id, resolved);
    if (errno != ENOENT) return answer_result(id, -1);
    char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
    if (strlen(last) > NAME_MAX || strcmp(last, "..") == 0) return answer_result(id, -1);
    if (slash) *slash = 0;
    if (!realpath(slash == path ? "/" : slash ? path : ".", resolved)) return answer_result(id, -1);
    if (resolved[1]) strcat(resolved, "/");
    answer_name(id, strcat(resolved, last));
}

static void answer_link(uint32_t id, const char *path) {
    char target[PATH_MAX];
    ssize_t size = readlink(path, target, sizeof target - 1);
    if (size < 0) return answer_result(id, -1);
    target[size] = 0;
    answer_name(id, target);
}

/* SFTP's own rename replaces nothing. */
static int rename_to_new(const char *from, const char *to) {
    enum { NO_REPLACE = 1 };
    struct stat stat;
    if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, NO_REPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    if (lstat(to, &stat) == 0) return errno = EEXIST, -1;
    return rename(from, to);
}

static void answer_space(uint32_t id, const char *path) {
    struct statvfs space;
    if (statvfs(path, &space) < 0) return answer_result(id, -1);
    const uint64_t told[] = {space.f_bsize, space.f_frsize, space.f_blocks, space.f_bfree, space.f_bavail, space.f_files,
                             space.f_ffree, space.f_favail, space.f_fsid, space.f_flag & 3, space.f_namemax};
    begin(EXTENDED_REPLY, id);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) put_u64(told[i]);
    finish();
}

static void answer_limits(uint32_t id) {
    begin(EXTENDED_REPLY, id);
    put_u64(LONGEST_MESSAGE);
    put_u64(MOST_BYTES);
    put_u64(MOST_BYTES);
    put_u64(MOST_HANDLES);
    finish();
}

static void answer_extended(uint32_t id, struct message *request) {
    char name[PATH_MAX], path[PATH_MAX], other[PATH_MAX];
    read_path(request, name);
    if (strcmp(name, "limits@openssh.com") == 0) return answer_limits(id);
    if (strcmp(name, "fsync@openssh.com") == 0) {
        struct handle *handle = read_handle(request);
        return answer_result(id, handle ? fsync(handle->file) : -1);
    }
    bool is_space = strcmp(name, "statvfs@openssh.com") == 0, is_link = strcmp(name, "hardlink@openssh.com") == 0;
    if (!is_space && !is_link && strcmp(name, "posix-rename@openssh.com") != 0) return answer_status(id, STATUS_UNSUPPORTED);
    read_path(request, path);
    if (!is_space) read_path(request, other);
    if (request->bad) return answer_status(id, STATUS_BAD_MESSAGE);
    if (is_space) return answer_space(id, path);
    answer_result(id, is_link ? link(path, other) : rename(path, other));
}

/* Requests that begin with a handle. */
static void answer_handle_request(uint8_t type, uint32_t id, struct message *request) {
    struct handle *handle = read_handle(request);
    struct attributes attributes;
    struct stat stat;
    uint64_t offset = type == READ || type == WRITE ? read_u64(request) : 0;
    uint32_t size = type == READ ? read_u32(request) : 0;
    const uint8_t *bytes = type == WRITE ? read_bytes(request, &size) : NULL;
    if (type == FSETSTAT) read_attributes(request, &attributes);
    if (request->bad) return answer_status(id, STATUS_BAD_MESSAGE);
    if (!handle || (type == READDIR) != (handle->folder != NULL && type != CLOSE)) {
        errno = EBADF;
        return answer_result(id, -1);
    }
    switch (type) {
        case CLOSE:
            handle->is_open = false;
            return answer_result(id, handle->folder ? closedir(handle->folder) : close(handle->file));
        case READ:
            return read_file(id, handle, offset, size);
        case WRITE:
            return write_file(id, handle, offset, bytes, size);
        case FSTAT:
            return answer_stat(id, fstat(handle->file, &stat), &stat);
        case FSETSTAT:
            return answer_result(id, change(handle->file, NULL, &attributes));
        default:
            return list(id, handle);
    }
}

void answer_request(uint8_t type, uint32_t id, struct message *request) {
    char path[PATH_MAX], other[PATH_MAX];
    struct attributes attributes = {0};
    struct stat stat;
    uint32_t flags;
    if (type == EXTENDED) return answer_extended(id, request);
    if (type == CLOSE || type == READ || type == WRITE || type == FSTAT || type == FSETSTAT || type == READDIR)
        return answer_handle_request(type, id, request);
    if (type < OPEN || type > SYMLINK) return answer_status(id, STATUS_UNSUPPORTED);
    read_path(request, path);
    if (type == RENAME || type == SYMLINK) read_path(request, other);
    flags = type == OPEN ? read_u32(request) : 0;
    if (type == OPEN || type == SETSTAT || type == MKDIR) read_attributes(request, &attributes);
    if (request->bad) return answer_status(id, STATUS_BAD_MESSAGE);
    switch (type) {
        case OPEN:
            return open_file(id, path, flags, &attributes);
        case LSTAT:
            return answer_stat(id, lstat(path, &stat), &stat);
        case STAT:
            return answer_stat(id, fstatat(AT_FDCWD, path, &stat, 0), &stat);
        case SETSTAT:
            return answer_result(id, change(-1, path, &attributes));
        case OPENDIR:
            return open_folder(id, path);
        case REMOVE:
            return answer_result(id, unlink(path));
        case MKDIR:
            return answer_result(id, mkdir(path, attributes.has & HAS_MODE ? attributes.mode & 07777 : 0777));
        case RMDIR:
            return answer_result(id, rmdir(path));
        case REALPATH:
            return resolve(id, path);
        case RENAME:
            return answer_result(id, rename_to_new(path, other));
        case READLINK:
            return answer_link(id, path);
        default:
            /* OpenSSH's clients send the target first, against the draft. */
            return answer_result(id, symlink(path, other));
    }
}
