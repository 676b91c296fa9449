/* What is open. */
#pragma once
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "channel.h"

struct channel {
    bool used, is_socket, is_connecting, input_ends, ended;
    /* The command; not reaped before its channel ends, so that its number stays that of its process group. 0: none. */
    pid_t process;
    uint8_t code, signal;
    /* Our ends; -1: closed. */
    int in, out, err;
    uint32_t out_granted, err_granted;
    /* Input that came and was not taken: a ring of INPUT_WINDOW bytes. */
    uint8_t *input;
    size_t input_begin, input_size, input_taken;
    uint8_t *request;
    size_t request_size;
};

extern struct channel channels[CHANNELS + 1];

/* Returns false for a frame that breaks the protocol. */
bool obey(enum ask type, size_t channel, const uint8_t *payload, size_t size);
void hang_up_all(void);
/* Whoever of the platform's processes somebody has stopped goes on. */
void let_others_go_on(void);
void note_ended_processes(void);
/* What a poll of everything open asks for, and what is done about its answer. `polled`: 3 for each channel. */
void ask_channels(struct pollfd *polled);
void serve_channels(const struct pollfd *polled);
