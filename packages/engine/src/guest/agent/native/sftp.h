#pragma once
/* Messages of SFTP 3 (draft-ietf-secsh-filexfer-02): a length of four bytes, a type, an id, and what belongs to the type. Numbers are big-endian. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum { MOST_BYTES = 255 * 1024, LONGEST_MESSAGE = 256 * 1024, MOST_HANDLES = 256 };

enum sftp_status { STATUS_OK, STATUS_EOF, STATUS_NO_SUCH_FILE, STATUS_DENIED, STATUS_FAILURE, STATUS_BAD_MESSAGE, STATUS_UNSUPPORTED = 8 };

/* A message being read. `bad` once more was asked of it than it has; numbers are 0 then and texts empty. */
struct message {
    const uint8_t *at, *end;
    bool bad;
};

uint32_t read_u32(struct message *from);
uint64_t read_u64(struct message *from);
/* Bytes in the message itself. */
const uint8_t *read_bytes(struct message *from, uint32_t *size);
/* A path, which must have no NUL and be shorter than PATH_MAX. Empty is the current folder. */
const char *read_path(struct message *from, char *into);

/* Which of its fields an `attributes` has, and has bits of. */
enum { HAS_SIZE = 1, HAS_OWNER = 2, HAS_MODE = 4, HAS_TIMES = 8 };
struct attributes {
    uint32_t has, uid, gid, mode, accessed, modified;
    uint64_t size;
};
void read_attributes(struct message *from, struct attributes *into);

/* The one answer that is being made. `begin` ends with its id; `finish` writes it to standard output, at the latest before the next `read`. */
void begin(uint8_t type, uint32_t id);
void put_u32(uint32_t value);
void put_u64(uint64_t value);
void put_bytes(const void *bytes, size_t size);
void put_text(const char *text);
void put_stat(const struct stat *stat);
/* Where the bytes of the next `put_bytes` are to be: read into it, up to MOST_BYTES, then put them. */
uint8_t *room(void);
void finish(void);
/* Takes back what was begun. */
void drop(void);
void flush(void);

void answer_status(uint32_t id, enum sftp_status status);
/* OK when `result` is not negative, else what errno says. */
void answer_result(uint32_t id, long result);

/* sftp-files.c: answers one request of this type. */
void answer_request(uint8_t type, uint32_t id, struct message *request);
