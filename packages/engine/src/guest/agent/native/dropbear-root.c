/*
 * Linked into dropbear with --wrap: its root is the platform's own, whatever the image's /etc/passwd and /etc/shells say.
 * Home and shell are relative to dropbear's working directory, the platform's tmpfs; `as` then turns into a user of the guest.
 */
#include <pwd.h>
#include <stddef.h>
#include <string.h>

static char shell[] = "./sh";

struct passwd *__wrap_getpwnam(const char *name) {
    static char root[] = "root", home[] = ".", none[] = "", locked[] = "*";
    static struct passwd account = {.pw_name = root, .pw_passwd = locked, .pw_gecos = none, .pw_dir = home, .pw_shell = shell};
    return strcmp(name, "root") == 0 ? &account : NULL;
}

static int given;
void __wrap_setusershell(void) { given = 0; }
void __wrap_endusershell(void) { given = 0; }
char *__wrap_getusershell(void) { return given++ == 0 ? shell : NULL; }
