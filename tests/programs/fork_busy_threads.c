/* fork() while other threads are inside malloc and stdio: the place where an allocator that holds a
 * lock in its atfork handler deadlocks (glibc takes its stdio locks after those handlers, and a
 * thread inside getline or fopen holds one and wants memory). Every child allocates in new threads
 * and leaves through exit(), which flushes the inherited streams.
 * Arguments: number of forks, what to fork with (fork, _Fork). */
#include "check.h"
#include <stdatomic.h>

static atomic_int stop;
static FILE *sink;

static void *allocate(void *seed) {
    for (uint64_t round = (uintptr_t)seed; !stop; round++) churn(200, round);
    return NULL;
}

static void *print(void *unused) {
    (void)unused;
    for (unsigned i = 0; !stop; i++) {
        fprintf(sink, "%u %s %*d\n", i, "a line for the sink", (int)(i % 300), 7);
        char *text;
        CHECK(asprintf(&text, "%0*d", (int)(i % 2000), 1) >= 0, "asprintf");
        free(text);
    }
    return NULL;
}

static void *open_and_close(void *unused) {
    (void)unused;
    while (!stop) {
        FILE *file = fopen("/dev/zero", "r");
        CHECK(file != NULL, "fopen");
        CHECK(fgetc(file) == 0, "fgetc");
        fclose(file);
    }
    return NULL;
}

static void *read_lines(void *unused) {
    (void)unused;
    while (!stop) {
        FILE *file = fopen("lines.txt", "r");
        CHECK(file != NULL, "lines.txt");
        char *line = NULL;
        size_t room = 0;
        /* What is read is not checked: a child that exits moves the position of files it shares. */
        for (int i = 0; i < 100 && getline(&line, &room, file) > 0; i++) CHECK(room > 0, "no room");
        free(line);
        fclose(file);
    }
    return NULL;
}

static void *child_thread(void *seed) {
    churn(40, (uintptr_t)seed);
    return NULL;
}

static void in_child(void) {
    pthread_t threads[2];
    for (uintptr_t i = 0; i < 2; i++) threads[i] = start_thread(child_thread, (void *)(i + 5));
    churn(20, 3);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
}

int main(int argc, char **argv) {
    CHECK(argc == 3, "usage: forks fork|_Fork");
    int forks = atoi(argv[1]), raw = strcmp(argv[2], "_Fork") == 0;
    sink = fopen("/dev/null", "w");
    FILE *file = fopen("lines.txt", "w");
    CHECK(sink != NULL && file != NULL, "files");
    for (int i = 1; i < 40; i++) fprintf(file, "x%*d\n", i * 37, i);
    fclose(file);

    void *(*bodies[4])(void *) = {allocate, print, open_and_close, read_lines};
    pthread_t threads[4];
    for (uintptr_t i = 0; i < 4; i++) threads[i] = start_thread(bodies[i], (void *)i);
    for (int i = 0; i < forks; i++) {
        pid_t child = raw ? _Fork() : fork();
        CHECK(child >= 0, "fork");
        if (child == 0) {
            if (raw) {
                /* Nothing resets stdio's locks after _Fork, so no exit() there. */
                churn(20, 3);
                _exit(7);
            }
            in_child();
            exit(7);
        }
        expect_child(child, 7);
        churn(10, (uint64_t)i);
    }
    stop = 1;
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    return done();
}
