// A double free where a program is seldom looked at: the argument says where. In front of it stands a
// line on stdout, so that the test knows that the place was reached.
#include "kind.h"
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <limits.h>

NOT_INLINED static void fail_here(const char *here) {
    write_text(1, here);
    write_text(1, "\n");
    char *block = make_block(24);
    drop_block(block);
    drop_block(block);
    // With on_error=abort nobody comes back.
    write_text(1, "went on\n");
}

struct Static {
    const char *place = nullptr;
    ~Static() {
        if (place != nullptr) fail_here(place);
    }
};
static Static object;
static const char *place;

static void at_exit() { fail_here("atexit"); }
static void at_quick_exit_() { fail_here("quick_exit"); }
__attribute__((destructor)) static void destruct() {
    if (place != nullptr && is(place, "destructor")) fail_here("destructor");
}

static void *thread(void *what) {
    fail_here((const char *)what);
    return nullptr;
}

static void in_key(void *value) { fail_here((const char *)value); }

static void *thread_with_key(void *) {
    pthread_key_t key;
    CHECK(pthread_key_create(&key, in_key) == 0, "a key");
    pthread_setspecific(key, "thread-destructor");
    return nullptr;
}

static thread_local Static thread_object;
static void *thread_with_object(void *) {
    thread_object.place = "thread-local";
    return nullptr;
}

static void on_signal(int) { fail_here(place); }

static char *interior;
static void on_timer(int) {
    write_text(1, "signal-in-malloc\n");
    drop_block(interior);
}

static void set_handler(int number, void (*handler)(int), int flags) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    CHECK(sigaction(number, &action, nullptr) == 0, "sigaction");
}

static void with_thread_of(size_t stack, const char *what) {
    pthread_attr_t attributes;
    pthread_t id;
    pthread_attr_init(&attributes);
    CHECK(pthread_attr_setstacksize(&attributes, stack) == 0, "a stack of %zu", stack);
    CHECK(pthread_create(&id, &attributes, thread, (void *)what) == 0, "pthread_create");
    pthread_join(id, nullptr);
}

static void *busy(void *seed) {
    for (;;) churn(1000, (uint64_t)(uintptr_t)seed);
}

static void in_child() {
    pid_t child = fork();
    CHECK(child >= 0, "fork");
    if (child == 0) {
        fail_here(place);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child, "waitpid");
    // The test looks at the parent's end: it is the child's.
    if (WIFSIGNALED(status)) raise(WTERMSIG(status));
    _exit(WEXITSTATUS(status));
}

static ucontext_t back;
static void in_coroutine() { fail_here("coroutine"); }

static void on_coroutine() {
    static ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = malloc(65536);
    context.uc_stack.ss_size = 65536;
    context.uc_link = &back;
    makecontext(&context, in_coroutine, 0);
    swapcontext(&back, &context);
}

static void on_abort(int) {
    // A handler that makes another error while the first one's report ends the process.
    write_text(1, "handler\n");
    drop_block(make_block(24) + 16);
}

int main(int argc, char **argv) {
    CHECK(argc >= 2, "a place");
    place = argv[1];
    bool clean = argc > 2;
    if (clean) place = "nowhere";
    if (is(place, "atexit")) atexit(at_exit);
    if (is(place, "static")) object.place = "static";
    if (is(place, "quick_exit")) {
        at_quick_exit(at_quick_exit_);
        quick_exit(0);
    }
    if (is(place, "child")) in_child();
    if (is(place, "child-of-threads")) {
        for (long i = 0; i < 4; i++) start_thread(busy, (void *)(i + 1));
        usleep(20000);
        in_child();
    }
    if (is(place, "tiny-stack")) with_thread_of(PTHREAD_STACK_MIN, place);
    if (is(place, "thread-destructor")) pthread_join(start_thread(thread_with_key, nullptr), nullptr);
    if (is(place, "thread-local")) pthread_join(start_thread(thread_with_object, nullptr), nullptr);
    if (is(place, "signal")) {
        set_handler(SIGUSR1, on_signal, 0);
        raise(SIGUSR1);
    }
    if (is(place, "signal-stack")) {
        static char room[16384];
        stack_t stack = {};
        stack.ss_sp = room;
        stack.ss_size = sizeof room;
        CHECK(sigaltstack(&stack, nullptr) == 0, "sigaltstack");
        set_handler(SIGUSR1, on_signal, SA_ONSTACK);
        raise(SIGUSR1);
    }
    if (is(place, "signal-in-malloc")) {
        // The timer's signal hits malloc and free more often than not. The handler gives back what
        // is no block: more would be this program's own error, for free is not for handlers.
        interior = make_block(100) + 32;
        set_handler(SIGALRM, on_timer, 0);
        struct itimerval soon = {};
        soon.it_value.tv_usec = 3000 + getpid() % 1000;
        setitimer(ITIMER_REAL, &soon, nullptr);
        busy((void *)1);
    }
    if (is(place, "with-stdio-locked")) {
        flockfile(stderr);
        flockfile(stdout);
        fail_here(place);
    }
    if (is(place, "without-stderr")) {
        close(2);
        fail_here(place);
    }
    if (is(place, "coroutine")) on_coroutine();
    if (is(place, "main-left")) {
        start_thread(thread, (void *)place);
        pthread_exit(nullptr);
    }
    if (is(place, "abort-handler")) {
        set_handler(SIGABRT, on_abort, 0);
        fail_here(place);
    }
    return done();
}
