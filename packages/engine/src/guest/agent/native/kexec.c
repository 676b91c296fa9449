/*
 * kexec load KERNEL INITRDS WORDS | kexec begin
 *
 * Hands the machine over to another kernel. `load`: has the running one check and take it in, with its initramfs (several, with spaces between, become one; `-`: none) and its
 * command line (kexec_file_load(2)). `begin`: ends the running one. Filesystems must be unmounted by then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEXEC_FILE_NO_INITRAMFS 4

static int fail(const char *what) {
    dprintf(2, "ramet kexec: %s: %s\n", what, strerror(errno));
    return 1;
}

static int open_all(char *names) {
    int all = memfd_create("initrd", MFD_CLOEXEC);
    for (char *name; all >= 0 && (name = strsep(&names, " "));) {
        struct stat found;
        int one = open(name, O_RDONLY | O_CLOEXEC);
        if (one < 0 || fstat(one, &found) < 0) return -1;
        for (off_t at = 0; at < found.st_size;)
            if (sendfile(all, one, &at, (size_t)(found.st_size - at)) <= 0) return -1;
        close(one);
        /* Archives begin at multiples of 4 (Documentation/driver-api/early-userspace/buffer-format). */
        if (ftruncate(all, (lseek(all, 0, SEEK_END) + 3) & ~3) < 0 || lseek(all, 0, SEEK_END) < 0) return -1;
    }
    return all;
}

static int load(const char *kernel_name, char *initrds, const char *words) {
    int kernel = open(kernel_name, O_RDONLY | O_CLOEXEC), initrd = -1;
    unsigned long flags = KEXEC_FILE_NO_INITRAMFS;
    if (kernel < 0) return fail(kernel_name);
    if (strcmp(initrds, "-") != 0) {
        flags = 0;
        initrd = strchr(initrds, ' ') ? open_all(initrds) : open(initrds, O_RDONLY | O_CLOEXEC);
        if (initrd < 0) return fail(initrds);
    }
    if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(words) + 1, words, flags) < 0)
        return fail(errno == ENOEXEC ? "not a kernel that can be booted" : kernel_name);
    return 0;
}

int main(int count, char **arguments) {
    if (count == 5 && strcmp(arguments[1], "load") == 0) return load(arguments[2], arguments[3], arguments[4]);
    if (count == 2 && strcmp(arguments[1], "begin") == 0) {
        sync();
        reboot(RB_KEXEC);
        return fail("begin");
    }
    dprintf(2, "usage: kexec load KERNEL INITRDS WORDS | kexec begin\n");
    return 2;
}
