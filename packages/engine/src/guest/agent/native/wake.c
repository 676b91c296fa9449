/*
 * wake PORT
 *
 * What must happen inside a machine whose memory was resumed or cloned, before anybody uses it: see `waken`. The working directory is the
 * platform's tmpfs, all names are relative to it. Frames (the same table is in wake-frames.ts), integers big endian:
 *   "rametwk" (7 bytes), version (1), type (4), length (4), payload, CRC-32 of all that comes before it (4).
 * Every version's payloads begin with the host's nonce (8), so that an answer can be told from one to somebody before the cut.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "only.h"
#include "oom.h"
#include "port.h"

enum {
    VERSION = 2,
    TYPE_WAKE = 1,    /* nonce, entropy (64), host's time in ns (8), epoch (36) */
    TYPE_CLOCK = 2,   /* nonce, ns to add to the clock (8) */
    TYPE_DONE = 17,   /* nonce, the guest's time in ns (8) */
    TYPE_FAILED = 18, /* nonce, why: text */
    HEADER = 16,
    CHECK = 4,
    NONCE = 8,
    ENTROPY = 64,
    EPOCH = 36,
    WAKE_SIZE = NONCE + ENTROPY + 8 + EPOCH,
    LARGEST_PAYLOAD = 1024,
    LARGEST_FRAME = HEADER + LARGEST_PAYLOAD + CHECK,
    /* The rest of a frame that takes longer than this does not come: its sender is gone. */
    REST_MS = 500,
    ANSWER_MS = 2000
};

#define MAGIC "rametwk"

/* linux/random.h, which musl does not bring along. */
#define RNDADDENTROPY _IOW('R', 0x03, int[2])
#define RNDRESEEDCRNG _IO('R', 0x07)
struct pool {
    int bits, size;
    uint8_t bytes[ENTROPY];
};

static int port = -1, random_device = -1;
static uint8_t in[LARGEST_FRAME];
static size_t in_size;

/* What went wrong first while the present message is obeyed; empty: nothing. */
static char wrong[160];

static void note(const char *what) {
    if (!wrong[0]) snprintf(wrong, sizeof wrong, "%s: %s", what, strerror(errno));
}

