/* Descriptors: those that the caller gives, those that are made for the program, and our own. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

/* Descriptors of our own are above those that the program is given. */
#define OWN 100

/* Moves one of ours there. */
int own(int descriptor);

/* A number of the command line, from 0 to `most`. */
int number(const char *text, long most);

/* `text` is the number of a descriptor that the caller gives. */
void keep_descriptor(const char *text);

/* The program gets `made` under the number in `text`. */
void give_descriptor(const char *text, int made);

/* A socket at `file` that `owner` may connect to, besides root. */
int listener(const char *file, uid_t owner);

/* An interface of this network namespace. */
int tap(const char *name);

/* Puts what the program is given where it looks for it. */
void place_descriptors(void);

void close_all(int from, int to);

/* Closes what the caller did not mean to give. */
void close_but_kept(void);
