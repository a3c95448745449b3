/* A program that handles its own faults must notice nothing of ours: its handlers get their faults,
 * on the stack and with the mask they asked for, and queries return what it set. */
#include "check.h"
#include <setjmp.h>
#include <sys/mman.h>

static char *page;
static volatile int faults;
static sigjmp_buf back;
static char *stack_low, *stack_high;

static void unprotect(int number, siginfo_t *info, void *context) {
    (void)context;
    char local;
    CHECK(number == SIGSEGV && info->si_signo == SIGSEGV, "signal %d", number);
    CHECK(info->si_code == SEGV_ACCERR, "code %d", info->si_code);
    CHECK((char *)info->si_addr == page + 5, "address %p", info->si_addr);
    CHECK(&local >= stack_low && &local < stack_high, "not on the alternate stack");
    sigset_t blocked;
    CHECK(pthread_sigmask(SIG_BLOCK, NULL, &blocked) == 0, "a query");
    CHECK(sigismember(&blocked, SIGUSR1) && sigismember(&blocked, SIGSEGV), "the mask");
    CHECK(!sigismember(&blocked, SIGUSR2) && !sigismember(&blocked, SIGBUS), "the mask");
    faults++;
    CHECK(mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0, "mprotect");
}

static void jump(int number) {
    (void)number;
    faults++;
    siglongjmp(back, 1);
}

static struct sigaction current(int number) {
    struct sigaction found;
    CHECK(sigaction(number, NULL, &found) == 0, "a query");
    return found;
}

static void write_barrier(void) {
    struct sigaction action = {.sa_sigaction = unprotect, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaddset(&action.sa_mask, SIGUSR1);
    struct sigaction before;
    CHECK(sigaction(SIGSEGV, &action, &before) == 0, "sigaction");
    CHECK(before.sa_handler == SIG_DFL && before.sa_flags == 0, "ours shows: flags %x", before.sa_flags);
    struct sigaction now = current(SIGSEGV);
    CHECK(now.sa_sigaction == unprotect && (now.sa_flags & ~0x04000000) == action.sa_flags, "flags %x",
          now.sa_flags);
    CHECK(sigismember(&now.sa_mask, SIGUSR1) && !sigismember(&now.sa_mask, SIGUSR2), "its mask");
    for (int round = 0; round < 1000; round++) {
        CHECK(mprotect(page, 4096, PROT_READ) == 0, "mprotect");
        page[5] = 'x';
    }
    CHECK(faults == 1000, "%d faults", faults);
    sigset_t blocked;
    CHECK(pthread_sigmask(SIG_BLOCK, NULL, &blocked) == 0 && !sigismember(&blocked, SIGUSR1), "the mask after");
}

static void jumps_out(void) {
    faults = 0;
    CHECK((void *)signal(SIGSEGV, jump) == (void *)unprotect, "signal returns the one before");
    CHECK(signal(SIGBUS, jump) == SIG_DFL, "signal returns the default action");
    CHECK(current(SIGSEGV).sa_handler == jump && current(SIGSEGV).sa_flags & SA_RESTART, "BSD semantics");
    for (int round = 0; round < 100; round++) {
        if (sigsetjmp(back, 1) == 0) {
            *(volatile char *)(size_t)round = 1;
            FAIL("no fault");
        }
        if (sigsetjmp(back, 1) == 0) raise(SIGBUS);
    }
    CHECK(faults == 200, "%d faults", faults);
}

static void once(void) {
    faults = 0;
    struct sigaction action = {.sa_handler = jump, .sa_flags = (int)SA_RESETHAND};
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0, "sigaction");
    if (sigsetjmp(back, 1) == 0) raise(SIGSEGV);
    CHECK(faults == 1 && current(SIGSEGV).sa_handler == SIG_DFL, "reset");
}

static void ignored(void) {
    CHECK(signal(SIGSEGV, SIG_IGN) == SIG_DFL, "signal");
    raise(SIGSEGV);
    CHECK(signal(SIGSEGV, SIG_DFL) == SIG_IGN, "signal");
    CHECK(current(SIGSEGV).sa_handler == SIG_DFL, "the default");
}

static void other_signals_and_errors(void) {
    CHECK(signal(SIGUSR1, jump) == SIG_DFL && signal(SIGUSR1, SIG_DFL) == jump, "signal");
    errno = 0;
    CHECK(signal(SIGKILL, jump) == SIG_ERR && errno == EINVAL, "signal");
    CHECK(sigaction(4711, NULL, NULL) == -1 && errno == EINVAL, "sigaction");
}

static int status_of(void (*die)(void)) {
    int status;
    pid_t child = fork();
    CHECK(child >= 0, "fork");
    if (child == 0) {
        die();
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child, "waitpid");
    return status;
}

static void fault(void) { *(volatile char *)16 = 1; }
static void fault_with_default(void) {
    signal(SIGSEGV, SIG_DFL);
    fault();
}
static void exit_7(int number) {
    (void)number;
    _exit(7);
}
static void fault_with_handler(void) {
    signal(SIGSEGV, exit_7);
    fault();
}

static void children(void) {
    int status = status_of(fault);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %x", status);
    status = status_of(fault_with_default);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %x", status);
    status = status_of(fault_with_handler);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7, "status %x", status);
    /* A child of vfork shares our memory: what it sets must stay its own. */
    CHECK(signal(SIGSEGV, jump) == SIG_DFL, "signal");
    pid_t child = vfork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0, "waitpid");
    CHECK(current(SIGSEGV).sa_handler == jump, "the child's action is the parent's");
    faults = 0;
    if (sigsetjmp(back, 1) == 0) fault();
    CHECK(faults == 1, "the handler is gone");
}

int main(void) {
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t size = 64 << 10;
    stack_low = malloc(size);
    stack_high = stack_low + size;
    stack_t stack = {.ss_sp = stack_low, .ss_size = size};
    CHECK(page != MAP_FAILED && sigaltstack(&stack, NULL) == 0, "an alternate stack");
    write_barrier();
    jumps_out();
    once();
    ignored();
    other_signals_and_errors();
    children();
    return done();
}
