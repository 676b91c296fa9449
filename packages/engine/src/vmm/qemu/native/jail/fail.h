/* Nothing here goes on after a failure: a wall that is not up is none. */
#pragma once

__attribute__((noreturn, format(printf, 1, 2))) void give_up(const char *format, ...);

/* Of what the caller said, rather than of what the kernel did. */
__attribute__((noreturn)) void refuse(const char *why);
