#define _GNU_SOURCE
#include "attributes.h"
#include <string.h>
#include <sys/types.h>
#include <sys/xattr.h>

void take_attributes(const struct header *header) {
    static char name[256], value[65536];
    for (int each = 0; each < header->attribute_count; each++) {
        size_t name_length = take_number(2), length = take_number(4);
        if (name_length >= sizeof name || length > sizeof value) refuse("an extended attribute is too long");
        take(name, name_length);
        name[name_length] = 0;
        take(value, length);
        if (lsetxattr(path, name, value, length, 0) < 0) fail(name);
    }
}

void clear_attributes(void) {
    static char names[65536];
    ssize_t length = llistxattr(path, names, sizeof names);
    for (char *at = names; length > 0 && at < names + length; at += strlen(at) + 1) lremovexattr(path, at);
}

static char held[65536];
static size_t held_size;

void hold_attributes(const struct header *header) {
    held_size = 0;
    for (int each = 0; each < header->attribute_count; each++) {
        size_t name_length = take_number(2), length = take_number(4);
        if (held_size + name_length + length + 6 > sizeof held) refuse("extended attributes are too long");
        memcpy(held + held_size, &(uint16_t){(uint16_t)name_length}, 2);
        memcpy(held + held_size + 2, &(uint32_t){(uint32_t)length}, 4);
        take(held + held_size + 6, name_length + length);
        held_size += 6 + name_length + length;
    }
}

void set_held_attributes(void) {
    for (size_t at = 0; at < held_size;) {
        uint16_t name_length;
        uint32_t length;
        char name[256];
        memcpy(&name_length, held + at, 2);
        memcpy(&length, held + at + 2, 4);
        if (name_length >= sizeof name) refuse("an extended attribute is too long");
        memcpy(name, held + at + 6, name_length);
        name[name_length] = 0;
        if (lsetxattr(path, name, held + at + 6 + name_length, length, 0) < 0) fail(name);
        at += 6u + name_length + length;
    }
}
