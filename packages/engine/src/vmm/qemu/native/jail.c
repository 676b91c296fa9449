/*
 * jail [OPTION ARGUMENT…]… -- PROGRAM ARGUMENT…
 *
 * Started as root; becomes the keeper of one program that runs as another user, in mount, pid, ipc and uts namespaces of its own, and sees nothing of the
 * host but what is named here. Each path means the same inside as outside.
 *   group FOLDER         joins a control group
 *   netns FILE           enters a network namespace
 *   uid NUMBER           user and group of the program; required
 *   root FOLDER          an empty folder, over which the program's root is mounted (in its namespace alone); required
 *   record FILE TEXT     before the program begins, writes {"pid":…,"startTime":…,"bootId":…,TEXT} into FILE, whole or not at all
 *   listen NUMBER FILE   a socket at FILE that only root may connect to, as that descriptor
 *   meet NUMBER FILE     the same, that the user may connect to as well
 *   tap NUMBER NAME      an interface of the network namespace, as that descriptor
 *   keep NUMBER          a descriptor that the caller gives; every other one but 0, 1 and 2 is closed
 *   system PATH          a file or folder that is read and executed; a symbolic link is copied; one that is not there is left out
 *   read FILE            a file that is read
 *   folder HERE THERE    the folder HERE, under the name THERE; files in it may be written by who owns them
 *   device NAME          a device of /dev
 *   env NAME=VALUE       the program's whole environment
 * A PROGRAM without a slash is looked for where Debian has programs.
 * It ends as the program ends, by the same exit code or signal, and the program ends when it is ended.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* linux/if_tun.h and linux/seccomp.h, which musl does not bring along. */
#define TUNSETIFF _IOW('T', 202, int)
#define IFF_TAP 0x0002
#define IFF_NO_PI 0x1000
#define IFF_VNET_HDR 0x4000
#define SECCOMP_MODE_STRICT 1
/* linux/mount.h. */
#define MOUNT_ATTR_RDONLY 1
#define MOUNT_ATTR_NOSUID 2
#define MOUNT_ATTR_NODEV 4

/* linux/filter.h, linux/audit.h and linux/keyctl.h. */
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
#define JOIN_SESSION_KEYRING 1

#define MOST 64
/* Descriptors of our own are above those that the program is given. */
#define OWN 100
/* Of the process that only holds the pid namespace. */
#define NOBODY 65534

static const char *root, *record_file, *record_text, *netns;
static uid_t uid;
static char *environment[MOST + 1];
static size_t environment_size;
static bool is_kept[OWN];
static int given[OWN];

struct place {
    const char *here, *there;
    enum { SYSTEM, DATA, FOLDER, DEVICE } kind;
};
static struct place places[1024];
static size_t place_count;

__attribute__((noreturn, format(printf, 1, 2))) static void give_up(const char *format, ...) {
    int error = errno;
    va_list arguments;
    va_start(arguments, format);
    dprintf(2, "jail: ");
    vdprintf(2, format, arguments);
    va_end(arguments);
    dprintf(2, ": %s\n", strerror(error));
    _exit(1);
}

static void refuse(const char *why) {
    errno = EINVAL;
    give_up("%s", why);
}

static void write_text(const char *file, const char *text) {
    int out = open(file, O_WRONLY | O_CLOEXEC);
    if (out < 0 || write(out, text, strlen(text)) < 0) give_up("%s", file);
    close(out);
}

static int own(int descriptor) {
    int high = fcntl(descriptor, F_DUPFD_CLOEXEC, OWN);
    if (high < 0) give_up("descriptor %d", descriptor);
    close(descriptor);
    return high;
}

