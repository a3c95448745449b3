/* Blocks to which exactly one pointer leads, kept in one kind of place (the first argument). While it
 * is there nothing is lost; once it is gone, exactly that block is. */
#include "check.h"
#include "../../src/preload/include/heapwarden.h"
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define SIZE 1000

static volatile uintptr_t masked;
static void *volatile variable;
static __thread void *volatile local;
static void **mapped;

/* Leaves nothing of what was done before in registers and on the stack below the caller. */
__attribute__((noinline)) static void forget(void) {
    volatile char space[16384];
    for (size_t i = 0; i < sizeof space; i++) space[i] = 0;
    __asm__ volatile("xor %%eax, %%eax; xor %%ecx, %%ecx; xor %%edx, %%edx; xor %%esi, %%esi;"
                     "xor %%edi, %%edi; xor %%r8d, %%r8d; xor %%r9d, %%r9d; xor %%r10d, %%r10d;"
                     "xor %%r11d, %%r11d" ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
}

/* A block whose address is only known turned over. */
__attribute__((noinline)) static void make(void) { masked = ~(uintptr_t)malloc(SIZE); }

__attribute__((noinline)) static void put(void *volatile *place) { *place = (void *)~masked; }

__attribute__((noinline)) static void expect(size_t lost, const char *when) {
    forget();
    size_t found = HEAPWARDEN_LEAK_CHECK();
    CHECK(found == lost, "%s: %zu bytes are lost and not %zu", when, found, lost);
}

/* What another thread does while this one looks: the argument is where it keeps the pointer. */
static volatile int told, asked_to_end;

static void wait_for(volatile int *word) {
    while (!*word) poll(NULL, 0, 1);
}

/* In a register, without a pause. */
static void *in_a_register(void *unused) {
    (void)unused;
    told = 1;
    __asm__ volatile("mov (%0), %%rbx\n not %%rbx\n"
                     "1: cmpl $0, (%1)\n je 1b\n xor %%ebx, %%ebx"
                     ::"r"(&masked), "r"(&asked_to_end) : "rbx", "memory", "cc");
    return NULL;
}

/* In a vector register. */
static void *in_a_vector(void *unused) {
    (void)unused;
    told = 1;
    __asm__ volatile("mov (%0), %%rax\n not %%rax\n movq %%rax, %%xmm7\n xor %%eax, %%eax\n"
                     "1: cmpl $0, (%1)\n je 1b\n pxor %%xmm7, %%xmm7"
                     ::"r"(&masked), "r"(&asked_to_end) : "rax", "xmm7", "memory", "cc");
    return NULL;
}

/* In the 128 bytes below the stack pointer that a function may use. */
static void *in_the_red_zone(void *unused) {
    (void)unused;
    told = 1;
    __asm__ volatile("mov (%0), %%rax\n not %%rax\n mov %%rax, -120(%%rsp)\n xor %%eax, %%eax\n"
                     "1: cmpl $0, (%1)\n je 1b\n movq $0, -120(%%rsp)"
                     ::"r"(&masked), "r"(&asked_to_end) : "rax", "memory", "cc");
    return NULL;
}

/* On the stack, while it sleeps. */
static void *on_the_stack(void *block_signals) {
    if (block_signals) {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, NULL);
    }
    void *volatile here = (void *)~masked;
    told = 1;
    while (!asked_to_end) poll(NULL, 0, 50);
    here = NULL;
    (void)here;
    return NULL;
}

static void *on_the_stack_with_signals_blocked(void *unused) {
    (void)unused;
    return on_the_stack("");
}

/* The same in a thread that no signal at all reaches. */
static void *on_the_stack_of_a_deaf_thread(void *unused) {
    (void)unused;
    uint64_t all = ~(uint64_t)0;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, sizeof all);
    return on_the_stack(NULL);
}

static void in_the_handler(int unused) {
    (void)unused;
    told = 1;
    while (!asked_to_end) poll(NULL, 0, 50);
}

