#define _GNU_SOURCE
#include "task-script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int complain(const char *what) {
    dprintf(2, "ramet: %s: %s\n", what, strerror(errno));
    return 1;
}

char *read_script(size_t *size) {
    enum { LARGEST = 512 * 1024 };
    char *text = malloc(LARGEST);
    for (*size = 0; text && *size < LARGEST;) {
        ssize_t count = read(0, text + *size, LARGEST - *size);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        *size += (size_t)count;
    }
    return text;
}

int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void run_script(const struct account *account, const char *path, int out, int err) {
    setsid();
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(out, 1);
    dup2(err, 2);
    become(account);
    execlp("bash", "bash", path, (char *)NULL);
    execl("/bin/sh", "sh", path, (char *)NULL);
    execl("/run/ramet/sh", "sh", path, (char *)NULL);
    dprintf(2, "ramet: there is no shell: %s\n", strerror(errno));
    _exit(127);
}
