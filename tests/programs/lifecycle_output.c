// Output that waits in stdio while a damaged block, never freed, is found at the end. Argument: the
// way to end. "reader" leaves a thread that holds the lock of standard input for ever.
#include "kind.h"
#include <pthread.h>
#include <unistd.h>

static int ready[2], never[2];

static void *reader(void *unused) {
    flockfile(stdin);
    CHECK(write(ready[1], "r", 1) == 1, "write");
    char byte;
    CHECK(read(never[0], &byte, 1) >= 0, "read");
    return unused;
}

static void start_reader(void) {
    pthread_t thread;
    char byte;
    CHECK(pipe(ready) == 0 && pipe(never) == 0, "pipe");
    CHECK(pthread_create(&thread, NULL, reader, NULL) == 0, "pthread_create");
    CHECK(read(ready[0], &byte, 1) == 1, "read");
}

static void last_words(void) { printf("the end"); }

int main(int count, char **arguments) {
    CHECK(count == 2, "an argument");
    write_block(make_block(24), "0123456789012345678901234", 25);
    FILE *file = fopen("file", "w");
    CHECK(file != NULL, "fopen");
    CHECK(fprintf(file, "in a file") > 0, "fprintf");
    atexit(last_words);
    printf("no line, ");
    if (is(arguments[1], "reader")) start_reader();
    if (is(arguments[1], "quick_exit")) quick_exit(5);
    if (is(arguments[1], "_exit")) _exit(5);
    return 5;
}
