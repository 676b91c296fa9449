/* Out-of-memory score of the calling process (proc(5)): -1000 keeps the way in alive, 0 is what a command starts with. */
#pragma once
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static inline void set_oom_score(const char *score) {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    if (write(file, score, strlen(score)) < 0) { /* An old kernel or a full lock-down: the default does. */
    }
    close(file);
}
