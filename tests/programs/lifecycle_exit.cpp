// The ways to end: everything that runs after main allocates and frees, also what was allocated
// before main. What ran is written to stdout, piece by piece. Argument: return, exit, thread (exit from
// another thread while others allocate), quick_exit, _exit, abort, signal.
#include "check.h"
#include <map>
#include <string>

struct Object {
    const char *name;
    std::map<int, std::string> content;
    explicit Object(const char *name) : name(name) {
        for (int i = 0; i < 300; i++) content[i] = std::string(i, 'x');
    }
    ~Object() {
        for (int i = 0; i < 300; i++) CHECK(content[i].size() == (size_t)i, "%s was damaged", name);
        content.clear();
        churn(100, 4);
        for (int i = 0; i < 300; i++) content[i] = name;
        write_text(1, name);
    }
};

static Object first("static ");
static thread_local Object *volatile leaked_by_thread;

static Object &function_static() {
    static Object object("function ");
    return object;
}

static void *before;

static void at_exit_handler() {
    verify(before, 5000, 1);
    free(before);
    churn(200, 5);
    free(malloc(3 << 20));
    char *line = NULL;
    CHECK(asprintf(&line, "atexit ") > 0, "asprintf");
    write_text(1, line);
    free(line);
}

static void on_exit_handler(int status, void *block) {
    free(block);
    churn(100, (uint64_t)status);
    write_text(1, "on_exit ");
}

static void at_quick_exit_handler() {
    churn(100, 6);
    write_text(1, "quick ");
}

__attribute__((constructor)) static void before_main() {
    before = checked_malloc(5000);
    stamp(before, 5000, 1);
}

__attribute__((destructor)) static void after_all() {
    churn(100, 7);
    write_text(1, "destructor ");
}

static void *endless(void *seed) {
    for (uint64_t round = (uintptr_t)seed;; round++) churn(100, round);
    return NULL;
}

static void *exiting(void *) {
    exit(40);
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: way");
    std::string way = argv[1];
    function_static();
    leaked_by_thread = new Object("never ");
    atexit(at_exit_handler);
    on_exit(on_exit_handler, checked_malloc(100));
    at_quick_exit(at_quick_exit_handler);
    // Enough handlers for libc to need memory for their list.
    for (int i = 0; i < 100; i++) atexit([] { free(malloc(100)); });
    if (way == "exit") exit(41);
    if (way == "quick_exit") quick_exit(42);
    if (way == "_exit") _exit(43);
    if (way == "abort") abort();
    if (way == "signal") kill(getpid(), SIGTERM);
    if (way == "thread") {
        for (uintptr_t i = 0; i < 3; i++) start_thread(endless, (void *)i);
        start_thread(exiting, NULL);
        for (;;) pause();
    }
    return 44;
}
