// Allocates a known amount, closes standard error as the GNU tools do, and allocates more at the
// very end, in the destructor of a static object. Argument "close": closes every file, then opens
// `victim` under every number that the statistics could have been kept for.
#include "check.h"
#include <fcntl.h>

struct Late {
    ~Late() {
        for (int i = 0; i < 500; i++) kept = checked_malloc(3000);
        write_text(1, "destroyed\n");
    }
    void *volatile kept;
};
static Late late;

static void close_stderr() { close(2); }

int main(int argc, char **argv) {
    for (int i = 0; i < 1000; i++) {
        void *volatile block = checked_malloc(1000);
        if (i % 2) free(block);
    }
    if (argc == 1) {
        atexit(close_stderr);
        return 0;
    }
    CHECK(strcmp(argv[1], "close") == 0, "%s", argv[1]);
    int victim = open("victim", O_CREAT | O_WRONLY, 0600);
    CHECK(victim >= 0, "victim");
    for (int number = 3; number < 1000; number++) {
        if (number != victim) dup2(victim, number);
    }
    return 0;
}