static int number(const char *text, long most) {
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

static int listener(const char *file, uid_t owner) {
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

static int tap(const char *name) {
    struct ifreq wanted = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    if (strlen(name) >= sizeof wanted.ifr_name) refuse(name);
    strcpy(wanted.ifr_name, name);
    int made = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (made < 0 || ioctl(made, TUNSETIFF, &wanted) < 0) give_up("tap %s", name);
    return own(made);
}

static void add_place(const char *here, const char *there, int kind) {
    if (place_count == sizeof places / sizeof *places) refuse("too many files");
    if (here[0] != '/' || there[0] != '/') refuse("not an absolute path");
    places[place_count++] = (struct place){.here = here, .there = there, .kind = kind};
}

static void close_all(int from, int to) {
    if (from > to) return;
    if (syscall(SYS_close_range, from, to, 0) == 0) return;
    struct rlimit most;
    if (getrlimit(RLIMIT_NOFILE, &most) < 0) give_up("getrlimit");
    for (int each = from; each <= to && each < (int)most.rlim_cur; each++) close(each);
}

static void close_but_kept(void) {
    for (int each = 3; each < OWN; each++)
        if (!is_kept[each]) close(each);
    close_all(OWN, 0x7fffffff);
}

/* Options that need no namespace of the program's. Two passes: what the caller did not give is closed before anything is opened. */
static char **take_options(char **word, bool is_first) {
    for (; *word; word += 2) {
        const char *name = *word, *value = word[1];
        if (strcmp(name, "--") == 0) return word + 1;
        if (!value) break;
        bool has_two = !strcmp(name, "record") || !strcmp(name, "listen") || !strcmp(name, "meet") || !strcmp(name, "tap") || !strcmp(name, "folder");
        const char *second = has_two ? word[2] : NULL;
        if (has_two) word++;
        if (has_two && !second) break;
        if (is_first) {
            if (!strcmp(name, "keep")) is_kept[number(value, OWN - 1)] = true;
            else if (!strcmp(name, "uid")) uid = (uid_t)number(value, 0x7ffffffe);
            else if (!strcmp(name, "netns")) netns = value;
            continue;
        }
        if (!strcmp(name, "keep") || !strcmp(name, "uid") || !strcmp(name, "netns")) continue;
        if (!strcmp(name, "group")) {
            char file[4096];
            if ((size_t)snprintf(file, sizeof file, "%s/cgroup.procs", value) >= sizeof file) refuse(value);
            write_text(file, "0");
        } else if (!strcmp(name, "root")) root = value;
        else if (!strcmp(name, "record")) record_file = value, record_text = second;
        else if (!strcmp(name, "listen")) given[slot(value)] = listener(second, 0);
        else if (!strcmp(name, "meet")) given[slot(value)] = listener(second, uid);
        else if (!strcmp(name, "tap")) given[slot(value)] = tap(second);
        else if (!strcmp(name, "system")) add_place(value, value, SYSTEM);
        else if (!strcmp(name, "read")) add_place(value, value, DATA);
        else if (!strcmp(name, "folder")) add_place(value, second, FOLDER);
        else if (!strcmp(name, "device")) {
            static char paths[MOST][64];
            static size_t used;
            if (used == MOST || strchr(value, '/') || (size_t)snprintf(paths[used], 64, "/dev/%s", value) >= 64) refuse(value);
            add_place(paths[used], paths[used], DEVICE);
            used++;
        } else if (!strcmp(name, "env")) {
            if (environment_size == MOST) refuse("too many variables");
            environment[environment_size++] = (char *)(uintptr_t)value;
        } else refuse(name);
    }
    refuse("usage: jail OPTION… -- PROGRAM…");
    return NULL;
}

/* Makes the folders above the last part of a path. */
static void make_parents(char *path) {
    for (char *at = path + strlen(root) + 1; (at = strchr(at, '/')); at++) {
        *at = 0;
        if (mkdir(path, 0755) < 0 && errno != EEXIST) give_up("folder %s", path);
        *at = '/';
    }
}

static void bind_at(const char *here, const char *there, unsigned long flags) {
    if (mount(here, there, NULL, MS_BIND, NULL) < 0) give_up("%s", here);
    if (mount(NULL, there, NULL, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | flags, NULL) < 0) give_up("rights of %s", here);
}

/* With what is mounted below it, if the kernel can set the rights of all that at once (5.12). */
static void bind_system(const char *here, const char *there) {
    uint64_t rights[4] = {MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    if (mount(here, there, NULL, MS_BIND | MS_REC, NULL) < 0) give_up("%s", here);
    if (syscall(SYS_mount_setattr, AT_FDCWD, there, AT_RECURSIVE, rights, sizeof rights) == 0) return;
    if (errno != ENOSYS) give_up("rights of %s", here);
    if (umount2(there, MNT_DETACH) < 0) give_up("%s", there);
    bind_at(here, there, MS_RDONLY);
}

static void make_mount_point(const char *path, bool is_folder) {
    int made = is_folder ? mkdir(path, 0755) : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (made < 0 && errno != EEXIST) give_up("%s", path);
    if (!is_folder && made >= 0) close(made);
}

static void put(const struct place *place) {
    char path[4096];
    struct stat found;
    if ((size_t)snprintf(path, sizeof path, "%s%s", root, place->there) >= sizeof path) refuse("a path is too long");
    if (lstat(place->here, &found) < 0) {
        if (errno == ENOENT && place->kind == SYSTEM) return;
        give_up("%s", place->here);
    }
    make_parents(path);
    if (place->kind == SYSTEM && S_ISLNK(found.st_mode)) {
        char target[4096];
        ssize_t length = readlink(place->here, target, sizeof target - 1);
        if (length < 0) give_up("%s", place->here);
        target[length] = 0;
        if (symlink(target, path) < 0 && errno != EEXIST) give_up("%s", path);
        return;
    }
    if (place->kind == DEVICE) {
        if (!S_ISCHR(found.st_mode)) refuse(place->here);
        if (mknod(path, S_IFCHR | 0600, found.st_rdev) == 0) {
            if (lchown(path, uid, uid) < 0) give_up("%s", path);
            return;
        }
        /* A container may not make devices: its own is used, with the rights that it has. */
        make_mount_point(path, false);
        if (mount(place->here, path, NULL, MS_BIND, NULL) < 0) give_up("%s", place->here);
        return;
    }
    make_mount_point(path, S_ISDIR(found.st_mode));
    if (place->kind == SYSTEM) bind_system(place->here, path);
    else bind_at(place->here, path, MS_NOEXEC | (place->kind == DATA ? MS_RDONLY : 0));
}

/* A program looks for its modules beside itself. If its folder is closed to the user, it sees one that holds the program alone. */
static void open_folder_of(const char *program) {
    char path[4096], here[64];
    struct stat folder;
    if ((size_t)snprintf(path, sizeof path, "%s%s", root, program) >= sizeof path) refuse(program);
    char *name = strrchr(path, '/');
    *name = 0;
    if (program[0] != '/' || stat(path, &folder) < 0 || folder.st_mode & 1) return;
    *name = '/';
    int file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0) return;
    snprintf(here, sizeof here, "/proc/self/fd/%d", file);
    *name = 0;
    if (mount("jail", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m,nr_inodes=16") < 0) give_up("%s", path);
    *name = '/';
    make_mount_point(path, false);
    bind_at(here, path, MS_RDONLY);
    *name = 0;
    if (mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0) give_up("%s", path);
    close(file);
}

static void enter_root(const char *program) {
    if (unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) < 0) give_up("namespaces");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) give_up("private mounts");
    if (mount("jail", root, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=1m,nr_inodes=4k") < 0) give_up("%s", root);
    for (size_t at = 0; at < place_count; at++) put(&places[at]);
    open_folder_of(program);
    if (chdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) give_up("root");
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL) < 0) give_up("read-only root");
    if (sethostname("vm", 2) < 0) give_up("host name");
}

static void become(uid_t user) {
    for (unsigned long each = 0; prctl(PR_CAPBSET_DROP, each, 0, 0, 0) == 0; each++);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (setgroups(0, NULL) < 0 || setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0) give_up("user %u", user);
    uint32_t header[2] = {0x20080522, 0}, none[6] = {0};
    if (syscall(SYS_capset, header, none) < 0) give_up("capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) give_up("no_new_privs");
}

/*
 * What no program here needs, and what would be a way to the kernel's less trodden parts, to other processes or to whoever opens the same file: a lease on a file
 * makes root wait for 45 s when it opens it (fcntl(2)). QEMU adds its own filter. Refused rather than fatal, since programs try some of it and go on without.
 */
static void refuse_calls(void) {
    static const int calls[] = {
        SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_kcmp, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_bpf,
        SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_unshare, SYS_setns, SYS_mount,
        SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
        SYS_mount_setattr, SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_fanotify_init, SYS_quotactl, SYS_acct, SYS_swapon, SYS_swapoff,
        SYS_syslog, SYS_kexec_load, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_personality,
    };
    enum { COUNT = sizeof calls / sizeof *calls };
    struct instruction filter[COUNT + 16];
    uint16_t at = 0;
#define ADD(...) filter[at++] = (struct instruction){__VA_ARGS__}
    /* Offsets of struct seccomp_data: nr 0, arch 4, args from 16 on (seccomp(2)). */
    ADD(LOAD, 0, 0, 4);
    ADD(EQUAL, 1, 0, ARCH_X86_64);
    ADD(RETURN, 0, 0, REFUSE);
    ADD(LOAD, 0, 0, 0);
    ADD(AT_LEAST, 0, 1, X32_BIT);
    ADD(RETURN, 0, 0, REFUSE);
    for (size_t each = 0; each < COUNT; each++) ADD(EQUAL, (uint8_t)(COUNT - each + 4), 0, (uint32_t)calls[each]);
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

static void wipe(char **argv);

/* The first process of the pid namespace. It holds it and reaps, and may do nothing but wait for its keeper's end: signals are no less to the program than to any other. */
__attribute__((noreturn)) static void hold(int lifeline, char **argv) {
    wipe(argv);
    signal(SIGCHLD, SIG_IGN);
    setsid();
    close_all(0, lifeline - 1);
    close_all(lifeline + 1, 0x7fffffff);
    become(NOBODY);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) < 0) _exit(1);
    char any;
    while (read(lifeline, &any, 1) > 0);
    for (;;) syscall(SYS_exit, 0);
}

/* In the program's own root. */
static int open_program(const char *name, char path[4096]) {
    static const char *const folders[] = {"/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/"};
    int file = -1;
    for (size_t at = 0; file < 0 && at < (strchr(name, '/') ? 1 : sizeof folders / sizeof *folders); at++) {
        if ((size_t)snprintf(path, 4096, "%s%s", strchr(name, '/') ? "" : folders[at], name) >= 4096) refuse(name);
        file = open(path, O_PATH | O_CLOEXEC);
    }
    if (file < 0) give_up("%s", name);
    return own(file);
}

__attribute__((noreturn)) static void run(char **program, int gate) {
    setsid();
    /* What root's session has of keys. */
    if (syscall(SYS_keyctl, JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS) give_up("keys");
    enter_root(program[0]);
    char path[4096];
    int file = open_program(program[0], path);
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) < 0) give_up("core files");
    become(uid);
    umask(077);
    for (int each = 0; each < OWN; each++)
        if (given[each] && dup2(given[each], each) < 0) give_up("descriptor %d", each);
    char any;
    if (read(gate, &any, 1) != 1) _exit(1);
    close_all(OWN, file - 1);
    close_all(file + 1, 0x7fffffff);
    refuse_calls();
    /* By its open file: a folder above it may be closed to the user. A script has to be opened again by its interpreter. */
    syscall(SYS_execveat, file, "", program, environment, AT_EMPTY_PATH);
    if (errno == ENOENT || errno == ENOSYS) execve(path, program, environment);
    give_up("%s", program[0]);
}

/* Whoever looks for a run's programs is not to find their keepers, and command lines of VMs are long. */
static void wipe(char **argv) {
    for (char **word = argv + 1; *word; word++) memset(*word, 0, strlen(*word));
}

/* Field 22 of proc(5) stat, in clock ticks since boot, as digits. */
static void start_time(pid_t pid, char digits[32]) {
    char file[64], text[4096];
    snprintf(file, sizeof file, "/proc/%d/stat", pid);
    int in = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t length = in < 0 ? -1 : read(in, text, sizeof text - 1);
    if (length <= 0) give_up("%s", file);
    close(in);
    text[length] = 0;
    char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    if (!at || sscanf(at, " %31[0-9]", digits) != 1) refuse(file);
}

static void record(pid_t pid) {
    if (!record_file) return;
    char temporary[4096], boot[64] = "", started[32];
    start_time(pid, started);
    int in = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (in < 0 || read(in, boot, sizeof boot - 1) < 36) give_up("boot id");
    close(in);
    boot[36] = 0;
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.tmp", record_file) >= sizeof temporary) refuse(record_file);
    unlink(temporary);
    int out = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0) give_up("%s", temporary);
    if (dprintf(out, "{\"pid\":%d,\"startTime\":\"%s\",\"bootId\":\"%s\",%s}", pid, started, boot, record_text) < 0 || close(out) < 0 || rename(temporary, record_file) < 0)
        give_up("%s", record_file);
}

