/*
 * task start NAME USER SECONDS BYTES   runs the script on standard input as a user, away from the caller; returns once it is under way
 * task look NAME                       how it is
 * task wait NAME                       the same, once it has ended
 *
 * Everything about a task is on the root drive, so that it outlives the caller, its connection and this boot. A task is started at most once a boot.
 * `look` prints one line: state, boot it began in, boot of now, exit code, milliseconds it took; then the task's own output, its errors as errors.
 * State: absent, running, exited, timed-out, or lost: its supervisor is gone and left no word.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "account.h"
#include "keeper.h"
#include "oom.h"

#define TASKS "/var/lib/ramet/tasks"
enum { HALF = 32768, BOOT = 36, POLL_MS = 100, GRACE_MS = 5000, INIT_MS = 180000, INIT_POLL_MS = 300, LONGEST_PATH = 256 };

/* One stream of the task: its beginning goes to the file at once, of the rest the last bytes are kept. */
struct stream {
    int from, file;
    size_t kept, left_out;
    char tail[HALF];
    size_t tail_size;
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int complain(const char *what) {
    dprintf(2, "ramet: %s: %s\n", what, strerror(errno));
    return 1;
}

static void write_all(int file, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t done = write(file, bytes, size);
        if (done < 0 && errno == EINTR) continue;
        /* A full disk loses output, not the task. */
        if (done <= 0) return;
        bytes += done;
        size -= (size_t)done;
    }
}

/* 0 when there is none. */
static ssize_t read_small(int folder, const char *name, char *into, size_t size) {
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t count = file < 0 ? 0 : read(file, into, size - 1);
    if (file >= 0) close(file);
    if (count < 0) count = 0;
    into[count] = 0;
    return count;
}

static void read_boot(char *into) {
    int folder = open("/proc/sys/kernel/random", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    into[0] = 0;
    if (folder < 0) return;
    read_small(folder, "boot_id", into, BOOT + 1);
    close(folder);
}

/* Whole or not at all, and on the disk when this returns. */
static int put_file(int folder, const char *name, const char *text, size_t size, mode_t mode) {
    char temporary[64];
    snprintf(temporary, sizeof temporary, "%s.tmp", name);
    unlinkat(folder, temporary, 0);
    int file = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0) return -1;
    while (size > 0) {
        ssize_t done = write(file, text, size);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) break;
        text += done;
        size -= (size_t)done;
    }
    int failed = size > 0 || fchmod(file, mode) < 0 || fsync(file) < 0;
    close(file);
    if (failed || renameat(folder, temporary, folder, name) < 0) return -1;
    return fsync(folder);
}

static bool is_name(const char *name) {
    size_t length = strlen(name);
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return length > 0 && length <= LONGEST_NAME && strspn(name, allowed) == length && name[0] != '.' && name[0] != '-';
}

