/* What libFuzzer does with the functions that it looks up, in small: hooks around the blocks of an input,
 * a death callback, the leak check of an input that left blocks behind. */
#include "check.h"

#define HOLDS(condition) CHECK(condition, "it does not hold")
#define WEAK __attribute__((weak))
WEAK int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void *, size_t),
                                                   void (*freeing)(const volatile void *));
WEAK void __sanitizer_set_death_callback(void (*callback)(void));
WEAK int __sanitizer_acquire_crash_state(void);
WEAK void __sanitizer_print_stack_trace(void);
WEAK void __sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t bytes);
WEAK int __sanitizer_get_module_and_offset_for_pc(void *pc, char *path, size_t bytes, void **offset);
WEAK void __sanitizer_print_memory_profile(size_t percent, size_t most);
WEAK void __sanitizer_purge_allocator(void);
WEAK void __sanitizer_set_report_fd(void *file);
WEAK void __sanitizer_log_write(const char *text, size_t bytes);
WEAK void __lsan_enable(void);
WEAK void __lsan_disable(void);
WEAK int __lsan_do_recoverable_leak_check(void);
WEAK void __msan_scoped_enable_interceptor_checks(void);
WEAK void __msan_scoped_disable_interceptor_checks(void);

static size_t allocations, frees, last_size, limit;
static const volatile void *last_block, *last_freed;

static void allocated(const volatile void *block, size_t size) {
    allocations++;
    last_block = block;
    last_size = size;
    /* No lock is held, and this calls no hook. */
    char *volatile text = malloc(100);
    free(text);
    if (limit && size > limit) {
        dprintf(2, "limit: %zu\n", size);
        _Exit(71);
    }
}

static void freeing(const volatile void *block) {
    frees++;
    last_freed = block;
    char *volatile text = malloc(100);
    free(text);
}

/* The input's own bytes, as they were when the process died. */
static char input[100];

static void dying(void) {
    dprintf(2, "artifact: %s\n", input);
    char *volatile text = strdup(input);
    free(text);
}

/* Calls of the functions that are read back, so that compilers leave them alone. */
static void *(*volatile allocate)(size_t) = malloc;
static void (*volatile give_back)(void *) = free;
static void *(*volatile resize)(void *, size_t) = realloc;
static char *volatile escaped;

__attribute__((noinline)) static void target(const char *bytes) {
    char *block = allocate(24);
    escaped = block;
    if (!strcmp(bytes, "overflow")) {
        block[24] = 1;
        /* Kept: nobody looks at it but the check of the input. */
        return;
    }
    if (!strcmp(bytes, "leak")) {
        escaped = NULL;
        return;
    }
    give_back(block);
    if (!strcmp(bytes, "after free")) block[3] = 1;
    if (!strcmp(bytes, "twice")) give_back(block);
    if (!strcmp(bytes, "wild")) *(volatile int *)8 = 1;
}

/* One input; whether it left blocks behind. */
__attribute__((noinline)) static int run(const char *bytes) {
    snprintf(input, sizeof input, "%s", bytes);
    __msan_scoped_enable_interceptor_checks();
    allocations = frees = 0;
    target(bytes);
    int leaves = allocations > frees;
    __msan_scoped_disable_interceptor_checks();
    return leaves;
}

static void fuzz(const char *bytes) {
    __sanitizer_set_death_callback(dying);
    HOLDS(__sanitizer_install_malloc_and_free_hooks(allocated, freeing) == 1);
    for (int i = 0; i < 100; i++) HOLDS(!run("nothing"));
    if (!run(bytes)) return;
    __lsan_disable();
    int again = run(bytes);
    __lsan_enable();
    HOLDS(again);
    for (int attempt = 0; attempt < 3; attempt++) {
        if (__lsan_do_recoverable_leak_check()) {
            snprintf(input, sizeof input, "%s", bytes);
            dying();
            _Exit(77);
        }
        /* A copy of the pointer may be left on the stack. */
        for (int i = 0; i < 100; i++) run("nothing");
    }
}

