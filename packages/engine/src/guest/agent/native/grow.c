/*
 * grow MOUNTPOINT DEVICE: lets a mounted ext4, XFS or btrfs fill its device. Nothing to do when it does already, or for another filesystem.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <unistd.h>

/* linux/fs.h, linux/magic.h, fs/ext4/ext4.h, fs/xfs/libxfs/xfs_fs.h and linux/btrfs.h, which musl does not bring along. */
enum { EXT4 = 0xEF53, XFS = 0x58465342 };
#define BTRFS 0x9123683Eu
#define BLKGETSIZE64 _IOR(0x12, 114, size_t)
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

struct xfs_geometry {
    uint32_t block_size, before[6], inode_percent;
    uint64_t data_blocks, after[3];
    uint8_t uuid[16];
    uint32_t last[7];
};
struct xfs_growth {
    uint64_t new_blocks;
    uint32_t inode_percent;
};
#define XFS_IOC_FSGEOMETRY_V1 _IOR('X', 100, struct xfs_geometry)
#define XFS_IOC_FSGROWFSDATA _IOW('X', 110, struct xfs_growth)

struct btrfs_arguments {
    int64_t descriptor;
    char name[4088];
};
#define BTRFS_IOC_RESIZE _IOW(0x94, 3, struct btrfs_arguments)

static int grow_ext4(int mounted, uint64_t bytes, uint64_t block) {
    uint64_t blocks = bytes / block;
    /* Smaller or equal is refused by the kernel as EINVAL or done at once; the superblock itself says which it is. */
    return ioctl(mounted, EXT4_IOC_RESIZE_FS, &blocks) < 0 && errno != EINVAL ? -1 : 0;
}

static int grow_xfs(int mounted, uint64_t bytes) {
    struct xfs_geometry now;
    if (ioctl(mounted, XFS_IOC_FSGEOMETRY_V1, &now) < 0) return -1;
    struct xfs_growth wanted = {bytes / now.block_size, now.inode_percent};
    return wanted.new_blocks <= now.data_blocks ? 0 : ioctl(mounted, XFS_IOC_FSGROWFSDATA, &wanted);
}

static int grow_btrfs(int mounted) {
    struct btrfs_arguments wanted = {.name = "max"};
    return ioctl(mounted, BTRFS_IOC_RESIZE, &wanted);
}

int main(int count, char **arguments) {
    uint64_t bytes = 0;
    struct statfs root;
    if (count != 3) return 2;
    int mounted = open(arguments[1], O_RDONLY | O_CLOEXEC), device = open(arguments[2], O_RDONLY | O_CLOEXEC);
    if (mounted < 0 || device < 0 || fstatfs(mounted, &root) < 0 || ioctl(device, BLKGETSIZE64, &bytes) < 0 || root.f_bsize <= 0) {
        dprintf(2, "ramet grow: %s: %s\n", arguments[2], strerror(errno));
        return 1;
    }
    uint32_t type = (uint32_t)root.f_type;
    int failed = type == EXT4 ? grow_ext4(mounted, bytes, (uint64_t)root.f_bsize) : type == XFS ? grow_xfs(mounted, bytes) : type == BTRFS ? grow_btrfs(mounted) : 0;
    if (failed) dprintf(2, "ramet grow: %s: %s\n", arguments[1], strerror(errno));
    return failed ? 1 : 0;
}
