/* The agent's channels: input, output, end. See channel.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent-channels.h"
#include "agent-open.h"
#include "agent-port.h"
#include "only.h"

struct channel channels[CHANNELS + 1];

/* Commands that were hung up and have not ended. */
struct left {
    pid_t process;
    struct left *next;
};
static struct left *left;

static void close_end(int *end) {
    if (*end >= 0) close(*end);
    *end = -1;
}

static void forget(struct channel *channel) {
    close_end(&channel->in);
    close_end(&channel->out);
    close_end(&channel->err);
    free(channel->input);
    free(channel->request);
    *channel = (struct channel){.in = -1, .out = -1, .err = -1};
}

/* As sshd does when its client is gone. Without a terminal nothing else tells a command that nobody reads it any more. */
static void hang_up(struct channel *channel) {
    if (channel->process > 0) {
        kill(-channel->process, SIGHUP);
        kill(-channel->process, SIGCONT);
        struct left *one = waitpid(channel->process, NULL, WNOHANG) == 0 ? malloc(sizeof *one) : NULL;
        if (one) {
            *one = (struct left){channel->process, left};
            left = one;
        }
    }
    forget(channel);
}

void hang_up_all(void) {
    for (size_t number = 1; number <= CHANNELS; number++)
        if (channels[number].used) hang_up(&channels[number]);
}

void let_others_go_on(void) {
    static const char *const others[] = {"watch.lock", "keeper.lock", "wake.lock", "console.lock", NULL};
    let_go_on(others);
}

void note_ended_processes(void) {
    for (size_t number = 1; number <= CHANNELS; number++) {
        struct channel *channel = &channels[number];
        siginfo_t end = {0};
        if (channel->process <= 0 || channel->ended) continue;
        if (waitid(P_PID, (id_t)channel->process, &end, WEXITED | WNOHANG | WNOWAIT) < 0 || end.si_pid == 0) continue;
        channel->ended = true;
        channel->signal = end.si_code == CLD_EXITED ? 0 : (uint8_t)end.si_status;
        channel->code = (uint8_t)(end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status);
    }
    for (struct left **at = &left; *at;) {
        struct left *one = *at;
        if (waitpid(one->process, NULL, WNOHANG) == 0) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        free(one);
    }
}

static void end_input(struct channel *channel) {
    if (channel->is_socket && channel->in >= 0) shutdown(channel->in, SHUT_WR);
    close_end(&channel->in);
}

static void feed(size_t number) {
    struct channel *channel = &channels[number];
    while (channel->in >= 0 && channel->input_size > 0) {
        size_t size = INPUT_WINDOW - channel->input_begin;
        if (size > channel->input_size) size = channel->input_size;
        ssize_t count = write(channel->in, channel->input + channel->input_begin, size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) break;
        /* Nobody reads it: as with any pipe, the rest is lost, and the command's end tells the result. */
        if (count < 0) {
            close_end(&channel->in);
            count = (ssize_t)channel->input_size;
        }
        channel->input_begin = (channel->input_begin + (size_t)count) % INPUT_WINDOW;
        channel->input_size -= (size_t)count;
        channel->input_taken += (size_t)count;
    }
    if (channel->input_ends && channel->input_size == 0) end_input(channel);
    if (channel->input_taken < INPUT_WINDOW / 4) return;
    uint8_t more[4];
    put32(more, (uint32_t)channel->input_taken);
    channel->input_taken = 0;
    say(SAY_GRANT_INPUT, number, more, sizeof more);
}

static bool take_input(size_t number, const uint8_t *bytes, size_t size) {
    struct channel *channel = &channels[number];
    if (!channel->input && !(channel->input = malloc(INPUT_WINDOW))) return false;
    if (size > INPUT_WINDOW - channel->input_size) return false;
    size_t at = (channel->input_begin + channel->input_size) % INPUT_WINDOW, first = INPUT_WINDOW - at < size ? INPUT_WINDOW - at : size;
    memcpy(channel->input + at, bytes, first);
    memcpy(channel->input, bytes + first, size - first);
    channel->input_size += size;
    if (channel->in < 0 && !channel->is_connecting) {
        channel->input_taken += channel->input_size;
        channel->input_size = 0;
    }
    feed(number);
    return true;
}

static bool take_request(size_t number, const uint8_t *bytes, size_t size, bool is_whole) {
    struct channel *channel = &channels[number];
    if (channel->used && !channel->request) return false;
    if (channel->request_size + size > LARGEST_REQUEST) return false;
    /* A 0 at the end, so that its last text is one. */
    uint8_t *request = realloc(channel->request, channel->request_size + size + 1);
    if (!request) return false;
    if (!channel->used) *channel = (struct channel){.used = true, .in = -1, .out = -1, .err = -1, .out_granted = OUTPUT_WINDOW, .err_granted = OUTPUT_WINDOW};
    memcpy(request + channel->request_size, bytes, size);
    channel->request = request;
    channel->request_size += size;
    request[channel->request_size] = 0;
    if (!is_whole) return true;
    let_others_go_on();
    open_channel(number);
    free(channel->request);
    channel->request = NULL;
    /* Nothing came of it, and the reason was said. */
    if (channel->out < 0 && channel->process == 0) forget(channel);
    return true;
}

