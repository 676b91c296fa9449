/*
 * split LISTENER BLOCK BYTES HOLD
 *
 * Takes one migration stream of QEMU (version 3, QEMU 7.2 to 10) on the listening socket that is its descriptor LISTENER and splits it: pages of the RAM block BLOCK, of BYTES bytes, go to
 * file 3 at their own offsets, where a page of zeros stays a hole; everything else goes to file 4, in the form that QEMU loads. QEMU wants no page
 * that is not in the stream, so the RAM file can be mapped under the VM that loads file 4.
 *
 * While it does not read, QEMU's migration thread waits in a write and the guest goes on. So it says, a line each:
 *   listening                QEMU may connect
 *   tail                     the first pass over BLOCK has come to offset HOLD; the stream is held until a byte comes in on standard input
 *   whole PAGES LATE BYTES   both files are complete, file 4 with BYTES; LATE of the pages came after that byte
 * Anything unexpected ends it with a sentence on standard error, which QEMU sees as a failed migration. The end of standard input ends it, too.
 * The stream comes from a process that a guest may have taken over: nothing in it is trusted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define RAM_FILE 3
#define STATE_FILE 4

#define PAGE 4096
#define MOST_BLOCKS 64
#define MOST_NAME 255
/* Device state of a VM with twenty devices is 0.3 MB; a stream that has more of it than this is not one of ours. */
#define MOST_STATE (64u << 20)

/* migration/savevm.h and migration/ram.c of QEMU. */
#define MAGIC 0x5145564du
#define VERSION 3
enum { SECTION_EOF, SECTION_START, SECTION_PART, SECTION_END, SECTION_FULL, CONFIGURATION = 7, FOOTER = 0x7e };
enum { ZERO = 0x02, MEM_SIZE = 0x04, DATA = 0x08, EOS = 0x10, CONTINUE = 0x20, FLAGS = 0xfff };

struct block {
    char name[MOST_NAME + 1];
    uint64_t bytes;
};

static struct block blocks[MOST_BLOCKS];
static size_t block_count;
static const struct block *current;

static const char *main_name;
static uint64_t main_bytes, hold_at;
/* A bit a page: set once something was written there, as a page of zeros must then be written too. */
static uint8_t *written;

static int stream = -1;
static uint8_t input[1 << 20];
static size_t input_begin, input_end;
static bool input_is_over;

/* Pages that are still in `input` and go to consecutive places. */
static struct iovec run[256];
static size_t run_pages;
static uint64_t run_offset;
static const uint8_t zeros[PAGE];

static uint8_t *state;
static size_t state_bytes, state_room;

static uint64_t pages, late_pages;

__attribute__((noreturn, format(printf, 1, 2))) static void give_up(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vdprintf(2, format, arguments);
    va_end(arguments);
    dprintf(2, "\n");
    exit(1);
}

static void write_whole(int file, const uint8_t *bytes, size_t length, const char *what) {
    while (length > 0) {
        ssize_t done = write(file, bytes, length);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) give_up("%s: %s", what, strerror(errno));
        bytes += done;
        length -= (size_t)done;
    }
}

static void write_run(void) {
    struct iovec *next = run;
    size_t left = run_pages;
    uint64_t offset = run_offset;
    while (left > 0) {
        ssize_t done = pwritev(RAM_FILE, next, (int)left, (off_t)offset);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) give_up("RAM file: %s", done < 0 ? strerror(errno) : "no space");
        offset += (uint64_t)done;
        while (left > 0 && (size_t)done >= next->iov_len) {
            done -= (ssize_t)next->iov_len;
            next++;
            left--;
        }
        if (left > 0) {
            next->iov_base = (uint8_t *)next->iov_base + done;
            next->iov_len -= (size_t)done;
        }
    }
    run_pages = 0;
}

/* Bytes that came in on standard input. Before they are needed they are only counted; their end is the host's. */
static unsigned permits;

static void take_permit(void) {
    char any;
    ssize_t got = read(0, &any, 1);
    if (got == 0) exit(1);
    if (got < 0 && errno != EINTR) give_up("standard input: %s", strerror(errno));
    if (got > 0) permits++;
}

static void wait_for_permit(unsigned wanted) {
    while (permits < wanted) take_permit();
}

