/* The heap check on demand. What happens is named by the first argument; the parent, or the program
 * itself, asks for checks. */
#include "check.h"
#include "../../src/preload/include/heapwarden.h"
#include <sys/syscall.h>
#include <time.h>

static char *volatile hidden;
static volatile int stop;

__attribute__((noinline)) static void overflow(void) {
    hidden = malloc(20);
    hidden[20] = 'x';
}

/* Always in malloc and free, or nearly. */
static void *always_allocating(void *unused) {
    (void)unused;
    unsigned state = 1;
    char *kept[64] = {0};
    while (!stop) {
        state = state * 1103515245 + 12345;
        char **place = &kept[state >> 16 & 63];
        free(*place);
        *place = malloc(state >> 8 & 1023);
    }
    for (int i = 0; i < 64; i++) free(kept[i]);
    return NULL;
}

static void sleep_ms(long milliseconds) {
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) {}
}

/* By the function. */
static void call(void) {
    CHECK(HEAPWARDEN_IS_LOADED() == (getenv("HEAPWARDEN_TEST_EXPECTED") != NULL), "loaded or not");
    CHECK(HEAPWARDEN_CHECK_HEAP() == 0, "damage in an intact heap");
    for (int i = 0; i < 3; i++) overflow();
    size_t expected = HEAPWARDEN_IS_LOADED() ? 3 : 0;
    CHECK(HEAPWARDEN_CHECK_HEAP() == expected, "not %zu", expected);
}

/* A thread that waits for ever, in a child that the parent asks. */
static void sleeper(int damaged) {
    int ready[2];
    CHECK(pipe(ready) == 0, "pipe");
    pid_t child = fork();
    if (child == 0) {
        if (damaged) overflow();
        CHECK(write(ready[1], "", 1) == 1, "write");
        for (;;) pause();
    }
    char byte;
    CHECK(read(ready[0], &byte, 1) == 1, "read");
    kill(child, SIGUSR2);
    int status;
    if (damaged) {
        CHECK(waitpid(child, &status, 0) == child, "waitpid");
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %x", status);
        return;
    }
    sleep_ms(500);
    CHECK(waitpid(child, &status, WNOHANG) == 0, "it did not live on");
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
}

/* Threads that do nothing but allocate are asked again and again, one by one. */
static void busy(int rounds) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, always_allocating, NULL) == 0, "a thread");
    for (int i = 0; i < rounds; i++) {
        CHECK(pthread_kill(threads[i % 4], SIGUSR2) == 0, "pthread_kill");
        sleep_ms(20);
    }
    stop = 1;
    for (int i = 0; i < 4; i++) CHECK(pthread_join(threads[i], NULL) == 0, "join");
}

/* One thread that does nothing but allocate; errno stays as it was. */
static void alone(void) {
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0, "timer_create");
    struct itimerspec times = {{0, 100000000}, {0, 100000000}};
    CHECK(timer_settime(timer, 0, &times, NULL) == 0, "timer_settime");
    errno = 4711;
    for (time_t start = time(NULL); time(NULL) < start + 2;) {
        for (int i = 0; i < 1000; i++) {
            free(malloc((size_t)(i & 255)));
            if (errno != 4711) FAIL("errno changed");
        }
    }
    timer_delete(timer);
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "one argument");
    if (!strcmp(argv[1], "call")) call();
    if (!strcmp(argv[1], "sleeper")) sleeper(0);
    if (!strcmp(argv[1], "damaged-sleeper")) sleeper(1);
    if (!strcmp(argv[1], "busy")) busy(25);
    if (!strcmp(argv[1], "alone")) alone();
    return done();
}
