/* Connections of the host to the shells. */
#pragma once
#include <poll.h>
#include <stdbool.h>

#include "keeper-session.h"

enum { CLIENTS = 256 };

/* True while an attached client is so far behind that the terminal is not read. */
bool has_laggard(const struct session *session);
bool is_watched(const struct session *session);
void welcome_client(int listener);
/* What a poll of them asks for. True when one has more to get. */
bool ask_clients(struct pollfd polled[CLIENTS]);
void hear_clients(const struct pollfd polled[CLIENTS]);
void serve_clients(void);
