#define _GNU_SOURCE
#include "descriptors.h"
#include "fail.h"
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* linux/if_tun.h, which musl does not bring along. */
#define TUNSETIFF _IOW('T', 202, int)
#define IFF_TAP 0x0002
#define IFF_NO_PI 0x1000
#define IFF_VNET_HDR 0x4000

static bool is_kept[OWN];
static int given[OWN];

int own(int descriptor) {
    int high = fcntl(descriptor, F_DUPFD_CLOEXEC, OWN);
    if (high < 0) give_up("descriptor %d", descriptor);
    close(descriptor);
    return high;
}

int number(const char *text, long most) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || *end || end == text || value < 0 || value > most) refuse(text);
    return (int)value;
}

static int slot(const char *text) {
    int at = number(text, OWN - 1);
    if (given[at] || is_kept[at]) refuse("a descriptor is given twice");
    return at;
}

void keep_descriptor(const char *text) { is_kept[number(text, OWN - 1)] = true; }

void give_descriptor(const char *text, int made) { given[slot(text)] = made; }

int listener(const char *file, uid_t owner) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(file) >= sizeof address.sun_path) refuse("the path of a socket is too long");
    strcpy(address.sun_path, file);
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(file);
    mode_t before = umask(0177);
    if (made < 0 || bind(made, (struct sockaddr *)&address, sizeof address) < 0 || listen(made, 4) < 0) give_up("%s", file);
    umask(before);
    if (owner && lchown(file, owner, owner) < 0) give_up("%s", file);
    return own(made);
}

int tap(const char *name) {
    struct ifreq wanted = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    if (strlen(name) >= sizeof wanted.ifr_name) refuse(name);
    strcpy(wanted.ifr_name, name);
    int made = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (made < 0 || ioctl(made, TUNSETIFF, &wanted) < 0) give_up("tap %s", name);
    return own(made);
}

void place_descriptors(void) {
    for (int each = 0; each < OWN; each++)
        if (given[each] && dup2(given[each], each) < 0) give_up("descriptor %d", each);
}

void close_all(int from, int to) {
    if (from > to) return;
    if (syscall(SYS_close_range, from, to, 0) == 0) return;
    struct rlimit most;
    if (getrlimit(RLIMIT_NOFILE, &most) < 0) give_up("getrlimit");
    for (int each = from; each <= to && each < (int)most.rlim_cur; each++) close(each);
}

void close_but_kept(void) {
    for (int each = 3; each < OWN; each++)
        if (!is_kept[each]) close(each);
    close_all(OWN, 0x7fffffff);
}
