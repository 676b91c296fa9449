#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Adds what the guest's administrator wants in every session (/etc/environment, /etc/default/locale) to the environment. */
void read_environment_files(void);
/* Where shells begin in a machine made from an image that says so (its WORKDIR) and has no init of its own; false: nowhere else than at home. */
bool read_working_folder(char *into, size_t size);
