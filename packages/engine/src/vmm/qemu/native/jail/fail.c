#include "fail.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void give_up(const char *format, ...) {
    int error = errno;
    va_list arguments;
    va_start(arguments, format);
    dprintf(2, "jail: ");
    vdprintf(2, format, arguments);
    va_end(arguments);
    dprintf(2, ": %s\n", strerror(error));
    _exit(1);
}

void refuse(const char *why) {
    errno = EINVAL;
    give_up("%s", why);
}
