/* Memory that is lost at odd places and times: by a thread that ended, in a library that was closed, in
 * a forked child, in a process that leaves in a hurry. */
#include "leak.h"

static __thread char *volatile of_this_thread;

NOT_INLINED static void lose(size_t size) { memset(checked_malloc(size), 0, size); }

NOT_INLINED static void lose_88(void) { lose(88); }
NOT_INLINED static void lose_104(void) { lose(104); }

static void *keep_and_end(void *unused) {
    of_this_thread = checked_malloc(56);
    memset(of_this_thread, 0, 56);
    return unused;
}

/* The thread's stack is used again by the next one, which wipes it. */
static void *only_wipe(void *unused) {
    wipe_stack();
    return unused;
}

static void *keep_and_stay(void *unused) {
    of_this_thread = checked_malloc(56);
    memset(of_this_thread, 0, 56);
    for (;;) pause();
    return unused;
}

NOT_INLINED static void end_a_thread(void) {
    pthread_join(start_thread(keep_and_end, NULL), NULL);
    pthread_join(start_thread(only_wipe, NULL), NULL);
}

static const char *library;

NOT_INLINED static void use_library(void) {
    void *handle = dlopen(library, RTLD_NOW);
    CHECK(handle != NULL, "%s", dlerror());
    void (*keep)(void) = (void (*)(void))dlsym(handle, "library_keeps");
    CHECK(keep != NULL, "%s", dlerror());
    keep();
    CHECK(dlclose(handle) == 0, "%s", dlerror());
}

static void lose_in_child(void) {
    pid_t child = fork();
    if (child == 0) {
        make(lose_88);
        exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0, "status %x", status);
}

int main(int argc, char **argv) {
    CHECK(argc >= 2, "what");
    if (is(argv[1], "ended-thread")) make(end_a_thread);
    if (is(argv[1], "living-thread")) {
        start_thread(keep_and_stay, NULL);
        usleep(100000);
    }
    if (is(argv[1], "library")) {
        library = argv[2];
        make(use_library);
    }
    if (is(argv[1], "fork")) lose_in_child();
    if (is(argv[1], "_exit") || is(argv[1], "quick_exit")) {
        make(lose_104);
        write_text(1, "ok\n");
        is(argv[1], "_exit") ? _exit(3) : quick_exit(3);
    }
    return done();
}
