/* What the test programs share: a check that allocates nothing, stamped blocks, mixed sizes.
 *
 * A program ends with done(), which prints "ok"; a failed check says where on stderr and ends the
 * process with status 1 at once. When HEAPWARDEN_TEST_EXPECTED is set, a program (and everything it
 * executes) refuses to run on any other malloc: a test must not pass because nothing was preloaded. */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void write_text(int file, const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t written = write(file, text, left);
        if (written <= 0) return;
        text += written;
        left -= (size_t)written;
    }
}

__attribute__((format(printf, 3, 4), noreturn)) static inline void failed(const char *file, int line,
                                                                         const char *format, ...) {
    int code = errno;
    char message[512], text[700];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    snprintf(text, sizeof text, "%s:%d: %s (errno %d, process %d)\n", file, line, message, code, getpid());
    write_text(2, text);
    _exit(1);
}

#define FAIL(...) failed(__FILE__, __LINE__, __VA_ARGS__)
#define FAIL_CONDITION(text, format, ...) FAIL("%s: " format, text, ##__VA_ARGS__)
#define CHECK(condition, ...) \
    do { \
        if (!(condition)) FAIL_CONDITION(#condition, __VA_ARGS__); \
    } while (0)

/* The last statement of main. */
static inline int done(void) {
    puts("ok");
    return 0;
}

static inline int on_heapwarden(void) { return getenv("HEAPWARDEN_TEST_EXPECTED") != NULL; }

__attribute__((constructor)) static inline void insist_on_heapwarden(void) {
    Dl_info info;
    if (!on_heapwarden()) return;
    CHECK(dladdr(dlsym(RTLD_DEFAULT, "malloc"), &info) != 0, "malloc is in no library");
    CHECK(strstr(info.dli_fname, "heapwarden") != NULL, "malloc is that of %s", info.dli_fname);
}

/* xorshift64*: small, repeatable, and the same everywhere. */
static inline uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1DULL;
}

/* Mostly small, some of pages, a few that get a mapping of their own. */
static inline size_t mixed_size(uint64_t *state) {
    uint64_t dice = next_random(state) % 1000;
    if (dice < 900) return next_random(state) % 512;
    if (dice < 980) return next_random(state) % 8192;
    if (dice < 997) return next_random(state) % (256 << 10);
    return next_random(state) % (2 << 20);
}

/* A block's content depends on its owner's number and the position: at most 64 bytes at either end
 * are written, so that big blocks cost no more than small ones. */
static inline size_t stamped_bytes(size_t size) { return size < 64 ? size : 64; }

static inline unsigned char stamp_byte(uint64_t owner, size_t position) {
    return (unsigned char)(owner * 131 + position * 7 + (owner >> 8) + 1);
}

static inline void stamp(void *block, size_t size, uint64_t owner) {
    unsigned char *bytes = (unsigned char *)block;
    for (size_t i = 0; i < stamped_bytes(size); i++) {
        bytes[size - 1 - i] = stamp_byte(owner, size - 1 - i);
        bytes[i] = stamp_byte(owner, i);
    }
}

static inline void verify(const void *block, size_t size, uint64_t owner) {
    const unsigned char *bytes = (const unsigned char *)block;
    for (size_t i = 0; i < stamped_bytes(size); i++) {
        CHECK(bytes[i] == stamp_byte(owner, i), "byte %zu of %zu at %p", i, size, block);
        CHECK(bytes[size - 1 - i] == stamp_byte(owner, size - 1 - i), "byte -%zu of %zu at %p", i + 1, size,
              block);
    }
}

static inline void *checked_malloc(size_t size) {
    void *block = malloc(size);
    CHECK(block != NULL, "malloc(%zu)", size);
    CHECK((uintptr_t)block % 16 == 0, "malloc(%zu) = %p", size, block);
    return block;
}

/* `rounds` operations over a table of stamped blocks of mixed sizes, all freed at the end. */
static inline void churn(unsigned rounds, uint64_t seed) {
    enum { SLOTS = 64 };
    struct { void *block; size_t size; } table[SLOTS] = {{NULL, 0}};
    uint64_t state = seed * 2654435761u + 88172645463325252ULL;
    for (unsigned i = 0; i < rounds + SLOTS; i++) {
        unsigned slot = i < rounds ? next_random(&state) % SLOTS : i - rounds;
        if (table[slot].block != NULL) {
            verify(table[slot].block, table[slot].size, slot + seed);
            free(table[slot].block);
            table[slot].block = NULL;
        } else if (i < rounds) {
            table[slot].size = mixed_size(&state);
            table[slot].block = checked_malloc(table[slot].size);
            stamp(table[slot].block, table[slot].size, slot + seed);
        }
    }
}

static inline pthread_t start_thread(void *(*body)(void *), void *argument) {
    pthread_t thread;
    int code = pthread_create(&thread, NULL, body, argument);
    CHECK(code == 0, "pthread_create: %d", code);
    return thread;
}

/* Waits for a child, which must end by itself with status `expected`. */
static inline void expect_child(pid_t child, int expected) {
    int status;
    pid_t ended;
    do ended = waitpid(child, &status, 0);
    while (ended < 0 && errno == EINTR);
    CHECK(ended == child, "waitpid(%d) = %d", child, ended);
    CHECK(WIFEXITED(status), "child %d was killed by signal %d", child, WTERMSIG(status));
    CHECK(WEXITSTATUS(status) == expected, "child %d ended with %d", child, WEXITSTATUS(status));
}

/* A number from /proc/self/status, in kB ("VmRSS", "VmSize", "VmHWM"). Allocates nothing. */
#include <fcntl.h>
static inline long process_kilobytes(const char *field) {
    char text[8192];
    int file = open("/proc/self/status", O_RDONLY);
    CHECK(file >= 0, "/proc/self/status");
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    CHECK(length > 0, "/proc/self/status");
    text[length] = 0;
    char *line = strstr(text, field);
    CHECK(line != NULL, "no %s", field);
    return strtol(line + strlen(field) + 1, NULL, 10);
}

/* The number of mappings of this process. Allocates nothing. */
static inline long process_mappings(void) {
    char text[4096];
    long lines = 0;
    int file = open("/proc/self/maps", O_RDONLY);
    CHECK(file >= 0, "/proc/self/maps");
    for (ssize_t length; (length = read(file, text, sizeof text)) > 0;)
        for (ssize_t i = 0; i < length; i++) lines += text[i] == '\n';
    close(file);
    return lines;
}

#endif