/* On the stack, while a handler runs on another one. */
static void *below_an_alternate_stack(void *unused) {
    (void)unused;
    stack_t alternate = {.ss_size = 65536, .ss_sp = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
                                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
    CHECK(sigaltstack(&alternate, NULL) == 0, "sigaltstack");
    struct sigaction action = {.sa_handler = in_the_handler, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    void *volatile here = (void *)~masked;
    raise(SIGUSR1);
    here = NULL;
    (void)here;
    return NULL;
}

/* On the stack of a coroutine, which is a mapping or a block of the heap. */
static ucontext_t outside, coroutine;

static void in_the_coroutine(void) { on_the_stack(NULL); }

static void *on_a_coroutine(void *stack) {
    getcontext(&coroutine);
    coroutine.uc_stack.ss_sp = stack;
    coroutine.uc_stack.ss_size = 65536;
    coroutine.uc_link = &outside;
    makecontext(&coroutine, in_the_coroutine, 0);
    swapcontext(&outside, &coroutine);
    return NULL;
}

static void *on_a_mapped_coroutine(void *unused) {
    (void)unused;
    void *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    on_a_coroutine(stack);
    munmap(stack, 65536);
    return NULL;
}

static void *on_a_coroutine_in_the_heap(void *unused) {
    (void)unused;
    char *stack = malloc(65536);
    on_a_coroutine(stack);
    free(stack);
    return NULL;
}

/* In thread-specific data, of the first 32 keys and of a later one. */
static pthread_key_t keys[40];

static void *in_a_key(void *number) {
    pthread_setspecific(keys[(intptr_t)number], (void *)~masked);
    forget();
    told = 1;
    wait_for(&asked_to_end);
    pthread_setspecific(keys[(intptr_t)number], NULL);
    return NULL;
}

static void *in_a_late_key(void *unused) {
    (void)unused;
    return in_a_key((void *)39);
}

static void *in_thread_local_memory(void *unused) {
    (void)unused;
    put(&local);
    forget();
    told = 1;
    wait_for(&asked_to_end);
    local = NULL;
    return NULL;
}

/* In thread-local memory of a library that was opened later. */
static void *volatile *(*place_in_library)(void);

static void *in_a_library(void *unused) {
    (void)unused;
    put(place_in_library());
    forget();
    told = 1;
    wait_for(&asked_to_end);
    *place_in_library() = NULL;
    return NULL;
}

static void kept_by(void *(*body)(void *)) {
    pthread_t thread;
    make();
    expect(SIZE, "before");
    told = asked_to_end = 0;
    CHECK(pthread_create(&thread, NULL, body, NULL) == 0, "a thread");
    wait_for(&told);
    for (int round = 0; round < 5; round++) expect(0, "kept");
    asked_to_end = 1;
    pthread_join(thread, NULL);
    expect(SIZE, "gone");
    free((void *)~masked);
}

/* As the result of a thread that has ended, until it is joined. */
static void *as_a_result(void *unused) {
    (void)unused;
    return (void *)~masked;
}

static int has_other_threads(void) {
    char path[] = "/proc/self/task";
    struct stat status;
    CHECK(stat(path, &status) == 0, "stat");
    return status.st_nlink > 3;
}

static void kept_as_a_result(void) {
    pthread_t thread;
    void *result;
    make();
    expect(SIZE, "before");
    CHECK(pthread_create(&thread, NULL, as_a_result, NULL) == 0, "a thread");
    while (has_other_threads()) poll(NULL, 0, 1);
    expect(0, "not joined");
    pthread_join(thread, &result);
    result = NULL;
    expect(SIZE, "joined");
    free((void *)~masked);
}

static void kept_in(void *volatile *place) {
    expect(0, "before");
    make();
    put(place);
    expect(0, "kept");
    *place = NULL;
    expect(SIZE, "gone");
    put(place);
    expect(0, "back");
    free((void *)~masked);
}


int main(int argc, char **argv) {
    CHECK(argc >= 2, "usage: PLACE [LIBRARY]");
    for (int i = 0; i < 40; i++) pthread_key_create(&keys[i], NULL);
    static const struct {
        const char *name;
        void *(*body)(void *);
    } threads[] = {
        {"register", in_a_register},
        {"vector", in_a_vector},
        {"red-zone", in_the_red_zone},
        {"stack", on_the_stack},
        {"blocked", on_the_stack_with_signals_blocked},
        {"deaf", on_the_stack_of_a_deaf_thread},
        {"alternate", below_an_alternate_stack},
        {"coroutine", on_a_mapped_coroutine},
        {"heap-coroutine", on_a_coroutine_in_the_heap},
        {"key", in_a_key},
        {"late-key", in_a_late_key},
        {"thread-local", in_thread_local_memory},
        {"library", in_a_library},
    };
    if (argc == 3) {
        void *library = dlopen(argv[2], RTLD_NOW);
        CHECK(library != NULL, "%s", dlerror());
        place_in_library = (void *volatile *(*)(void))dlsym(library, "place");
    }
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        if (strcmp(argv[1], threads[i].name) == 0) {
            kept_by(threads[i].body);
            return done();
        }
    }
    if (strcmp(argv[1], "variable") == 0) {
        kept_in(&variable);
    } else if (strcmp(argv[1], "local") == 0) {
        kept_in(&local);
    } else if (strcmp(argv[1], "library-local") == 0) {
        kept_in(place_in_library());
    } else if (strcmp(argv[1], "result") == 0) {
        kept_as_a_result();
    } else if (strcmp(argv[1], "mapped") == 0) {
        /* An allocator's arena may be a private mapping; a shared one must be registered. */
        mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        make();
        put(mapped);
        expect(0, "in a private mapping");
        *mapped = NULL;
        mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        put(mapped);
        expect(SIZE, "in a shared mapping");
        free((void *)~masked);
    } else {
        FAIL("no such place: %s", argv[1]);
    }
    return done();
}
