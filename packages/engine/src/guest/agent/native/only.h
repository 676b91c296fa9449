/* One process of a kind at a time: one that is started while another lives waits here for its end. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Record locks end with their process, however it ends, and are not inherited by its children (fcntl(2)). `name`: relative to the platform's tmpfs. */
static inline void be_the_only(const char *name) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int file = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (file >= 0 && fcntl(file, F_SETLKW, &whole) < 0 && errno == EINTR) {
    }
}
