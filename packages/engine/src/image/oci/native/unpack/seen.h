/* Names that the present layer has made: what it deletes is of the layers below it alone. */
#pragma once
#include <stdbool.h>

void note_seen(const char *name);
bool is_seen(const char *name);
/* Another layer begins. */
void forget_seen(void);
