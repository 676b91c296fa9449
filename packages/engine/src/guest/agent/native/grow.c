/*
 * grow MOUNTPOINT DEVICE: lets a mounted ext4 fill its device (online resize). Nothing to do when it does already.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <unistd.h>

/* linux/fs.h and fs/ext4/ext4.h, which musl does not bring along. */
#define BLKGETSIZE64 _IOR(0x12, 114, size_t)
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

int main(int count, char **arguments) {
    uint64_t bytes = 0, blocks;
    struct statfs root;
    if (count != 3) return 2;
    int mounted = open(arguments[1], O_RDONLY | O_CLOEXEC), device = open(arguments[2], O_RDONLY | O_CLOEXEC);
    if (mounted < 0 || device < 0 || fstatfs(mounted, &root) < 0 || ioctl(device, BLKGETSIZE64, &bytes) < 0 || root.f_bsize <= 0) {
        dprintf(2, "ramet grow: %s: %s\n", arguments[2], strerror(errno));
        return 1;
    }
    blocks = bytes / (uint64_t)root.f_bsize;
    /* Smaller or equal is refused by the kernel as EINVAL or done at once; the superblock itself says which it is. */
    if (ioctl(mounted, EXT4_IOC_RESIZE_FS, &blocks) < 0 && errno != EINVAL) {
        dprintf(2, "ramet grow: %s: %s\n", arguments[1], strerror(errno));
        return 1;
    }
    return 0;
}
