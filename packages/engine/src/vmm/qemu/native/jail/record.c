#include "record.h"
#include "descriptors.h"
#include "fail.h"
#include "walls.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Field 22 of proc(5) stat, in clock ticks since boot, as digits. */
static void start_time(pid_t pid, char digits[32]) {
    char file[64], text[4096];
    snprintf(file, sizeof file, "/proc/%d/stat", pid);
    int in = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t length = in < 0 ? -1 : read(in, text, sizeof text - 1);
    if (length <= 0) give_up("%s", file);
    close(in);
    text[length] = 0;
    char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    if (!at || sscanf(at, " %31[0-9]", digits) != 1) refuse(file);
}

void record(pid_t pid) {
    if (!walls.record_file) return;
    char temporary[4096], boot[64] = "", started[32];
    start_time(pid, started);
    int in = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (in < 0 || read(in, boot, sizeof boot - 1) < 36) give_up("boot id");
    close(in);
    boot[36] = 0;
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.tmp", walls.record_file) >= sizeof temporary) refuse(walls.record_file);
    unlink(temporary);
    int out = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0) give_up("%s", temporary);
    if (dprintf(out, "{\"pid\":%d,\"startTime\":\"%s\",\"bootId\":\"%s\",%s}", pid, started, boot, walls.record_text) < 0 || close(out) < 0 || rename(temporary, walls.record_file) < 0)
        give_up("%s", walls.record_file);
}

int open_end(void) {
    if (!walls.end_file) return -1;
    unlink(walls.end_file);
    int file = open(walls.end_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) give_up("%s", walls.end_file);
    return own(file);
}

void record_end(int file, int status) {
    if (file < 0) return;
    if (WIFSIGNALED(status)) dprintf(file, "{\"signal\":%d}", WTERMSIG(status));
    else dprintf(file, "{\"code\":%d}", WEXITSTATUS(status));
}
