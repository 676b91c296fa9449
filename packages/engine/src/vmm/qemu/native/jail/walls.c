#include "walls.h"
#include "../writers.h"
#include "descriptors.h"
#include "fail.h"
#include "own-root.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOST_DEVICES 16
/* The end of a VM with much memory takes a while. */
#define WRITERS_END_WITHIN_MS 10000

struct walls walls;

static void write_text(const char *file, const char *text) {
    int out = open(file, O_WRONLY | O_CLOEXEC);
    if (out < 0 || write(out, text, strlen(text)) < 0) give_up("%s", file);
    close(out);
}

static void add_sealed(const char *file) {
    if (!has_no_writer(file, WRITERS_END_WITHIN_MS)) give_up(errno == ETXTBSY ? "a process can still write to %s" : "%s", file);
    add_place(file, file, DATA);
}

char **take_options(char **word, bool is_first) {
    for (; *word; word += 2) {
        const char *name = *word, *value = word[1];
        if (strcmp(name, "--") == 0) return word + 1;
        if (!value) break;
        bool has_two = !strcmp(name, "record") || !strcmp(name, "listen") || !strcmp(name, "meet") || !strcmp(name, "tap") || !strcmp(name, "folder");
        const char *second = has_two ? word[2] : NULL;
        if (has_two) word++;
        if (has_two && !second) break;
        if (is_first) {
            if (!strcmp(name, "keep")) keep_descriptor(value);
            else if (!strcmp(name, "uid")) walls.uid = (uid_t)number(value, 0x7ffffffe);
            else if (!strcmp(name, "netns")) walls.netns = value;
            continue;
        }
        if (!strcmp(name, "keep") || !strcmp(name, "uid") || !strcmp(name, "netns")) continue;
        if (!strcmp(name, "group")) {
            char file[4096];
            if ((size_t)snprintf(file, sizeof file, "%s/cgroup.procs", value) >= sizeof file) refuse(value);
            write_text(file, "0");
        } else if (!strcmp(name, "root")) walls.root = value;
        else if (!strcmp(name, "record")) walls.record_file = value, walls.record_text = second;
        else if (!strcmp(name, "end")) walls.end_file = value;
        else if (!strcmp(name, "listen")) give_descriptor(value, listener(second, 0));
        else if (!strcmp(name, "meet")) give_descriptor(value, listener(second, walls.uid));
        else if (!strcmp(name, "tap")) give_descriptor(value, tap(second));
        else if (!strcmp(name, "system")) add_place(value, value, SYSTEM);
        else if (!strcmp(name, "read")) add_place(value, value, DATA);
        else if (!strcmp(name, "sealed")) add_sealed(value);
        else if (!strcmp(name, "folder")) add_place(value, second, FOLDER);
        else if (!strcmp(name, "sockets")) {
            if (strcmp(value, "unix") && strcmp(value, "any")) refuse(value);
            walls.sockets = strcmp(value, "any") ? UNIX_SOCKETS : ANY_SOCKETS;
        } else if (!strcmp(name, "device")) {
            static char paths[MOST_DEVICES][64];
            static size_t used;
            if (used == MOST_DEVICES || strchr(value, '/') || (size_t)snprintf(paths[used], 64, "/dev/%s", value) >= 64) refuse(value);
            add_place(paths[used], paths[used], DEVICE);
            used++;
        } else if (!strcmp(name, "env")) {
            if (walls.environment_size == MOST_VARIABLES) refuse("too many variables");
            walls.environment[walls.environment_size++] = (char *)(uintptr_t)value;
        } else refuse(name);
    }
    refuse("usage: jail OPTION… -- PROGRAM…");
}
