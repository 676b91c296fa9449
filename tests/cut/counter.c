/*
 * Two programs for two machines that show whether a cut has memory, drives and connections of one instant.
 *
 *   counter write FILE HOST PORT   counts: in memory, then in FILE (fsync), then over TCP, and waits for the answer. Before each number it reads FILE from the drive.
 *   counter hold MIB PORT          answers, and writes to every page of MIB of anonymous memory again and again, comparing each word with what it wrote last.
 *
 * Both keep their numbers in one page, /dev/shm/counts, which is read in the guest, and found by its first 16 bytes in the file of the machine's memory.
 * Whatever does not fit is written to /dev/shm/broken, and ends the program.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* stride: one word in so many is written, 32 a page; the rests between are there for others on the host. */
enum { page = 4096, words = page / 8, blocks = 1024, stride = 16, rest_every = 8 << 20, rest_us = 10000 };
/* Put together when the program runs: the program itself is in memory too, and must not be taken for the page. */
static const char page_mark[] = "stnuoc fo egaP", block_mark[] = "kcolb fo gnirts";

/* In the order in which the test reads them. */
struct counts {
	char mark[16];
	_Atomic uint64_t begun, synced, acknowledged, got, passes;
};
static struct counts *counts;

__attribute__((format(printf, 1, 2), noreturn)) static void broken(const char *format, ...)
{
	FILE *out = fopen("/dev/shm/broken", "w");
	va_list arguments;
	va_start(arguments, format);
	if (out) vfprintf(out, format, arguments), fclose(out);
	exit(1);
}

static void mark(char out[16], const char *reversed)
{
	size_t length = strlen(reversed);
	memset(out, 0, 16);
	for (size_t at = 0; at < length; at++) out[at] = reversed[length - 1 - at];
}

static void open_counts(void)
{
	int file = open("/dev/shm/counts", O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (file < 0 || ftruncate(file, page) != 0) broken("counts: %s", strerror(errno));
	counts = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (counts == MAP_FAILED) broken("counts: %s", strerror(errno));
	mark(counts->mark, page_mark);
}

/* The number n, which its block is full of: 16 bytes mark, n, and words that follow from n. */
static void fill(uint64_t *block, uint64_t n)
{
	mark((char *)block, block_mark);
	block[2] = n;
	for (uint64_t at = 3; at < words; at++) block[at] = n * 0x9e3779b97f4a7c15u + at;
}

static void check_block(int file, uint64_t *block, uint64_t *wanted, uint64_t n, const char *which)
{
	if (pread(file, block, page, (off_t)(n % blocks) * page) != page) broken("read of %s: %s", which, strerror(errno));
	fill(wanted, n);
	if (memcmp(block, wanted, page) != 0)
		broken("%s: the drive has %llu, memory %llu", which, (unsigned long long)block[2], (unsigned long long)n);
}

static void all(ssize_t (*move)(int, void *, size_t, int), int connection, void *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t moved = move(connection, (char *)bytes + done, length - done, MSG_NOSIGNAL);
		if (moved <= 0) broken("the connection: %s", moved == 0 ? "its other end is gone" : strerror(errno));
		done += (size_t)moved;
	}
}
static ssize_t sends(int connection, void *bytes, size_t length, int flags) { return send(connection, bytes, length, flags); }

static void count(const char *path, const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_INET }, *found;
	if (getaddrinfo(host, port, &hints, &found) != 0) broken("no such host: %s", host);
	int connection = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	if (connect(connection, found->ai_addr, found->ai_addrlen) != 0) broken("connect: %s", strerror(errno));
	setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);

	/* Past the guest's own cache: what is compared is the drive. */
	int file = open(path, O_RDWR | O_CREAT | O_DIRECT, 0644);
	uint64_t *block = aligned_alloc(page, page), *wanted = aligned_alloc(page, page);
	if (file < 0 || !block || !wanted) broken("%s: %s", path, strerror(errno));
	for (uint64_t n = 0; n < blocks; n++) {
		fill(block, n);
		if (pwrite(file, block, page, (off_t)n * page) != page) broken("write: %s", strerror(errno));
	}
	if (fsync(file) != 0) broken("fsync: %s", strerror(errno));

	uint64_t last = blocks - 1;
	counts->begun = counts->synced = counts->acknowledged = last;
	for (;;) {
		check_block(file, block, wanted, last, "the newest block");
		check_block(file, block, wanted, last - (uint64_t)rand() % blocks, "an older block");
		uint64_t n = last + 1, answer;
		counts->begun = n;
		fill(block, n);
		if (pwrite(file, block, page, (off_t)(n % blocks) * page) != page) broken("write: %s", strerror(errno));
		if (fsync(file) != 0) broken("fsync: %s", strerror(errno));
		counts->synced = n;
		all(sends, connection, &n, sizeof n);
		all(recv, connection, &answer, sizeof answer);
		if (answer != n) broken("sent %llu, answered %llu", (unsigned long long)n, (unsigned long long)answer);
		counts->acknowledged = last = n;
		usleep(rest_us);
	}
}

static void *answer(void *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1) != 0)
		broken("listen: %s", strerror(errno));
	int connection = accept(listener, NULL, NULL);
	setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	for (uint64_t n;;) {
		all(recv, connection, &n, sizeof n);
		if (counts->got != 0 && n != counts->got + 1)
			broken("got %llu after %llu", (unsigned long long)n, (unsigned long long)counts->got);
		counts->got = n;
		all(sends, connection, &n, sizeof n);
	}
	return NULL;
}

static uint64_t word(uint64_t pass, uint64_t at) { return pass * 0x9e3779b97f4a7c15u + at * 0xbf58476d1ce4e5b9u; }

static void hold(uint64_t bytes, char *port)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, answer, port) != 0) broken("no thread");
	uint64_t *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), length = bytes / 8;
	if (memory == MAP_FAILED) broken("memory: %s", strerror(errno));
	for (uint64_t at = 0; at < length; at += stride) memory[at] = word(0, at);
	for (uint64_t pass = 1;; pass++) {
		uint64_t sum = 0, wanted = 0;
		for (uint64_t at = 0; at < length; at += stride) {
			uint64_t old = word(pass - 1, at);
			wanted += old;
			sum += memory[at];
			if (memory[at] != old) broken("pass %llu: word %llu of memory", (unsigned long long)pass, (unsigned long long)at);
			memory[at] = word(pass, at);
			if (at % (rest_every / 8) == 0) usleep(rest_us);
		}
		if (sum != wanted) broken("pass %llu: the sum of memory", (unsigned long long)pass);
		counts->passes = pass;
	}
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "write") == 0) open_counts(), count(argv[2], argv[3], argv[4]);
	if (argc == 4 && strcmp(argv[1], "hold") == 0) open_counts(), hold(strtoull(argv[2], NULL, 10) << 20, argv[3]);
	return 2;
}
