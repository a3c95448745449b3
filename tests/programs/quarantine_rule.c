/* A freed block is written to, or a live one overflowed, at every stage on the way from free to
 * reuse: for every size class of the heap, and for large runs. Each case is made in a child process,
 * which must not end well; it first says on stderr which case it is.
 * Arguments: the stage; "slots" leaves the large runs out. The options of the test make the
 * quarantine small where that is needed. */
#include "check.h"

enum { OTHERS_MAX = 340000, REPORTED = 99 };

static char *others[OTHERS_MAX];
static int count;

static char *get(size_t size) {
    char *block = malloc(size);
    CHECK(block != NULL, "malloc(%zu)", size);
    return block;
}

/* Enough blocks of this size to push any other through the quarantine of the test's options: at most
 * 64 slots in rings and 4 MiB behind them, of which 1 MiB is for runs (see there). */
static void get_others(size_t size) {
    count = size > 32768 ? (int)((2 << 20) / size) + 2 : (int)((5 << 20) / (size + 9)) + 2600;
    for (int i = 0; i < count; i++) others[i] = get(size);
}

static void free_others(void) {
    for (int i = 0; i < count; i++) free(others[i]);
}

/* Every slab keeps a block that is in use, so that none is given back. */
static void free_most_others(void) {
    for (int i = 0; i < count; i++)
        if (i % 4 != 0) free(others[i]);
}

static void spoil(char *block, size_t size, size_t which) {
    /* The first, the last, or one in the middle. */
    size_t position = which % 3 == 0 ? 0 : which % 3 == 1 ? size - 1 : size / 2;
    ((volatile char *)block)[position] = 'X';
}

static void overflow(char *block, size_t size) { ((volatile char *)block)[size] = 0; }

static void *free_in_thread(void *block) {
    free(block);
    return NULL;
}

static void *get_and_free(void *size) {
    free(get(*(size_t *)size));
    for (int i = 0; i < 300; i++) others[i] = get(*(size_t *)size);
    for (int i = 0; i < 300; i++) free(others[i]);
    return NULL;
}

static void finish(void *(*body)(void *), void *argument) {
    pthread_join(start_thread(body, argument), NULL);
}

static int is(const char *stage, const char *name) { return strcmp(stage, name) == 0; }

/* All ways of recycling, so that the block comes from a slot that went through all of them. */
static void recycle(size_t size) {
    finish(get_and_free, &size);
    get_others(size);
    free_others();
    malloc_trim(0);
    get_others(size);
    free_others();
}

static void make(const char *stage, size_t size, size_t which) {
    if (is(stage, "overflow-exit")) {
        overflow(get(size), size);
    } else if (is(stage, "recycled-overflow")) {
        recycle(size);
        char *block = get(size);
        overflow(block, size);
        free(block);
    } else if (is(stage, "recycled-write")) {
        recycle(size);
        char *block = get(size);
        free(block);
        spoil(block, size, which);
    } else if (is(stage, "freed")) {
        char *block = get(size);
        free(block);
        spoil(block, size, which);
    } else if (is(stage, "leaving")) {
        get_others(size);
        char *block = get(size);
        free(block);
        spoil(block, size, which);
        free_others();
        /* Where it is not looked at when it leaves, it is when it is used again. */
        if (size <= 32768) for (int i = 0; i < 3 * count; i++) get(size);
        /* Seen before this line is reached. */
        _exit(1);
    } else if (is(stage, "left") || is(stage, "reused")) {
        char *block = get(size);
        get_others(size);
        free(block);
        free_most_others();
        spoil(block, size, which);
        if (is(stage, "reused")) {
            for (int i = 0; i < 3 * count; i++) get(size);
            _exit(1);
        }
    } else if (is(stage, "left-and-trimmed")) {
        char *block = get(size);
        get_others(size);
        free(block);
        free_most_others();
        spoil(block, size, which);
        for (int i = 0; i < count; i += 4) free(others[i]);
        malloc_trim(0);
    } else if (is(stage, "thread-end")) {
        char *block = get(size);
        finish(free_in_thread, block);
        spoil(block, size, which);
    } else if (is(stage, "then-thread-end")) {
        char *block = get(size);
        free(block);
        spoil(block, size, which);
        finish(get_and_free, &size);
    } else if (is(stage, "child")) {
        char *block = get(size);
        free(block);
        pid_t child = fork();
        CHECK(child >= 0, "fork");
        if (child > 0) {
            int status;
            CHECK(waitpid(child, &status, 0) == child, "waitpid");
            if (WIFSIGNALED(status)) raise(WTERMSIG(status));
            CHECK(WEXITSTATUS(status) == REPORTED, "the child ended with %d", WEXITSTATUS(status));
            /* The parent's block is whole: it ends well, and says so to its own parent. */
            return;
        }
        spoil(block, size, which);
    } else if (is(stage, "trimmed")) {
        char *block = get(size);
        free(block);
        spoil(block, size, which);
        get_others(size);
        free_others();
        malloc_trim(0);
    } else {
        FAIL("no such stage: %s", stage);
    }
    exit(0);
}

static void each(const char *stage, size_t size, size_t which) {
    char text[64];
    snprintf(text, sizeof text, "case %zu\n", size);
    write_text(2, text);
    pid_t child = fork();
    CHECK(child >= 0, "fork");
    if (child == 0) {
        make(stage, size, which);
        exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child, "waitpid");
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV && size > 32768) {
        /* A very large run is inaccessible while it waits; not every profile explains the fault. */
        write_text(2, "fault\n");
    } else {
        CHECK(WIFEXITED(status), "child %d was killed by signal %d", child, WTERMSIG(status));
        int expected = is(stage, "child") ? 0 : REPORTED;
        CHECK(WEXITSTATUS(status) == expected, "child %d ended with %d", child, WEXITSTATUS(status));
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 3, "a stage, and slots or all");
    size_t which = 0;
    /* The smallest block, and then what just fits into a slot with 8 bytes before and 8 behind. */
    each(argv[1], 7, which++);
    for (size_t slot = 32; slot <= 256; slot += 16) each(argv[1], slot - 16, which++);
    for (size_t slot = 288, step = 32; slot <= 2048; slot += step, step = slot < 512 ? 32 : slot < 1024 ? 64 : 128)
        each(argv[1], slot - 16, which++);
    for (size_t slot = 2560; slot <= 32768; slot += slot < 4096 ? 512 : slot < 8192 ? 1024 : slot < 16384 ? 2048 : 4096)
        each(argv[1], slot - 16, which++);
    if (is(argv[2], "slots")) return done();
    for (size_t size = 40000; size <= 1000000; size *= 2) each(argv[1], size, which++);
    /* Overflows of blocks with a mapping of their own; what is done to freed ones faults. */
    if (strstr(argv[1], "overflow") != NULL) each(argv[1], 5000000, which++);
    return done();
}
