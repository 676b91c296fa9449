/* What the agent opens: commands, tools, connections. See enum request in channel.h. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "account.h"
#include "agent-channels.h"
#include "agent-open.h"
#include "agent-port.h"
#include "terminal.h"

enum { WORDS = 64 };

static struct rlimit files_of_commands;

void raise_limits(void) {
    if (getrlimit(RLIMIT_NOFILE, &files_of_commands) < 0) return;
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){files_of_commands.rlim_max, files_of_commands.rlim_max});
}

static void refuse(size_t number, enum reason reason, const char *what) {
    char text[200] = {(char)reason};
    snprintf(text + 1, sizeof text - 1, "%s (%s)", what, strerror(errno));
    say(SAY_REFUSED, number, text, 1 + strlen(text + 1));
}

/* Standard streams of a child. Without a terminal: three pipes. */
struct ends {
    int in, out, err;
};

static void close_ends(const struct ends *ends) {
    if (ends->in >= 0) close(ends->in);
    if (ends->out >= 0 && ends->out != ends->in) close(ends->out);
    if (ends->err >= 0 && ends->err != ends->out) close(ends->err);
}

static bool make_pipes(struct channel *channel, struct ends *child) {
    int pipes[3][2];
    for (int i = 0; i < 3; i++) {
        if (pipe2(pipes[i], O_CLOEXEC) == 0) continue;
        while (i-- > 0) {
            close(pipes[i][0]);
            close(pipes[i][1]);
        }
        return false;
    }
    *child = (struct ends){pipes[0][0], pipes[1][1], pipes[2][1]};
    channel->in = pipes[0][1];
    channel->out = pipes[1][0];
    channel->err = pipes[2][0];
    return true;
}

static bool make_terminal(struct channel *channel, struct ends *child, unsigned columns, unsigned rows) {
    int far_end, terminal = open_terminal(&far_end);
    if (terminal < 0) return false;
    set_terminal_size(terminal, columns, rows);
    *child = (struct ends){far_end, far_end, far_end};
    channel->out = terminal;
    /* Its own descriptor, so that the end of the input hangs nobody up. */
    channel->in = fcntl(terminal, F_DUPFD_CLOEXEC, 0);
    return channel->in >= 0;
}

/* In the child: its streams, a session of its own, limits as any program has them. */
static void become_child(const struct ends *ends, bool has_terminal) {
    setsid();
    if (has_terminal) ioctl(ends->in, TIOCSCTTY, 0);
    dup2(ends->in, 0);
    dup2(ends->out, 1);
    dup2(ends->err, 2);
    setrlimit(RLIMIT_NOFILE, &files_of_commands);
}

static void run_command(const char *user, const char *term, const char *command, bool has_terminal) {
    struct account account;
    if (!find_account(user, &account)) {
        dprintf(2, "ramet: there is no user %s\n", user);
        _exit(126);
    }
    if (has_terminal) give_terminal(0, &account);
    clearenv();
    if (has_terminal && *term) setenv("TERM", term, 1);
    become(&account);
    run_shell(&account, *command ? command : NULL);
}

static void run_tool(char **words) {
    char path[64];
    reset_process();
    clearenv();
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    snprintf(path, sizeof path, "./%s", words[0]);
    execv(path, words);
    /* A script, in an image that has no shell. */
    if (errno == ENOENT && access(path, X_OK) == 0) {
        char *by_shell[WORDS + 3] = {"sh", path};
        for (size_t i = 1; words[i]; i++) by_shell[i + 1] = words[i];
        execv("./sh", by_shell);
    }
    dprintf(2, "ramet: %s: %s\n", path, strerror(errno));
    _exit(127);
}

