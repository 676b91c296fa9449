/* What a machine of the image starts from. */
#pragma once

/* Path of the first init that starts something; NULL: it has none. */
const char *find_init(void);
/* Path of its shell; NULL: it has none. */
const char *find_shell(void);
