#define _GNU_SOURCE
#include "confine.h"
#include "stream.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_MEMORY = 1 << 30 };

void confine(const char *folder) {
    if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0) fail("namespaces");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) fail("private mounts");
    if (mount(folder, folder, NULL, MS_BIND, NULL) < 0) fail("root");
    if (mount(NULL, folder, NULL, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) fail("root");
    if (chdir(folder) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) fail("root");
    /* linux/capability.h: CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETFCAP. */
    const uint32_t kept[2] = {1u << 0 | 1u << 1 | 1u << 3 | 1u << 4 | 1u << 31, 0};
    for (unsigned long each = 0; each < 64; each++)
        if (!(kept[each / 32] >> each % 32 & 1)) prctl(PR_CAPBSET_DROP, each, 0, 0, 0);
    uint32_t header[2] = {0x20080522, 0}, sets[6] = {kept[0], kept[0], 0, kept[1], kept[1], 0};
    if (syscall(SYS_capset, header, sets) < 0) fail("capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) fail("no_new_privs");
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) < 0) fail("core files");
    /* Names and times of folders are kept until the end. */
    struct rlimit memory = {MOST_MEMORY, MOST_MEMORY};
    if (setrlimit(RLIMIT_AS, &memory) < 0) fail("memory");
    umask(0);
}
