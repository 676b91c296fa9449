/* The files that pam_env reads for sshd and login: KEY=VALUE, with or without `export`, quotes around the value, # for comments. */
#define _GNU_SOURCE
#include "environment.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST = 64 * 1024 };

static bool is_ours(const char *key) {
    const char *ours[] = {"HOME", "USER", "LOGNAME", "SHELL", "TERM"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcmp(key, ours[i]) == 0) return true;
    return false;
}

static void take_line(char *line) {
    line += strspn(line, " \t");
    if (strncmp(line, "export", 6) == 0 && isspace((unsigned char)line[6])) line += 6 + strspn(line + 6, " \t");
    size_t key = 0;
    while (isalnum((unsigned char)line[key]) || line[key] == '_') key++;
    if (key == 0 || isdigit((unsigned char)line[0]) || line[key] != '=') return;
    line[key] = 0;
    char *value = line + key + 1;
    size_t size = strlen(value);
    if (*value == '"' || *value == '\'') {
        const char *close = strchr(value + 1, *value);
        value++;
        size = close ? (size_t)(close - value) : strlen(value);
    } else {
        size = strcspn(value, "#");
        while (size > 0 && isspace((unsigned char)value[size - 1])) size--;
    }
    value[size] = 0;
    if (!is_ours(line)) setenv(line, value, 1);
}

static bool read_text(const char *path, char *into, size_t most) {
    struct stat about;
    /* Its owner may have put anything there: a FIFO would hold us up. */
    int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t size = fstat(file, &about) == 0 && S_ISREG(about.st_mode) ? read(file, into, most) : -1;
    close(file);
    if (size <= 0) return false;
    into[size] = 0;
    return true;
}

static void read_file(const char *path) {
    static char text[LARGEST + 1];
    if (!read_text(path, text, LARGEST)) return;
    char *rest = text, *line;
    while ((line = strsep(&rest, "\r\n"))) take_line(line);
}

void read_environment_files(void) {
    read_file("/etc/environment");
    read_file("/etc/default/locale");
}

bool read_working_folder(char *into, size_t size) {
    if (!read_text("/var/lib/ramet/working-folder", into, size - 1)) return false;
    into[strcspn(into, "\n")] = 0;
    return *into == '/';
}
