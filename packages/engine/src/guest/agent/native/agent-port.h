/* The port, as frames. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "channel.h"

void use_port(const char *name);
/* Whether `count` frames without data fit into what waits for the port. */
bool has_room(size_t count);
void say(enum say type, size_t channel, const void *payload, size_t size);
/* Reads up to `limit` bytes for a data frame and says them; returns as read(2) does. EAGAIN also when the port has to take something first. */
ssize_t say_from(enum say type, size_t channel, int from, size_t limit);
bool port_wants_write(void);
bool port_is_greeted(void);
/* Whether data may be read for it. */
bool port_takes_data(void);
/* -1 while the host is away. */
int port_descriptor(void);
void read_port(void);
void write_port(void);
