/*
 * hostile CANARIES FOLDER...
 *
 * What a guest does that has taken over its QEMU: with that one's user it changes what is in each FOLDER, as fast as it can and without end, so that whoever looks at a name and then
 * uses it finds something else there. Links lead to the files and the folder CANARIES, which it may not read. It ends with its parent.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static const char *canaries;
static uint64_t seed = 88172645463325252u;

static unsigned any(unsigned below) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 20) % below);
}

static const char *canary(void) {
    static char path[4096];
    static const char *names[] = {"secret", "drive.qcow2", "folder", "folder/inner", "made"};
    snprintf(path, sizeof path, "%s/%s", canaries, names[any(5)]);
    return path;
}

/* Of the names that are there, or one that the server is known to use. */
static void choose(int folder, char name[256]) {
    static const char *known[] = {"console-1.log", "console-9.log", "console-1.log.1", "qemu.log", "qemu.log.1", "vm.json", "end.json", "next.qcow2", "drive.qcow2"};
    char names[64][256];
    unsigned count = 0;
    int copy = dup(folder);
    DIR *listed = copy < 0 ? NULL : fdopendir(copy);
    if (listed) {
        rewinddir(listed);
        for (struct dirent *each; count < 64 && (each = readdir(listed));)
            if (strcmp(each->d_name, ".") && strcmp(each->d_name, "..")) strcpy(names[count++], each->d_name);
        closedir(listed);
    }
    if (count > 0 && any(4)) strcpy(name, names[any(count)]);
    else strcpy(name, known[any(sizeof known / sizeof *known)]);
}

/* An external data file of its own choice (QEMU, docs/interop/qcow2.txt): feature 2, and the extension "DATA". */
static void write_header(int folder, const char *name) {
    unsigned char bytes[512] = "QFI\xfb\0\0\0\3";
    bytes[23] = 16, bytes[28] = 1, bytes[39] = 1, bytes[45] = 3, bytes[53] = 1, bytes[59] = 1, bytes[79] = 4, bytes[99] = 4, bytes[103] = 112;
    memcpy(bytes + 112, "DATA", 4);
    bytes[119] = (unsigned char)snprintf((char *)bytes + 120, 300, "%s/secret", canaries);
    int file = openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (file < 0) return;
    if (pwrite(file, bytes, sizeof bytes, 0) < 0) unlinkat(folder, name, 0);
    close(file);
}

static void act(int folder) {
    char name[256], other[256];
    choose(folder, name);
    choose(folder, other);
    switch (any(14)) {
    case 0: case 1: case 2:
        /* In one step there is a link where there was a file, and back again. */
        if (symlinkat(canary(), folder, "-") == 0 || errno == EEXIST)
            for (int times = 20; times; times--) syscall(SYS_renameat2, folder, "-", folder, name, RENAME_EXCHANGE);
        break;
    case 3: unlinkat(folder, name, 0); if (symlinkat(canary(), folder, name)) break; break;
    case 4: unlinkat(folder, name, 0); if (linkat(AT_FDCWD, canary(), folder, name, 0)) break; break;
    case 5: if (linkat(folder, name, folder, other, 0)) break; break;
    case 6: renameat(folder, name, folder, other); break;
    case 7: unlinkat(folder, name, 0); mkfifoat(folder, name, 0666); break;
    case 8: unlinkat(folder, name, 0); if (mkdirat(folder, name, 0777) == 0 && symlinkat(canaries, folder, "+") == 0) renameat(folder, "+", folder, name); break;
    case 9: write_header(folder, name); break;
    case 10: unlinkat(folder, name, AT_REMOVEDIR); break;
    case 11: unlinkat(folder, name, 0); break;
    case 12: unlinkat(folder, "-", 0); break;
    case 13: {
        /* What it must not be able to do at all. */
        int file = open(canary(), O_RDONLY | O_NONBLOCK);
        if (file >= 0) {
            char stolen[64];
            int out = openat(folder, "stolen", O_WRONLY | O_CREAT | O_NOFOLLOW, 0644);
            ssize_t count = read(file, stolen, sizeof stolen);
            if (out >= 0 && count > 0 && write(out, stolen, (size_t)count) < 0) break;
        }
        break;
    }
    }
}