/* Starts a tool (`words`) or a command of a user. */
static void start(size_t number, unsigned columns, unsigned rows, char **words, const char *user, const char *term, const char *command) {
    struct channel *channel = &channels[number];
    struct ends child = {-1, -1, -1};
    bool has_terminal = columns > 0 && rows > 0;
    const char *why = has_terminal ? "the machine has no free pseudo terminal" : "the machine has no free descriptors";
    pid_t pid = -1;
    if (has_terminal ? make_terminal(channel, &child, columns, rows) : make_pipes(channel, &child)) {
        why = "the machine has no room for a process";
        pid = fork();
    }
    if (pid == 0) {
        become_child(&child, has_terminal);
        if (words) run_tool(words);
        run_command(user, term, command, has_terminal);
    }
    if (pid < 0) refuse(number, REASON_OTHER, why);
    close_ends(&child);
    if (pid < 0) {
        const struct ends ours = {channel->in, channel->out, channel->err};
        close_ends(&ours);
        channel->in = channel->out = channel->err = -1;
        return;
    }
    channel->process = pid;
    const int ours[] = {channel->in, channel->out, channel->err};
    for (int i = 0; i < 3; i++)
        if (ours[i] >= 0) fcntl(ours[i], F_SETFL, fcntl(ours[i], F_GETFL) | O_NONBLOCK);
    say(SAY_OPENED, number, NULL, 0);
}

static void start_command(size_t number, char *at, const char *end) {
    if (end - at < 4) return refuse(number, REASON_OTHER, "not a request");
    unsigned columns = get16((uint8_t *)at), rows = get16((uint8_t *)at + 2);
    const char *user = at + 4, *term = user + strlen(user) + 1, *command = term < end ? term + strlen(term) + 1 : end + 1;
    if (command > end) return refuse(number, REASON_OTHER, "not a request");
    start(number, columns, rows, NULL, user, term, command);
}

static void start_tool(size_t number, char *at, const char *end) {
    char *words[WORDS + 1];
    size_t count = 0;
    for (; at < end && count < WORDS; at += strlen(at) + 1) words[count++] = at;
    words[count] = NULL;
    if (count == 0 || strchr(words[0], '/')) return refuse(number, REASON_OTHER, "not a tool");
    start(number, 0, 0, words, NULL, NULL, NULL);
}

static void join(size_t number, int family, const void *address, socklen_t size) {
    struct channel *channel = &channels[number];
    int connection = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connection < 0) return refuse(number, REASON_OTHER, "no socket");
    if (connect(connection, address, size) < 0 && errno != EINPROGRESS) {
        refuse(number, errno == ECONNREFUSED ? REASON_NOTHING_LISTENS : REASON_OTHER, "no connection");
        close(connection);
        return;
    }
    channel->is_socket = channel->is_connecting = true;
    channel->out = connection;
}

void finish_dialling(size_t number) {
    struct channel *channel = &channels[number];
    socklen_t size = sizeof(int);
    int problem = 0;
    if (getsockopt(channel->out, SOL_SOCKET, SO_ERROR, &problem, &size) < 0) problem = errno;
    channel->is_connecting = false;
    if (problem == 0 && (channel->in = fcntl(channel->out, F_DUPFD_CLOEXEC, 0)) < 0) problem = errno;
    if (problem == 0) {
        setsockopt(channel->out, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        return say(SAY_OPENED, number, NULL, 0);
    }
    errno = problem;
    refuse(number, problem == ECONNREFUSED ? REASON_NOTHING_LISTENS : REASON_OTHER, "no connection");
    close(channel->out);
    channel->out = -1;
}

void open_channel(size_t number) {
    char *at = (char *)channels[number].request;
    const char *end = at + channels[number].request_size;
    enum request kind = at < end ? *at++ : 0;
    errno = EINVAL;
    if (kind == REQUEST_COMMAND) return start_command(number, at, end);
    if (kind == REQUEST_TOOL) return start_tool(number, at, end);
    if (kind == REQUEST_DIAL && end - at == 2) {
        const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(get16((uint8_t *)at)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        return join(number, AF_INET, &address, sizeof address);
    }
    if (kind == REQUEST_KEEPER) {
        const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "keeper.sock"};
        return join(number, AF_UNIX, &address, sizeof address);
    }
    refuse(number, REASON_OTHER, "not a request");
}
