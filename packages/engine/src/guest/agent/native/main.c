/* One static program of several verbs. */
#include <stdio.h>
#include <string.h>

#include "keeper.h"

int main(int count, char **arguments) {
    const char *verb = count > 1 ? arguments[1] : "";
    if (strcmp(verb, "daemon") == 0) return daemon_main();
    if (strcmp(verb, "console") == 0) return console_main(count - 1, arguments + 1);
    if (strcmp(verb, "task") == 0) return task_main(count - 1, arguments + 1);
    dprintf(2, "usage: keeper daemon | console TERMINAL | task start|look|wait|try NAME...\n");
    return 2;
}
