/* A sandbox: from here on every system call but those an allocator and its threads need kills the
 * process. In particular no open, no getpid, no sched_getaffinity, no sysinfo. */
#include "check.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define ALLOW(number) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void lock_down(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(SYS_mmap), ALLOW(SYS_munmap), ALLOW(SYS_mremap), ALLOW(SYS_mprotect), ALLOW(SYS_madvise),
        ALLOW(SYS_brk), ALLOW(SYS_futex), ALLOW(SYS_clock_gettime), ALLOW(SYS_getrandom),
        ALLOW(SYS_sched_yield), ALLOW(SYS_write), ALLOW(SYS_exit), ALLOW(SYS_exit_group),
        /* What glibc needs to start and end a thread. */
        ALLOW(SYS_clone), ALLOW(SYS_clone3), ALLOW(SYS_set_robust_list), ALLOW(SYS_rseq),
        ALLOW(SYS_rt_sigprocmask), ALLOW(SYS_rt_sigaction),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no new privileges");
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0, "seccomp");
}

static void *body(void *seed) {
    for (uint64_t round = 0; round < 20; round++) churn(500, (uintptr_t)seed + round);
    return NULL;
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: early|late");
    /* "early": the sandbox is there before the first request of main and before any thread. */
    if (strcmp(argv[1], "late") == 0) {
        pthread_join(start_thread(body, (void *)7), NULL);
        churn(1000, 1);
    }
    lock_down();
    body((void *)1);
    for (size_t size = 1; size < (64u << 20); size *= 2) {
        void *block = checked_malloc(size);
        block = realloc(block, size * 3);
        CHECK(block != NULL, "realloc");
        free(block);
    }
    malloc_trim(0);
    for (int round = 0; round < 5; round++) {
        pthread_t threads[4];
        for (uintptr_t i = 0; i < 4; i++) threads[i] = start_thread(body, (void *)i);
        for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    }
    write_text(1, "ok\n");
    _exit(0);
}