static int end_of(pid_t pid) {
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) _exit(1);
    return status;
}

/* Ends as the program did, when nothing of it is left. */
__attribute__((noreturn)) static void follow(pid_t pid, pid_t holder, int lifeline) {
    int status = end_of(pid);
    close(lifeline);
    end_of(holder);
    if (WIFSIGNALED(status)) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

int main(int argc, char **argv) {
    (void)argc;
    take_options(argv + 1, true);
    close_but_kept();
    if (netns) {
        int entered = open(netns, O_RDONLY | O_CLOEXEC);
        if (entered < 0 || setns(entered, CLONE_NEWNET) < 0) give_up("%s", netns);
        close(entered);
    }
    char **program = take_options(argv + 1, false);
    if (!root || !uid || !*program) refuse("root, uid and a program are needed");
    int lifeline[2], gate[2];
    if (pipe2(lifeline, O_CLOEXEC) < 0 || pipe2(gate, O_CLOEXEC) < 0) give_up("pipe");
    for (int end = 0; end < 2; end++) lifeline[end] = own(lifeline[end]), gate[end] = own(gate[end]);
    if (unshare(CLONE_NEWPID) < 0) give_up("pid namespace");
    pid_t holder = fork();
    if (holder == 0) hold(lifeline[0], argv);
    if (holder < 0) give_up("fork");
    pid_t pid = fork();
    if (pid == 0) {
        close(gate[1]);
        close(lifeline[1]);
        run(program, gate[0]);
    }
    if (pid < 0) give_up("fork");
    record(pid);
    if (write(gate[1], "", 1) != 1) give_up("gate");
    /* What the program was given is its own: whoever is at the other end of it is to see its end. */
    close_all(0, lifeline[1] - 1);
    close_all(lifeline[1] + 1, 0x7fffffff);
    become(uid);
    wipe(argv);
    follow(pid, holder, lifeline[1]);
}
