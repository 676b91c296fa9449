/*
 * unpack FOLDER
 *
 * Applies the entries of an image's layers, which come on stdin as `layers/records.ts` writes them, to an empty folder. That folder is the root of all it
 * sees, without devices and without a network, and of root's rights it keeps those to make files of any owner. So names and links of a hostile image
 * lead nowhere but into the image. Links among the parents of a name are followed, as container runtimes do.
 * On success it prints `inodes N`, `bytes N`, and `init PATH`, `shell PATH` where the image has them. A failure says which layer, entry and name.
 */
#define _GNU_SOURCE
#include "attributes.h"
#include "confine.h"
#include "content.h"
#include "folders.h"
#include "measure.h"
#include "remove.h"
#include "seen.h"
#include "stream.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ownership first: a change of owner takes capabilities and set-id bits away. */
static void dress(const struct header *header) {
    if (lchown(path, header->uid, header->gid) < 0) fail("owner");
    if (!S_ISLNK(header->mode) && chmod(path, header->mode & 07777) < 0) fail("mode");
    take_attributes(header);
    struct timespec time = {.tv_sec = header->seconds, .tv_nsec = header->nanoseconds};
    if (S_ISDIR(header->mode)) note_folder(header);
    else set_time(path, time);
}

static void apply(char kind, const struct header *header) {
    struct stat before;
    make_parents();
    bool is_there = lstat(path, &before) == 0;
    bool stays = kind == 'd' && is_there && S_ISDIR(before.st_mode);
    if (is_there && !stays) {
        if (!strcmp(path, ".")) refuse("the root is no folder");
        if (kind == 'h' && !strcmp(path, link_target)) refuse("a link to itself");
        remove_tree(path, false);
    }
    note_seen(path);
    if (kind == 'd') {
        if (!stays && mkdir(path, 0700) < 0) fail("folder");
        if (stays) clear_attributes();
    } else if (kind == 'f') {
        int out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (out < 0) fail("file");
        hold_attributes(header);
        take_content(out, header->size);
        if (close(out) < 0) fail("content");
        if (lchown(path, header->uid, header->gid) < 0) fail("owner");
        if (chmod(path, header->mode & 07777) < 0) fail("mode");
        set_held_attributes();
        set_time(path, (struct timespec){.tv_sec = header->seconds, .tv_nsec = header->nanoseconds});
        return;
    } else if (kind == 'l') {
        if (symlink(link_target, path) < 0) fail("link");
    } else if (kind == 'h') {
        if (linkat(AT_FDCWD, link_target, AT_FDCWD, path, 0) < 0) fail("hard link");
        return;
    } else if (kind == 'p') {
        if (mkfifo(path, 0600) < 0) fail("pipe");
    } else refuse("an unknown record");
    dress(header);
}

int main(int count, char **words) {
    static char buffer[1 << 20];
    if (count != 2) refuse("usage: unpack FOLDER");
    setvbuf(stdin, buffer, _IOFBF, sizeof buffer);
    confine(words[1]);
    strcpy(path, ".");
    for (int kind; (kind = getchar()) != 'E';) {
        if (kind == EOF) refuse("the stream ends early");
        if (kind == 'n') {
            layer = take_number(4);
            entry = 0;
            forget_seen();
            forget_parents();
            continue;
        }
        entry = take_number(8);
        struct header header = take_header();
        if (kind == 'w') remove_tree(path, true);
        else if (kind == 'o') clear_folder();
        else if (kind == 'a') append_content();
        else apply((char)kind, &header);
    }
    set_folder_times();
    print_summary();
    return 0;
}
