#pragma once
/* Adds what the guest's administrator wants in every session (/etc/environment, /etc/default/locale) to the environment. */
void read_environment_files(void);