static void give_up(const char *what) {
    dprintf(2, "ramet wake: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t get(const uint8_t *at, int bytes) {
    uint64_t value = 0;
    while (bytes-- > 0) value = value << 8 | *at++;
    return value;
}

static void put(uint8_t *at, uint64_t value, int bytes) {
    for (; bytes-- > 0; value >>= 8) at[bytes] = (uint8_t)value;
}

/* As zlib's: the reflected polynomial 0xedb88320. */
static uint32_t crc32(const uint8_t *bytes, size_t size) {
    uint32_t crc = ~0u;
    while (size-- > 0) {
        crc ^= *bytes++;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* False when there was no news of the port for so long. */
static bool wait_for_port(long ms) {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCONT);
    struct timespec limit = {ms / 1000, ms % 1000 * 1000000};
    return sigtimedwait(&wanted, NULL, &limit) == SIGCONT;
}

/* An answer that nobody takes is dropped: the host asks again. */
static void answer(uint32_t type, const uint8_t *nonce, const void *rest, size_t size) {
    uint8_t frame[HEADER + NONCE + 256 + CHECK];
    if (size > 256) size = 256;
    memcpy(frame, MAGIC, 7);
    frame[7] = VERSION;
    put(frame + 8, type, 4);
    put(frame + 12, NONCE + size, 4);
    memcpy(frame + HEADER, nonce, NONCE);
    memcpy(frame + HEADER + NONCE, rest, size);
    size_t end = HEADER + NONCE + size;
    put(frame + end, crc32(frame, end), CHECK);
    for (int tries = 0; tries < ANSWER_MS / 100; tries++) {
        if (write(port, frame, end + CHECK) >= 0 || errno != EAGAIN) return;
        wait_for_port(100);
    }
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void set_clock(int64_t ns) {
    struct timespec time = {ns / 1000000000, ns % 1000000000};
    if (clock_settime(CLOCK_REALTIME, &time) < 0) note("clock_settime");
}

/* Until this is done, two machines with the same memory draw the same random numbers (measured: half of all kernel UUIDs). */
static void reseed(uint8_t *entropy) {
    struct pool pool = {.bits = ENTROPY * 8, .size = ENTROPY};
    memcpy(pool.bytes, entropy, ENTROPY);
    int added = ioctl(random_device, RNDADDENTROPY, &pool);
    explicit_bzero(&pool, sizeof pool);
    explicit_bzero(entropy, ENTROPY);
    if (added < 0) note("RNDADDENTROPY");
    /* ENODATA: not seeded for the first time yet, which what was just added makes good. */
    if (ioctl(random_device, RNDRESEEDCRNG) < 0 && errno != ENODATA) note("RNDRESEEDCRNG");
}

/* Whoever reads NAME finds all of the old or all of the new. */
static void replace(const char *name, const void *bytes, size_t size, mode_t mode) {
    char new[64];
    snprintf(new, sizeof new, "%s.new", name);
    unlink(new);
    int file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0) return note(name);
    bool done = write(file, bytes, size) == (ssize_t)size && fchmod(file, mode) == 0;
    close(file);
    if (!done || rename(new, name) < 0) note(name);
}

/* In this order: random numbers before anything that may draw some, the clock before anybody is told, the epoch when all else is done. */
static void waken(uint8_t *payload, size_t size) {
    if (size != WAKE_SIZE) {
        errno = EMSGSIZE;
        return note("the message");
    }
    uint8_t *at = payload + NONCE;
    reseed(at);
    at += ENTROPY;
    set_clock((int64_t)get(at, 8));
    at += 8;
    char epoch[EPOCH + 1];
    memcpy(epoch, at, EPOCH);
    epoch[EPOCH] = '\n';
    replace("epoch", epoch, sizeof epoch, 0644);
}

static void obey(uint8_t version, uint32_t type, uint8_t *payload, size_t size) {
    if (size < NONCE) return;
    wrong[0] = 0;
    if (version == VERSION && type == TYPE_WAKE) waken(payload, size);
    else if (version == VERSION && type == TYPE_CLOCK && size == NONCE + 8) set_clock(now() + (int64_t)get(payload + NONCE, 8));
    else snprintf(wrong, sizeof wrong, "message %u of version %u is not known, this is version %d", type, version, VERSION);
    if (wrong[0]) return answer(TYPE_FAILED, payload, wrong, strlen(wrong));
    uint8_t time[8];
    put(time, (uint64_t)now(), 8);
    answer(TYPE_DONE, payload, time, sizeof time);
}

static void drop(size_t count) {
    memmove(in, in + count, in_size - count);
    in_size -= count;
}

/* Half a frame may be left from before the cut: the next one is looked for inside what follows it. */
static void obey_frames(void) {
    while (in_size >= HEADER) {
        size_t length = get(in + 12, 4), check = HEADER + length;
        if (memcmp(in, MAGIC, 7) != 0 || length > LARGEST_PAYLOAD) {
            drop(1);
            continue;
        }
        if (in_size < check + CHECK) return;
        if (get(in + check, CHECK) != crc32(in, check)) {
            drop(1);
            continue;
        }
        obey(in[7], (uint32_t)get(in + 8, 4), in + HEADER, length);
        drop(check + CHECK);
    }
}

int main(int count, char **arguments) {
    if (count != 2) {
        dprintf(2, "usage: wake PORT\n");
        return 2;
    }
    be_the_only("wake.lock");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    set_oom_score("-1000");
    /* First on its processor when the machine goes on. A kernel that refuses only makes it later. (musl has no sched_setscheduler of its own.) */
    syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCONT);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    /* Held from the beginning: what the image does to its /dev later does not matter. */
    random_device = open("/dev/urandom", O_RDWR | O_CLOEXEC);
    if (random_device < 0) give_up("/dev/urandom");
    port = open_port(arguments[1]);
    if (port < 0) give_up(arguments[1]);
    for (;;) {
        ssize_t got = read(port, in + in_size, sizeof in - in_size);
        if (got > 0) {
            in_size += (size_t)got;
            obey_frames();
        } else if (!wait_for_port(in_size > 0 ? REST_MS : 10000)) in_size = 0;
    }
}
