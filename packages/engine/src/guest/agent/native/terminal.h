/* Pseudo terminals of the platform's helpers. */
#pragma once
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Erase takes a whole character of UTF-8 (termios(3), IUTF8); so says ssh's client by default too. */
static inline void erase_characters(int terminal) {
    struct termios settings;
    if (tcgetattr(terminal, &settings) < 0) return;
    settings.c_iflag |= IUTF8;
    tcsetattr(terminal, TCSANOW, &settings);
}

/* Ours; `far_end` is the command's. -1 on failure. */
static inline int open_terminal(int *far_end) {
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    /* Not by name: the guest may have mounted another devpts (ioctl_tty(2), Linux 4.13). */
    *far_end = terminal >= 0 && unlockpt(terminal) == 0 ? ioctl(terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (*far_end < 0) {
        if (terminal >= 0) close(terminal);
        return -1;
    }
    erase_characters(*far_end);
    return terminal;
}

static inline void set_terminal_size(int terminal, unsigned columns, unsigned rows) {
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    if (columns > 0 && rows > 0 && terminal >= 0) ioctl(terminal, TIOCSWINSZ, &size);
}
