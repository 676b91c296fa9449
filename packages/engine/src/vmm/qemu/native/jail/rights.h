/* What is taken from a process for good. */
#pragma once
#include <sys/types.h>

enum sockets { NO_SOCKETS, UNIX_SOCKETS, ANY_SOCKETS };

/* No rights at all, as this user and group. */
void become(uid_t user);

/*
 * What no program here needs, and what would be a way to the kernel's less trodden parts, to other processes or to whoever opens the same file: a lease on a file
 * makes root wait for 45 s when it opens it (fcntl(2)). Sockets are refused but for those of `may`: a program speaks through what it was
 * given, and reaches nothing that listens on its host or in its run's network. QEMU adds its own filter. Refused rather than fatal, since programs try some of it and go on without.
 */
void refuse_calls(enum sockets may);
