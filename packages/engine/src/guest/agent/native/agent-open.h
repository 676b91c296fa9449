/* What a request asks for. */
#pragma once
#include <stddef.h>

void open_channel(size_t number);
void finish_dialling(size_t number);
/* Limits of the agent that a command does not inherit. */
void raise_limits(void);
