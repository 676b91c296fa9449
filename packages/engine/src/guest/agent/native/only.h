/* One process of a kind at a time: one that is started while another lives waits here for its end. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* Record locks end with their process, however it ends, and are not inherited by its children (fcntl(2)). `name`: relative to the platform's tmpfs. */
static inline void be_the_only(const char *name) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int file = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (file >= 0 && fcntl(file, F_SETLKW, &whole) < 0 && errno == EINTR) {
    }
}

/* Lets those that have these locks go on, should somebody have stopped them; whose child each is, and in which process group, does not matter. Not for a lock of one's own. */
static inline void let_go_on(const char *const *names) {
    for (; *names; names++) {
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int file = open(*names, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (file < 0) continue;
        if (fcntl(file, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK && whole.l_pid > 1) kill(whole.l_pid, SIGCONT);
        close(file);
    }
}
