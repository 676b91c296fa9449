/* One static program under several names: `keeper` (daemon, attach, as, console, task) and `as`. */
#include <stdio.h>
#include <string.h>

#include "keeper.h"

int main(int count, char **arguments) {
    const char *slash = strrchr(arguments[0], '/');
    if (strcmp(slash ? slash + 1 : arguments[0], "as") == 0) return as_main(count, arguments);
    const char *verb = count > 1 ? arguments[1] : "";
    if (strcmp(verb, "daemon") == 0) return daemon_main();
    if (strcmp(verb, "attach") == 0) return attach_main(arguments[0], count - 1, arguments + 1);
    if (strcmp(verb, "as") == 0) return as_main(count - 1, arguments + 1);
    if (strcmp(verb, "console") == 0) return console_main(count - 1, arguments + 1);
    if (strcmp(verb, "task") == 0) return task_main(count - 1, arguments + 1);
    dprintf(2, "usage: keeper daemon | attach SESSION USER COLUMNS ROWS | as USER [-c COMMAND | -- PROGRAM...] | console TERMINAL | task start|look|wait NAME...\n");
    return 2;
}