static void hooks(void) {
    HOLDS(__sanitizer_install_malloc_and_free_hooks(NULL, freeing) == 0);
    HOLDS(__sanitizer_install_malloc_and_free_hooks(allocated, freeing) == 1);
    allocations = frees = 0;
    char *block = allocate(100);
    HOLDS(allocations == 1 && last_size == 100 && last_block == block);
    block = resize(block, 5000);
    HOLDS(allocations == 2 && frees == 1 && last_size == 5000 && last_block == block);
    block = resize(block, 5001);
    HOLDS(allocations == 3 && frees == 2 && last_block == block && last_size == 5001);
    give_back(block);
    HOLDS(frees == 3 && last_freed == block);
    give_back(NULL);
    HOLDS(frees == 3);
    block = calloc(3, 50);
    HOLDS(allocations == 4 && last_size == 150);
    give_back(block);
    block = aligned_alloc(4096, 8192);
    HOLDS(allocations == 5 && last_size == 8192 && last_block == block);
    give_back(block);
    HOLDS(allocate((size_t)PTRDIFF_MAX - 100) == NULL);
    HOLDS(allocations == 6 && last_block == NULL && last_size == (size_t)PTRDIFF_MAX - 100);
    /* The second pair is called as well. */
    HOLDS(__sanitizer_install_malloc_and_free_hooks(allocated, freeing) == 2);
    give_back(allocate(1));
    HOLDS(allocations == 8);
}

static void *thread(void *argument) {
    for (int i = 0; i < 20000; i++) give_back(allocate(1 + i % 3000));
    return argument;
}

static void count(const volatile void *block, size_t size) {
    (void)block;
    __atomic_fetch_add(&allocations, size > 0, __ATOMIC_RELAXED);
}

static void uncount(const volatile void *block) {
    (void)block;
    __atomic_fetch_add(&frees, 1, __ATOMIC_RELAXED);
}

static void threads(void) {
    pthread_t all[4];
    HOLDS(__sanitizer_install_malloc_and_free_hooks(count, uncount) == 1);
    __msan_scoped_enable_interceptor_checks();
    for (int i = 0; i < 4; i++) HOLDS(!pthread_create(&all[i], NULL, thread, NULL));
    for (int i = 0; i < 4; i++) HOLDS(!pthread_join(all[i], NULL));
    __msan_scoped_disable_interceptor_checks();
    HOLDS(allocations >= 80000 && frees >= 80000);
}

__attribute__((noinline)) static void describe(void) {
    char text[200] = "", path[200];
    void *offset = NULL;
    void *pc = __builtin_extract_return_addr(__builtin_return_address(0));
    __sanitizer_print_stack_trace();
    __sanitizer_symbolize_pc(pc, "%p|%F|%s|%l", text, sizeof text);
    printf("%s\n", text);
    memset(text, 'x', sizeof text);
    __sanitizer_symbolize_pc(pc, "%s%s%s", text, 10);
    HOLDS(text[9] == 0 && text[10] == 'x');
    HOLDS(__sanitizer_get_module_and_offset_for_pc(pc, path, sizeof path, &offset) == 1);
    HOLDS(strstr(path, "fuzzer") && offset);
    HOLDS(__sanitizer_get_module_and_offset_for_pc((void *)16, path, sizeof path, &offset) == 0);
    HOLDS(__sanitizer_acquire_crash_state() == 1 && __sanitizer_acquire_crash_state() == 0);
    __sanitizer_purge_allocator();
    escaped = allocate(3000000);
    __sanitizer_print_memory_profile(90, 3);
    int file = dup(2);
    close(2);
    __sanitizer_set_report_fd((void *)(intptr_t)file);
    __sanitizer_log_write("through the log\n", 16);
    dup2(file, 2);
}

int main(int count, char **arguments) {
    const char *what = count > 1 ? arguments[1] : "";
    if (!strcmp(what, "hooks")) hooks();
    else if (!strcmp(what, "threads")) threads();
    else if (!strcmp(what, "describe")) describe();
    else if (!strcmp(what, "limit")) {
        limit = (size_t)2 << 30;
        HOLDS(__sanitizer_install_malloc_and_free_hooks(allocated, freeing) == 1);
        escaped = allocate((size_t)3 << 30);
    } else if (!strcmp(what, "plain")) {
        HOLDS(__sanitizer_install_malloc_and_free_hooks(allocated, freeing) == 0);
    } else fuzz(what);
    return done();
}
