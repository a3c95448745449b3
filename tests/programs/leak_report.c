/* Leaks, and every way to end or to ask. The first argument says what is lost, the second how the
 * program ends. */
#include "check.h"
#include "leak.h"
#include "../../src/preload/include/heapwarden.h"
#include <sys/mman.h>

/* As a program that was written for LeakSanitizer declares them. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));
void __lsan_ignore_object(const void *) __attribute__((weak));
void __lsan_register_root_region(const void *, size_t) __attribute__((weak));
void __lsan_unregister_root_region(const void *, size_t) __attribute__((weak));
void __lsan_do_leak_check(void) __attribute__((weak));
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

void *kept[64];
int kept_count;

NOT_INLINED static void grow(int count) {
    for (int i = 0; i < count; i++) kept[kept_count++] = malloc(1400);
}

static volatile size_t size_to_lose;

NOT_INLINED static void lose_block(void) {
    void *volatile *block = malloc(size_to_lose);
    block[0] = NULL;
}

static void lose(size_t size) {
    size_to_lose = size;
    make(lose_block);
}

/* A block that leads to another one. */
NOT_INLINED static void lose_list(void) {
    void *volatile *first = malloc(40);
    first[1] = malloc(60);
}

NOT_INLINED static void lose_list_by_wish(void) {
    void *volatile *first = malloc(48);
    first[0] = malloc(1002);
    __lsan_ignore_object((void *)&first[2]);
}

static void *volatile *region;

NOT_INLINED static void keep_in_region(void) { region[7] = malloc(1003); }

static void api(void) {
    __lsan_disable();
    __lsan_disable();
    __lsan_enable();
    lose(1001);
    __lsan_enable();
    make(lose_list_by_wish);
    /* A shared mapping is no root unless it is registered. */
    void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(mapped != MAP_FAILED, "mmap");
    region = mapped;
    make(keep_in_region);
    __lsan_register_root_region(mapped, 4096);
    CHECK(__lsan_do_recoverable_leak_check() == 0, "nothing is lost yet");
    __lsan_unregister_root_region(mapped, 4096);
    CHECK(__lsan_do_recoverable_leak_check() == 1, "the block in the mapping is lost");
    __lsan_register_root_region(mapped, 4096);
    lose(77);
    __lsan_do_leak_check();
}

NOT_INLINED static void keep_dangling(void) {
    char *block = malloc(24);
    kept[3] = block + 8;
    free(block);
}

static void leave_from_handler(int signal) {
    (void)signal;
    _exit(6);
}

/* Always in malloc or free when the signal comes. */
static void leave_within_malloc(void) {
    signal(SIGALRM, leave_from_handler);
    ualarm(20000, 0);
    for (;;) free(malloc(100));
}

int main(int argc, char **argv) {
    CHECK(argc == 3, "two arguments");
    const char *what = argv[1], *end = argv[2];
    if (!strcmp(what, "list")) make(lose_list);
    if (!strcmp(what, "api")) api();
    if (!strcmp(what, "dangling")) make(keep_dangling);
    if (!strcmp(what, "live")) {
        grow(5);
        HEAPWARDEN_REPORT();
        grow(3);
        lose(33);
        raise(SIGUSR1);
    }
    if (!strcmp(end, "vfork")) {
        pid_t child = vfork();
        if (child == 0) _exit(0);
        CHECK(waitpid(child, NULL, 0) == child, "waitpid");
    }
    if (!strcmp(end, "handler")) leave_within_malloc();
    /* Waits in stdio, unless standard output is a terminal. */
    printf("ok\n");
    if (!strcmp(end, "exit")) exit(5);
    if (!strcmp(end, "_exit")) {
        fflush(stdout);
        _exit(5);
    }
    if (!strcmp(end, "quick_exit")) {
        fflush(stdout);
        quick_exit(5);
    }
    return 5;
}