/* A proof that runs in the background on a busy host gets little of it. The server needs that little, or there would be no rounds. */
static void stand_back(void) {
    struct sched_param none = {0};
    if (getpriority(PRIO_PROCESS, 0) > 0) sched_setscheduler(0, SCHED_IDLE, &none);
}

/* Without the right to list a folder its names can be used all the same. */
static int open_folder(const char *path) {
    int folder = open(path, O_RDONLY | O_DIRECTORY);
    return folder < 0 ? open(path, O_PATH | O_DIRECTORY) : folder;
}

#ifdef IN_PLACE_OF_QEMU
/*
 * In the place of QEMU, with all that one is given: it answers on its control socket what a server wants to hear, and otherwise what may lead it astray, while children of it do the
 * above in every folder that there is.
 */
#define CONTROL 10
static void answer(FILE *out, const char *line) {
    const char *id = strstr(line, "\"id\":");
    const char *said = "{\"status\":\"running\",\"base-memory\":67108864}";
    if (strstr(line, "\"query-migrate\"")) said = "{\"status\":\"none\"}";
    if (strstr(line, "\"query-block\"")) said = "[{\"qdev\":\"/machine/peripheral/blk0/virtio-backend\",\"inserted\":{\"node-name\":\"d0-0\"}}]";
    if (strstr(line, "\"query-named-block-nodes\"")) said = "[{\"node-name\":\"d0-0-file\",\"file\":\"" IN_PLACE_OF_QEMU "/secret\"}]";
    if (strstr(line, "\"migrate\"")) fprintf(out, "{\"error\":{\"desc\":\"no\"},\"id\":%d}\r\n", id ? atoi(id + 5) : 0);
    else fprintf(out, "{\"return\":%s,\"id\":%d}\r\n", said, id ? atoi(id + 5) : 0);
    fflush(out);
}

static void attack(void) {
    static const char *folders[] = {FOLDERS, "/", "/dev", "/usr"};
    seed ^= (uint64_t)getpid() << 32;
    stand_back();
    for (unsigned at = 0;; at++) {
        int folder = open_folder(folders[at % (sizeof folders / sizeof *folders)]);
        if (folder < 0) continue;
        for (int times = 50; times; times--) act(folder);
        close(folder);
    }
}

#ifdef WRITTEN
/* What it has open from its first moment no server can take away. A mapping stands for it, which is not even seen among its descriptors. Beyond what the headers are in. */
static void keep_writing(void) {
    const off_t at = 1 << 20;
    int file = open(WRITTEN, O_RDWR);
    if (file < 0 || ftruncate(file, at + 4096) < 0) return;
    volatile uint64_t *count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, at);
    close(file);
    for (; count != MAP_FAILED; usleep(200)) ++*count;
}
#endif

int main(void) {
    canaries = IN_PLACE_OF_QEMU;
#ifdef WRITTEN
    if (fork() == 0) keep_writing();
#endif
    signal(SIGPIPE, SIG_IGN);
    for (int child = 0; child < 2; child++)
        if (fork() == 0) attack();
    dprintf(3, "printed by the guest\n");
    for (;;) {
        int connection = accept(CONTROL, NULL, NULL);
        if (connection < 0) return 1;
        FILE *in = fdopen(connection, "r"), *out = fdopen(dup(connection), "w");
        fprintf(out, "{\"QMP\":{}}\r\n");
        fflush(out);
        char line[65536];
        while (fgets(line, sizeof line, in)) answer(out, line);
        fclose(in);
        fclose(out);
    }
}
#else
int main(int argc, char **argv) {
    if (argc < 3) return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    canaries = argv[1];
    seed ^= (uint64_t)getpid() << 32;
    stand_back();
    for (;;) {
        int folder = open_folder(argv[2 + any((unsigned)argc - 2)]);
        if (folder < 0) {
            usleep(200);
            continue;
        }
        for (int times = 50; times; times--) act(folder);
        close(folder);
    }
}
#endif
