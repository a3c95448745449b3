/* Leak checks beside threads that run, wait, fork, or live in a sandbox; the first argument says which.
 * Nothing that threads hold may look lost, and no thread may notice that it was stopped. */
#include "check.h"
#include "../../src/preload/include/heapwarden.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <semaphore.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#define THREADS 50
#define CHECKS 100

static volatile int stop;
static int started;

static void check_nothing_is_lost(void) {
    size_t lost = HEAPWARDEN_LEAK_CHECK();
    CHECK(lost == 0, "%zu bytes look lost", lost);
}

/* Keeps blocks on its stack, each of which leads to another one, and changes them all the time. */
static void *busy(void *seed) {
    unsigned state = (unsigned)(uintptr_t)seed + 1;
    void **kept[32] = {0};
    __atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
    while (!stop) {
        state = state * 1103515245 + 12345;
        void ***place = &kept[state >> 16 & 31];
        if (*place != NULL) free(**place);
        free(*place);
        *place = NULL;
        void **block = malloc(sizeof(void *) + (state >> 8 & 511));
        *block = NULL;
        *place = block;
        *block = realloc(malloc(1 + (state >> 9 & 63)), 1 + (state >> 7 & 2047));
    }
    for (int i = 0; i < 32; i++) {
        if (kept[i] != NULL) free(*kept[i]);
        free(kept[i]);
    }
    return NULL;
}

static pthread_t threads[THREADS];

static void start(int count, void *(*body)(void *)) {
    started = stop = 0;
    for (int i = 0; i < count; i++)
        CHECK(pthread_create(&threads[i], NULL, body, (void *)(uintptr_t)i) == 0, "a thread");
    while (__atomic_load_n(&started, __ATOMIC_SEQ_CST) < count) sched_yield();
}

static void end(int count) {
    stop = 1;
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
}

/* Waits that the kernel does not restart by itself. The program handles no signal, so none of them
 * may ever be interrupted. */