static int open_folder(const char *name, bool make) {
    char path[LONGEST_PATH];
    if (make) {
        mkdir("/var", 0755);
        mkdir("/var/lib", 0755);
        mkdir("/var/lib/ramet", 0755);
        mkdir(TASKS, 0755);
    }
    snprintf(path, sizeof path, TASKS "/%s", name);
    if (make && mkdir(path, 0755) < 0 && errno != EEXIST) return -1;
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* True when its supervisor lives: it holds the lock until it has written how the task ended. Asking takes no lock, so it is in nobody's way. */
static bool is_held(int folder) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int file = openat(folder, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return false;
    bool held = fcntl(file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(file);
    return held;
}

static void take(struct stream *stream, const char *bytes, size_t size) {
    size_t room = HALF - stream->kept, first = size < room ? size : room;
    write_all(stream->file, bytes, first);
    stream->kept += first;
    bytes += first;
    size -= first;
    if (size == 0) return;
    if (size >= HALF) {
        stream->left_out += stream->tail_size + size - HALF;
        memcpy(stream->tail, bytes + size - HALF, HALF);
        stream->tail_size = HALF;
        return;
    }
    size_t over = stream->tail_size + size > HALF ? stream->tail_size + size - HALF : 0;
    memmove(stream->tail, stream->tail + over, stream->tail_size - over);
    stream->left_out += over;
    stream->tail_size -= over;
    memcpy(stream->tail + stream->tail_size, bytes, size);
    stream->tail_size += size;
}

/* Whatever is there now; false when the stream has ended. */
static bool drain(struct stream *stream) {
    static char bytes[HALF];
    for (;;) {
        ssize_t count = read(stream->from, bytes, sizeof bytes);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return true;
        if (count <= 0) return false;
        if (stream->file >= 0) take(stream, bytes, (size_t)count);
    }
}

static void finish(struct stream *stream) {
    char note[64];
    drain(stream);
    if (stream->left_out > 0) {
        int length = snprintf(note, sizeof note, "\n[%zu bytes left out]\n", stream->left_out);
        write_all(stream->file, note, (size_t)length);
    }
    write_all(stream->file, stream->tail, stream->tail_size);
    fsync(stream->file);
    close(stream->file);
    stream->file = -1;
}

static void poll_streams(struct stream *streams, int wait_ms) {
    struct pollfd polled[2];
    for (int i = 0; i < 2; i++) polled[i] = (struct pollfd){.fd = streams[i].from, .events = POLLIN};
    if (poll(polled, 2, wait_ms) <= 0) return;
    for (int i = 0; i < 2; i++) {
        if (polled[i].revents == 0 || drain(&streams[i])) continue;
        close(streams[i].from);
        streams[i].from = -1;
    }
}

static void run_script(const struct account *account, const char *name, int out, int err) {
    char script[LONGEST_PATH];
    setsid();
    snprintf(script, sizeof script, TASKS "/%s/script", name);
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(out, 1);
    dup2(err, 2);
    become(account);
    execlp("bash", "bash", script, (char *)NULL);
    execl("/bin/sh", "sh", script, (char *)NULL);
    execl("/run/ramet/sh", "sh", script, (char *)NULL);
    dprintf(2, "ramet: there is no shell: %s\n", strerror(errno));
    _exit(127);
}

static bool has_systemd(void) {
    char init[PATH_MAX];
    if (realpath("/sbin/init", init)) return strstr(init, "/systemd") != NULL;
    return access("/lib/systemd/systemd", X_OK) == 0;
}

static bool is_up(void) {
    char word[32] = "";
    int both[2];
    if (pipe2(both, O_CLOEXEC) < 0) return true;
    pid_t asking = fork();
    if (asking == 0) {
        dup2(both[1], 1);
        execlp("systemctl", "systemctl", "is-system-running", (char *)NULL);
        _exit(127);
    }
    close(both[1]);
    if (asking < 0 || read(both[0], word, sizeof word - 1) < 0) word[0] = 0;
    close(both[0]);
    if (asking > 0) waitpid(asking, NULL, 0);
    return word[0] != 0 && strncmp(word, "initializing", 12) != 0 && strncmp(word, "offline", 7) != 0 && strncmp(word, "unknown", 7) != 0;
}

/*
 * We are here seconds before a machine's own init is. Tasks speak to it (systemctl enable --now), count on its sysctls and on a /tmp that is not cleared
 * again: they begin once systemd has its basic target. Other inits cannot be asked.
 */
static void await_init(void) {
    int64_t deadline = now_ms() + INIT_MS;
    if (!has_systemd()) return;
    while (!is_up() && now_ms() < deadline) poll(NULL, 0, INIT_POLL_MS);
}

/* Never returns. Holds the lock by `lock`, which no child inherits. */
static void supervise(int folder, int lock, const struct account *account, const char *name, int seconds) {
    static struct stream streams[2];
    const char *files[] = {"out", "err"};
    int ends[2];
    for (int i = 0; i < 2; i++) {
        int both[2];
        if (pipe2(both, O_CLOEXEC) < 0) _exit(1);
        fcntl(both[0], F_SETFL, O_NONBLOCK);
        streams[i].from = both[0];
        streams[i].file = openat(folder, files[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        ends[i] = both[1];
    }
    await_init();
    int64_t began = now_ms(), deadline = began + (int64_t)seconds * 1000;
    pid_t command = fork();
    if (command == 0) run_script(account, name, ends[0], ends[1]);
    close(ends[0]);
    close(ends[1]);
    set_oom_score("-1000");
    int status = 0;
    bool timed_out = false;
    while (command > 0 && waitpid(command, &status, WNOHANG) == 0) {
        if (!timed_out && now_ms() > deadline) {
            timed_out = true;
            kill(-command, SIGTERM);
        }
        if (timed_out && now_ms() > deadline + GRACE_MS) kill(-command, SIGKILL);
        poll_streams(streams, POLL_MS);
    }
    int code = command < 0 ? 126 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (timed_out) kill(-command, SIGKILL);
    int64_t took = now_ms() - began;
    for (int i = 0; i < 2; i++) finish(&streams[i]);
    /* What the task did is on the disk before anybody may say that it has been done. */
    sync();
    char end[64];
    int length = snprintf(end, sizeof end, "%s %d %lld\n", timed_out ? "timed-out" : "exited", code, (long long)took);
    put_file(folder, "end", end, (size_t)length, 0644);
    close(lock);
    /* What it left running in the background may go on writing; nobody keeps that. */
    while (streams[0].from >= 0 || streams[1].from >= 0) poll_streams(streams, -1);
    _exit(0);
}

static char *read_script(size_t *size) {
    enum { LARGEST = 512 * 1024 };
    char *text = malloc(LARGEST);
    for (*size = 0; text && *size < LARGEST;) {
        ssize_t count = read(0, text + *size, LARGEST - *size);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        *size += (size_t)count;
    }
    return text;
}

static int start(const char *name, const char *user, int seconds, size_t expected) {
    char boot[BOOT + 1], before[BOOT + 1];
    struct account account;
    size_t size;
    char *script = read_script(&size);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (!script) return complain("memory");
    /* The connection broke: half a script is none. */
    if (size != expected) {
        dprintf(2, "ramet: %zu of %zu bytes came\n", size, expected);
        return 2;
    }
    signal(SIGHUP, SIG_IGN);
    if (!find_account(user, &account)) {
        dprintf(2, "There is no user %s.\n", user);
        return 126;
    }
    int folder = open_folder(name, true);
    if (folder < 0) return complain(TASKS);
    int lock = openat(folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (lock < 0) return complain("lock");
    /* Held: by a supervisor of this boot, or by another caller that is about to become one. */
    if (fcntl(lock, F_OFD_SETLK, &whole) < 0) return 0;
    read_boot(boot);
    read_small(folder, "boot", before, sizeof before);
    if (strcmp(boot, before) == 0) return 0;
    /* Left over from before a clone or a roll-back: another lineage's. */
    const char *old[] = {"end", "out", "err"};
    for (size_t i = 0; i < sizeof old / sizeof *old; i++) unlinkat(folder, old[i], 0);
    if (put_file(folder, "script", script, size, 0644) < 0 || put_file(folder, "boot", boot, strlen(boot), 0644) < 0)
        return complain(name);
    pid_t supervisor = fork();
    if (supervisor < 0) return complain("fork");
    if (supervisor > 0) return 0;
    setsid();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++) dup2(null, i);
    if (chdir("/") < 0) _exit(1);
    supervise(folder, lock, &account, name, seconds);
    return 1;
}

static void copy(int folder, const char *name, int to) {
    char bytes[4096];
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t count;
    while (file >= 0 && (count = read(file, bytes, sizeof bytes)) > 0) write_all(to, bytes, (size_t)count);
    if (file >= 0) close(file);
}

static int look(const char *name, bool until_ended) {
    char now[BOOT + 1], boot[BOOT + 1], end[64];
    read_boot(now);
    int folder = open_folder(name, false);
    if (folder < 0 || read_small(folder, "boot", boot, sizeof boot) == 0) {
        printf("absent - %s 0 0\n", now);
        return 0;
    }
    struct pollfd caller = {.fd = 1};
    bool held;
    /* A caller that is gone is not waited for. */
    while ((held = is_held(folder)) && until_ended)
        if (poll(&caller, 1, POLL_MS) > 0 && caller.revents & (POLLERR | POLLHUP)) return 1;
    if (read_small(folder, "end", end, sizeof end) > 0) {
        char state[16];
        long code, took;
        if (sscanf(end, "%15s %ld %ld", state, &code, &took) != 3) return complain("end");
        printf("%s %s %s %ld %ld\n", state, boot, now, code, took);
    } else {
        printf("%s %s %s 0 0\n", held ? "running" : "lost", boot, now);
    }
    fflush(stdout);
    copy(folder, "out", 1);
    copy(folder, "err", 2);
    return 0;
}

int task_main(int count, char **arguments) {
    const char *verb = count > 1 ? arguments[1] : "", *name = count > 2 ? arguments[2] : "";
    if (!is_name(name)) {
        dprintf(2, "usage: task start NAME USER SECONDS BYTES | look NAME | wait NAME\n");
        return 2;
    }
    if (strcmp(verb, "start") == 0 && count == 6)
        return start(name, arguments[3], atoi(arguments[4]), strtoul(arguments[5], NULL, 10));
    if (strcmp(verb, "look") == 0 && count == 3) return look(name, false);
    if (strcmp(verb, "wait") == 0 && count == 3) return look(name, true);
    return 2;
}
