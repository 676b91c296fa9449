#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Connections that nobody has taken yet; more are closed at once. */
enum { MOST_WAITING = 64, HANDLE_BYTES = 16 };

/* Says on standard error what failed, with errno's words; returns 1. */
int fail(const char *what);

/* Each of these returns a listening socket, or -1 with errno. `handle` becomes its name, in hexadecimal digits. */
int open_handle(char handle[2 * HANDLE_BYTES + 1]);
int open_tcp(const char *host, unsigned port, unsigned *chosen);
int open_agent(void);

/* Where `open_agent` listens. */
extern char agent_folder[];
extern struct sockaddr_un agent_address;

socklen_t name_handle(struct sockaddr_un *address, const char *handle);
/* Whether the other end of a Unix socket was made by this user. */
bool is_of_user(int connection, uid_t user);
int take(const char *handle, unsigned number);