static void *waiting(void *kind) {
    struct timespec time = {0, 30000000}, absolute, rest;
    int sockets[2], events = epoll_create1(0);
    struct epoll_event event;
    struct timeval patience = {0, 30000};
    char byte;
    sem_t semaphore;
    sigset_t some;
    sem_init(&semaphore, 0, 0);
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0, "sockets");
    setsockopt(sockets[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    void *volatile kept = malloc(100);
    __atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
    while (!stop) {
        struct timeval timeout = {0, 30000};
        clock_gettime(CLOCK_REALTIME, &absolute);
        absolute.tv_nsec = (absolute.tv_nsec + 30000000) % 1000000000;
        errno = 0;
        switch ((uintptr_t)kind % 9) {
        case 0: CHECK(nanosleep(&time, NULL) == 0, "nanosleep"); break;
        case 1: CHECK(nanosleep(&time, &rest) == 0, "nanosleep with a rest"); break;
        case 2: CHECK(poll(NULL, 0, 30) == 0, "poll"); break;
        case 3: CHECK(ppoll(NULL, 0, &time, NULL) == 0, "ppoll"); break;
        case 4: CHECK(select(0, NULL, NULL, NULL, &timeout) == 0, "select"); break;
        case 5: CHECK(epoll_wait(events, &event, 1, 30) == 0, "epoll_wait"); break;
        case 6: CHECK(sigtimedwait(&some, NULL, &time) == -1 && errno == EAGAIN, "sigtimedwait"); break;
        case 7: CHECK(sem_timedwait(&semaphore, &absolute) == -1 && errno == ETIMEDOUT, "semaphore"); break;
        case 8: CHECK(recv(sockets[0], &byte, 1, 0) == -1 && errno == EAGAIN, "recv"); break;
        }
    }
    free(kept);
    close(sockets[0]);
    close(sockets[1]);
    close(events);
    return NULL;
}

static void check_beside(void *(*body)(void *), int count) {
    start(count, body);
    for (int i = 0; i < CHECKS; i++) check_nothing_is_lost();
    end(count);
    check_nothing_is_lost();
}

/* Threads that come and go while they are listed. */
static void *short_lived(void *block) {
    free(block);
    return NULL;
}

static void *starting(void *unused) {
    (void)unused;
    __atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
    while (!stop) {
        pthread_t thread;
        /* Nobody but the new thread has the pointer. */
        CHECK(pthread_create(&thread, NULL, short_lived, malloc(100)) == 0, "a thread");
        pthread_join(thread, NULL);
    }
    return NULL;
}

static volatile uintptr_t masked;
__attribute__((noinline)) static void make(size_t size) { masked = ~(uintptr_t)malloc(size); }

/* Leaves nothing of what was done before in registers and on the stack below the caller. */
__attribute__((noinline)) static void forget(void) {
    volatile char space[16384];
    for (size_t i = 0; i < sizeof space; i++) space[i] = 0;
    __asm__ volatile("xor %%eax, %%eax; xor %%ecx, %%ecx; xor %%edx, %%edx; xor %%esi, %%esi;"
                     "xor %%edi, %%edi; xor %%r8d, %%r8d; xor %%r9d, %%r9d; xor %%r10d, %%r10d;"
                     "xor %%r11d, %%r11d" ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
}

__attribute__((noinline)) static void lose(size_t size) {
    make(size);
    forget();
}

static void expect_status(pid_t child) {
    int status;
    CHECK(waitpid(child, &status, 0) == child, "waitpid");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child's status is %x", status);
}

/* What the threads of the parent held is not lost in a child; what the child loses is. */
static void forked(void) {
    start(8, busy);
    for (int i = 0; i < 10; i++) {
        pid_t child = fork();
        if (child == 0) {
            for (int n = 0; n < 1000; n++) free(malloc(100));
            check_nothing_is_lost();
            lose(3000);
            size_t lost = HEAPWARDEN_LEAK_CHECK();
            CHECK(lost == 3000, "%zu bytes are lost", lost);
            free((void *)~masked);
            _exit(0);
        }
        expect_status(child);
    }
    end(8);
    pid_t child = fork();
    if (child == 0) {
        lose(3000);
        size_t lost = HEAPWARDEN_LEAK_CHECK();
        CHECK(lost == 3000, "%zu bytes are lost in the child of one thread", lost);
        free((void *)~masked);
        _exit(0);
    }
    expect_status(child);
}

/* A child in its parent's memory has no blocks of its own. */
static void vforked(void) {
    volatile size_t in_child = 1;
    lose(3000);
    pid_t child = vfork();
    if (child == 0) {
        in_child = HEAPWARDEN_LEAK_CHECK();
        _exit(0);
    }
    expect_status(child);
    size_t lost = HEAPWARDEN_LEAK_CHECK();
    CHECK(in_child == 0 && lost == 3000, "%zu bytes in the child, %zu here", in_child, lost);
    free((void *)~masked);
}

#define ON(number, what) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, what)

static void enter_sandbox(struct sock_filter *filter, size_t count) {
    struct sock_fprog program = {(unsigned short)count, filter};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no new privileges");
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0, "seccomp");
}

/* As in a container: who traces is killed here, and reading a process's memory is refused. */
static void without_ptrace(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ON(SYS_ptrace, SECCOMP_RET_KILL_PROCESS),
        ON(SYS_process_vm_readv, SECCOMP_RET_ERRNO | EPERM),
        ON(SYS_process_vm_writev, SECCOMP_RET_ERRNO | EPERM),
        ON(SYS_kcmp, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    enter_sandbox(filter, sizeof filter / sizeof *filter);
    start(8, busy);
    for (int i = 0; i < 10; i++) check_nothing_is_lost();
    end(8);
}

/* Nothing is allowed but what an allocator needs; in particular no open and no signal. There were
 * other threads before. */
static void in_a_strict_sandbox(void) {
    start(4, busy);
    end(4);
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ON(SYS_mmap, SECCOMP_RET_ALLOW),
        ON(SYS_munmap, SECCOMP_RET_ALLOW),
        ON(SYS_madvise, SECCOMP_RET_ALLOW),
        ON(SYS_futex, SECCOMP_RET_ALLOW),
        ON(SYS_rt_sigprocmask, SECCOMP_RET_ALLOW),
        ON(SYS_clock_gettime, SECCOMP_RET_ALLOW),
        ON(SYS_write, SECCOMP_RET_ALLOW),
        ON(SYS_exit_group, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    enter_sandbox(filter, sizeof filter / sizeof *filter);
    check_nothing_is_lost();
    lose(3000);
    CHECK(HEAPWARDEN_LEAK_CHECK() == 3000, "the lost block");
    free((void *)~masked);
    write_text(1, "ok\n");
    /* Without what happens at an exit: this is about the check alone. */
    syscall(SYS_exit_group, 0);
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: busy|waiting|starting|forked|vforked|without-ptrace|strict");
    if (strcmp(argv[1], "busy") == 0) check_beside(busy, THREADS);
    else if (strcmp(argv[1], "waiting") == 0) check_beside(waiting, 27);
    else if (strcmp(argv[1], "starting") == 0) check_beside(starting, 4);
    else if (strcmp(argv[1], "forked") == 0) forked();
    else if (strcmp(argv[1], "vforked") == 0) vforked();
    else if (strcmp(argv[1], "without-ptrace") == 0) without_ptrace();
    else if (strcmp(argv[1], "strict") == 0) in_a_strict_sandbox();
    else FAIL("no such mode: %s", argv[1]);
    return done();
}
