/* Reading and writing messages of SFTP: see sftp.h. */
#define _GNU_SOURCE
#include "sftp.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"

uint32_t read_u32(struct message *from) {
    if (from->end - from->at < 4) from->bad = true;
    if (from->bad) return 0;
    from->at += 4;
    return get32(from->at - 4);
}

uint64_t read_u64(struct message *from) {
    uint64_t high = read_u32(from);
    return high << 32 | read_u32(from);
}

const uint8_t *read_bytes(struct message *from, uint32_t *size) {
    *size = read_u32(from);
    if ((size_t)(from->end - from->at) < *size) from->bad = true;
    if (from->bad) *size = 0;
    const uint8_t *at = from->at;
    from->at += *size;
    return at;
}

const char *read_path(struct message *from, char *into) {
    uint32_t size;
    const uint8_t *bytes = read_bytes(from, &size);
    if (size >= PATH_MAX || memchr(bytes, 0, size)) from->bad = true;
    if (from->bad) size = 0;
    memcpy(into, bytes, size);
    into[size] = 0;
    return size ? into : strcpy(into, ".");
}

void read_attributes(struct message *from, struct attributes *into) {
    *into = (struct attributes){.has = read_u32(from)};
    if (into->has & HAS_SIZE) into->size = read_u64(from);
    if (into->has & HAS_OWNER) into->uid = read_u32(from), into->gid = read_u32(from);
    if (into->has & HAS_MODE) into->mode = read_u32(from);
    if (into->has & HAS_TIMES) into->accessed = read_u32(from), into->modified = read_u32(from);
    if (!(into->has & 0x80000000)) return;
    for (uint32_t count = read_u32(from), size; count > 0 && !from->bad; count--) read_bytes(from, &size), read_bytes(from, &size);
}

/* Answers that are not written yet: several requests that came together are answered together. */
static uint8_t answers[2 * LONGEST_MESSAGE];
static size_t answers_size, answer_at;

void flush(void) {
    for (size_t done = 0; done < answers_size;) {
        ssize_t count = write(1, answers + done, answers_size - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) exit(1);
        done += (size_t)count;
    }
    answers_size = 0;
}

void begin(uint8_t type, uint32_t id) {
    if (answers_size > sizeof answers - LONGEST_MESSAGE) flush();
    answer_at = answers_size;
    answers_size += 4;
    answers[answers_size++] = type;
    put_u32(id);
}

void put_u32(uint32_t value) {
    put32(answers + answers_size, value);
    answers_size += 4;
}

void put_u64(uint64_t value) {
    put_u32((uint32_t)(value >> 32));
    put_u32((uint32_t)value);
}

void put_bytes(const void *bytes, size_t size) {
    put_u32((uint32_t)size);
    memmove(answers + answers_size, bytes, size);
    answers_size += size;
}

void put_text(const char *text) {
    put_bytes(text, strlen(text));
}

void put_stat(const struct stat *stat) {
    put_u32(HAS_SIZE | HAS_OWNER | HAS_MODE | HAS_TIMES);
    put_u64((uint64_t)stat->st_size);
    put_u32(stat->st_uid);
    put_u32(stat->st_gid);
    put_u32(stat->st_mode);
    put_u32((uint32_t)stat->st_atime);
    put_u32((uint32_t)stat->st_mtime);
}

uint8_t *room(void) {
    return answers + answers_size + 4;
}

void drop(void) {
    answers_size = answer_at;
}

void finish(void) {
    put32(answers + answer_at, (uint32_t)(answers_size - answer_at - 4));
}

void answer_status(uint32_t id, enum sftp_status status) {
    static const char *const words[] = {"Success", "End of file", "No such file", "Permission denied", "Failure", "Bad message", "", "", "Not supported"};
    begin(101, id);
    put_u32(status);
    put_text(words[status]);
    put_text("");
    finish();
}

void answer_result(uint32_t id, long result) {
    if (result >= 0) return answer_status(id, STATUS_OK);
    bool is_absent = errno == ENOENT || errno == ENOTDIR || errno == EBADF || errno == ELOOP;
    bool is_denied = errno == EPERM || errno == EACCES || errno == EFAULT || errno == EROFS;
    if (is_absent || is_denied) return answer_status(id, is_absent ? STATUS_NO_SUCH_FILE : STATUS_DENIED);
    begin(101, id);
    put_u32(errno == ENOSYS || errno == EOPNOTSUPP ? STATUS_UNSUPPORTED : STATUS_FAILURE);
    put_text(strerror(errno));
    put_text("");
    finish();
}