static void refill(void) {
    write_run();
    memmove(input, input + input_begin, input_end - input_begin);
    input_end -= input_begin;
    input_begin = 0;
    struct pollfd either[] = {{.fd = stream, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    for (;;) {
        if (poll(either, 2, -1) < 0 && errno != EINTR) give_up("poll: %s", strerror(errno));
        if (either[1].revents) take_permit();
        if (either[0].revents) break;
    }
    ssize_t got = read(stream, input + input_end, sizeof input - input_end);
    if (got < 0 && errno != EINTR) give_up("stream: %s", strerror(errno));
    if (got == 0) input_is_over = true;
    if (got > 0) input_end += (size_t)got;
}

/* The next bytes of the stream; what `take` gave before is then no longer there, but for pages of the run. */
static const uint8_t *take(size_t length) {
    while (input_end - input_begin < length) {
        if (input_is_over) give_up("the stream ended too early");
        refill();
    }
    input_begin += length;
    return input + input_begin - length;
}

static uint64_t take_number(size_t length) {
    const uint8_t *bytes = take(length);
    uint64_t number = 0;
    for (size_t at = 0; at < length; at++) number = number << 8 | bytes[at];
    return number;
}

static void take_name(char name[MOST_NAME + 1]) {
    size_t length = (size_t)take_number(1);
    memcpy(name, take(length), length);
    name[length] = 0;
    if (strlen(name) != length) give_up("a name with a zero byte in the stream");
}

static void keep(const void *bytes, size_t length) {
    if (state_bytes + length > MOST_STATE) give_up("more than %u bytes of device state", MOST_STATE);
    if (state_bytes + length > state_room) {
        state_room = (state_bytes + length) * 2;
        state = realloc(state, state_room);
        if (!state) give_up("out of memory");
    }
    memcpy(state + state_bytes, bytes, length);
    state_bytes += length;
}

static void keep_number(uint64_t number, size_t length) {
    uint8_t bytes[8];
    for (size_t at = 0; at < length; at++) bytes[at] = (uint8_t)(number >> 8 * (length - 1 - at));
    keep(bytes, length);
}

static void keep_name(const char *name) {
    keep_number(strlen(name), 1);
    keep(name, strlen(name));
}

/* The guest is about to be stopped. */
static void hold(void) {
    write_run();
    printf("tail\n");
    wait_for_permit(1);
}

static bool is_main(const struct block *block) { return strcmp(block->name, main_name) == 0; }

static void put_page(uint64_t offset, const uint8_t *bytes) {
    uint64_t number = offset / PAGE;
    uint8_t bit = (uint8_t)(1u << number % 8);
    if (bytes == zeros && !(written[number / 8] & bit)) return;
    written[number / 8] |= bit;
    if (run_pages > 0 && (run_pages == sizeof run / sizeof *run || offset != run_offset + run_pages * PAGE)) write_run();
    if (run_pages == 0) run_offset = offset;
    run[run_pages++] = (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = PAGE};
    pages++;
    if (permits > 0) late_pages++;
}

static void take_sizes(uint64_t total) {
    keep_number(total | MEM_SIZE, 8);
    bool has_main = false;
    for (uint64_t sum = 0; sum < total;) {
        if (block_count == MOST_BLOCKS) give_up("more than %d RAM blocks", MOST_BLOCKS);
        struct block *block = &blocks[block_count++];
        take_name(block->name);
        block->bytes = take_number(8);
        if (block->bytes == 0 || block->bytes % PAGE || block->bytes > total - sum) give_up("RAM block %s has a wrong size", block->name);
        sum += block->bytes;
        keep_name(block->name);
        keep_number(block->bytes, 8);
        if (!is_main(block)) continue;
        if (has_main || block->bytes != main_bytes) give_up("RAM block %s is not of %ju bytes", main_name, (uintmax_t)main_bytes);
        has_main = true;
    }
    if (!has_main) give_up("there is no RAM block %s", main_name);
}

static void take_block(uint64_t flags) {
    if (!(flags & CONTINUE)) {
        char name[MOST_NAME + 1];
        take_name(name);
        current = NULL;
        for (size_t at = 0; at < block_count; at++)
            if (strcmp(blocks[at].name, name) == 0) current = &blocks[at];
    }
    if (!current) give_up("a page of no known RAM block");
}

/* Records of the section of RAM up to its end. True: some of them were kept. */
static bool take_ram(int type) {
    static bool was_held;
    bool has_kept = false;
    for (;;) {
        uint64_t record = take_number(8), flags = record & FLAGS, offset = record & ~(uint64_t)FLAGS;
        if (flags == EOS) {
            keep_number(EOS, 8);
            return has_kept;
        }
        if (type == SECTION_START) {
            if (flags != MEM_SIZE || block_count) give_up("no list of RAM blocks at the beginning");
            take_sizes(offset);
            has_kept = true;
            continue;
        }
        if ((flags & ~(uint64_t)CONTINUE) != ZERO && (flags & ~(uint64_t)CONTINUE) != DATA) give_up("unknown flags %#jx of a page", (uintmax_t)flags);
        take_block(flags);
        if (offset >= current->bytes) give_up("a page beyond the end of %s", current->name);
        bool is_zero = flags & ZERO;
        if (!is_main(current)) {
            keep_number(offset | (is_zero ? ZERO : DATA), 8);
            keep_name(current->name);
            keep(take(is_zero ? 1 : PAGE), is_zero ? 1 : PAGE);
            has_kept = true;
            continue;
        }
        if (is_zero && take_number(1) != 0) give_up("a page filled with something else than zeros");
        put_page(offset, is_zero ? zeros : take(PAGE));
        /* In its last section the guest is stopped and QEMU answers nothing until all is sent: there it is never held. */
        if (type == SECTION_PART && offset == hold_at && !was_held) {
            was_held = true;
            hold();
        }
    }
}

/* The sections of RAM. Each is kept without the pages of BLOCK, and not at all when nothing else is in it. */
static void take_sections(void) {
    uint64_t id = 0;
    for (;;) {
        size_t before = state_bytes;
        int type = (int)take_number(1);
        uint64_t number = take_number(4);
        keep_number((uint64_t)type, 1);
        keep_number(number, 4);
        if (type == SECTION_START && !block_count) {
            char name[MOST_NAME + 1];
            take_name(name);
            if (strcmp(name, "ram") != 0) give_up("%s comes before the RAM", name);
            keep_name(name);
            keep(take(8), 8);
            id = number;
        } else if ((type != SECTION_PART && type != SECTION_END) || number != id || !block_count) {
            give_up("section %d of type %d where RAM should be", (int)number, type);
        }
        bool has_kept = take_ram(type);
        if (take_number(1) != FOOTER || take_number(4) != number) give_up("a section without its footer");
        keep_number(FOOTER, 1);
        keep_number(number, 4);
        if (type == SECTION_END) return;
        if (!has_kept) state_bytes = before;
    }
}

static void take_header(void) {
    uint64_t magic = take_number(4), version = take_number(4);
    if (magic != MAGIC || version != VERSION) give_up("not a migration stream of version %d", VERSION);
    keep_number(magic, 4);
    keep_number(version, 4);
    if (take_number(1) != CONFIGURATION) give_up("the stream does not name its machine");
    keep_number(CONFIGURATION, 1);
    size_t length = (size_t)take_number(4);
    if (length > MOST_NAME) give_up("the machine's name is too long");
    keep_number(length, 4);
    keep(take(length), length);
}

static void take_devices(void) {
    for (;;) {
        if (input_begin == input_end) {
            if (input_is_over) break;
            refill();
            continue;
        }
        keep(input + input_begin, input_end - input_begin);
        input_begin = input_end;
    }
    /* With suppress-vmdesc=on nothing follows the end: a stream that was cut off is told by it. */
    if (state[state_bytes - 1] != SECTION_EOF) give_up("the stream ended too early");
}

static void accept_stream(int listener) {
    printf("listening\n");
    struct pollfd either[] = {{.fd = listener, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    while (!either[0].revents) {
        if (poll(either, 2, -1) < 0 && errno != EINTR) give_up("poll: %s", strerror(errno));
        if (either[1].revents) take_permit();
    }
    stream = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (stream < 0) give_up("accept: %s", strerror(errno));
    close(listener);
}

int main(int argc, char **argv) {
    if (argc != 5) give_up("usage: split LISTENER BLOCK BYTES HOLD");
    main_name = argv[2];
    main_bytes = strtoull(argv[3], NULL, 10);
    hold_at = strtoull(argv[4], NULL, 10) / PAGE * PAGE;
    setvbuf(stdout, NULL, _IOLBF, 0);
    written = calloc(1, (size_t)(main_bytes / PAGE / 8 + 1));
    if (!written) give_up("out of memory");
    if (ftruncate(RAM_FILE, (off_t)main_bytes) < 0) give_up("RAM file: %s", strerror(errno));
    accept_stream((int)strtol(argv[1], NULL, 10));
    take_header();
    take_sections();
    take_devices();
    write_run();
    write_whole(STATE_FILE, state, state_bytes, "state file");
    printf("whole %ju %ju %zu\n", (uintmax_t)pages, (uintmax_t)late_pages, state_bytes);
    return 0;
}
