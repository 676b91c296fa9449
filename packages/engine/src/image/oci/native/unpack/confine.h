/* The walls around this program. */
#pragma once

/* `folder` becomes the root of all that it sees. */
void confine(const char *folder);