static void grant(uint32_t *granted, uint32_t more) { *granted = more > UINT32_MAX - *granted ? UINT32_MAX : *granted + more; }

bool obey(enum ask type, size_t number, const uint8_t *payload, size_t size) {
    if (type == ASK_PING) {
        say(SAY_PONG, 0, payload, size);
        let_others_go_on();
        return true;
    }
    if (number < 1 || number > CHANNELS) return false;
    struct channel *channel = &channels[number];
    if (type == ASK_PIECE || type == ASK_OPEN) return take_request(number, payload, size, type == ASK_OPEN);
    /* Its end is under way to the host. */
    if (!channel->used) return type <= ASK_GRANT_ERR;
    switch (type) {
    case ASK_INPUT: return take_input(number, payload, size);
    case ASK_INPUT_END:
        channel->input_ends = true;
        feed(number);
        return true;
    case ASK_RESIZE:
        if (size == 4 && channel->out >= 0)
            ioctl(channel->out, TIOCSWINSZ, &(struct winsize){.ws_col = (unsigned short)get16(payload), .ws_row = (unsigned short)get16(payload + 2)});
        return size == 4;
    case ASK_SIGNAL:
        if (size == 1 && payload[0] > 0 && payload[0] < 32 && channel->process > 0) kill(-channel->process, payload[0]);
        return size == 1;
    case ASK_CLOSE:
        hang_up(channel);
        say(SAY_EXIT, number, (uint8_t[]){128 + SIGHUP, SIGHUP}, 2);
        return true;
    case ASK_GRANT_OUT:
    case ASK_GRANT_ERR:
        if (size == 4) grant(type == ASK_GRANT_OUT ? &channel->out_granted : &channel->err_granted, get32(payload));
        return size == 4;
    default: return false;
    }
}

/* Returns true when something was said. */
static bool pass_output(size_t number, enum say type, int *end, uint32_t *granted) {
    ssize_t count = say_from(type, number, *end, *granted);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (count > 0) {
        *granted -= (uint32_t)count;
        return true;
    }
    /* A connection that was broken takes nothing either. */
    if (count < 0 && channels[number].is_socket) close_end(&channels[number].in);
    close_end(end);
    say(type == SAY_OUT ? SAY_OUT_END : SAY_ERR_END, number, NULL, 0);
    return true;
}

static void end_when_over(size_t number) {
    struct channel *channel = &channels[number];
    bool is_over = channel->out < 0 && channel->err < 0 && (channel->is_socket ? channel->in < 0 : channel->ended);
    if (!channel->used || channel->request || !is_over) return;
    say(SAY_EXIT, number, (uint8_t[]){channel->code, channel->signal}, 2);
    if (channel->process > 0) waitpid(channel->process, NULL, 0);
    forget(channel);
}

void ask_channels(struct pollfd *polled) {
    for (size_t number = 1; number <= CHANNELS; number++) {
        const struct channel *channel = &channels[number];
        struct pollfd *at = polled + 3 * (number - 1);
        bool takes = port_takes_data();
        at[0] = (struct pollfd){.fd = channel->used && channel->input_size > 0 ? channel->in : -1, .events = POLLOUT};
        at[1] = (struct pollfd){.fd = channel->used && takes && channel->out_granted > 0 ? channel->out : -1, .events = POLLIN};
        at[2] = (struct pollfd){.fd = channel->used && takes && channel->err_granted > 0 ? channel->err : -1, .events = POLLIN};
        if (channel->used && channel->is_connecting) at[1] = (struct pollfd){.fd = channel->out, .events = POLLOUT};
    }
}

void serve_channels(const struct pollfd *polled) {
    /* In turn: the next round begins after the one that was served last, so that a channel that is always busy holds nobody up. */
    static size_t last;
    size_t first = last;
    for (size_t step = 1; step <= CHANNELS; step++) {
        size_t number = (first + step - 1) % CHANNELS + 1;
        struct channel *channel = &channels[number];
        const struct pollfd *at = polled + 3 * (number - 1);
        if (!channel->used || channel->request) continue;
        if (!has_room(8)) return;
        if (channel->is_connecting) {
            if (at[1].revents) finish_dialling(number);
            if (channel->used && !channel->is_connecting && channel->out < 0) forget(channel);
            continue;
        }
        if (at[0].revents) feed(number);
        if (at[1].fd >= 0 && at[1].revents && pass_output(number, SAY_OUT, &channel->out, &channel->out_granted)) last = number;
        if (at[2].fd >= 0 && at[2].revents && pass_output(number, SAY_ERR, &channel->err, &channel->err_granted)) last = number;
        end_when_over(number);
    }
}
