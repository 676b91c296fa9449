#define _GNU_SOURCE
#include "rights.h"
#include "fail.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/filter.h, linux/seccomp.h and linux/audit.h. */
struct instruction {
    uint16_t code;
    uint8_t if_true, if_false;
    uint32_t value;
};
enum { LOAD = 0x20, EQUAL = 0x15, AT_LEAST = 0x35, RETURN = 0x06 };
#define SECCOMP_SET_MODE_FILTER 1
#define REFUSE (0x00050000u | EPERM)
#define ALLOW 0x7fff0000u
#define ARCH_X86_64 0xc000003eu
#define X32_BIT 0x40000000u
/* No family has it. */
#define NO_FAMILY 0xffffffffu

void become(uid_t user) {
    for (unsigned long each = 0; prctl(PR_CAPBSET_DROP, each, 0, 0, 0) == 0; each++);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (setgroups(0, NULL) < 0 || setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0) give_up("user %u", user);
    uint32_t header[2] = {0x20080522, 0}, none[6] = {0};
    if (syscall(SYS_capset, header, none) < 0) give_up("capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) give_up("no_new_privs");
}

void refuse_calls(enum sockets may) {
    static const int calls[] = {
        SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_kcmp, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_bpf,
        SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_unshare, SYS_setns, SYS_mount,
        SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
        SYS_mount_setattr, SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_fanotify_init, SYS_quotactl, SYS_acct, SYS_swapon, SYS_swapoff,
        SYS_syslog, SYS_kexec_load, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_personality,
    };
    enum { COUNT = sizeof calls / sizeof *calls };
    struct instruction filter[COUNT + 24];
    uint16_t at = 0;
#define ADD(...) filter[at++] = (struct instruction){__VA_ARGS__}
    /* Offsets of struct seccomp_data: nr 0, arch 4, args from 16 on (seccomp(2)). */
    ADD(LOAD, 0, 0, 4);
    ADD(EQUAL, 1, 0, ARCH_X86_64);
    ADD(RETURN, 0, 0, REFUSE);
    ADD(LOAD, 0, 0, 0);
    ADD(AT_LEAST, 0, 1, X32_BIT);
    ADD(RETURN, 0, 0, REFUSE);
    /* Jumps are forward, over so many instructions; the last one refuses. */
    for (size_t each = 0; each < COUNT; each++) ADD(EQUAL, (uint8_t)(COUNT - each + (may == ANY_SOCKETS ? 4 : 8)), 0, (uint32_t)calls[each]);
    if (may != ANY_SOCKETS) {
        ADD(EQUAL, 0, 3, SYS_socket);
        ADD(LOAD, 0, 0, 16);
        ADD(EQUAL, 0, 6, may == UNIX_SOCKETS ? AF_UNIX : NO_FAMILY);
        ADD(RETURN, 0, 0, ALLOW);
    }
    ADD(EQUAL, 0, 3, SYS_fcntl);
    ADD(LOAD, 0, 0, 24);
    ADD(EQUAL, 2, 0, F_SETLEASE);
    ADD(EQUAL, 1, 0, F_NOTIFY);
    ADD(RETURN, 0, 0, ALLOW);
    ADD(RETURN, 0, 0, REFUSE);
    struct {
        uint16_t length;
        const struct instruction *filter;
    } program = {at, filter};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) give_up("filter of system calls");
}
