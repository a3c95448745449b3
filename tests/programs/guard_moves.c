/* The page of a freed block goes to the next one: whatever happens to the process and to its
 * descriptors meanwhile, freed blocks cannot be touched and live ones keep what they hold. */
#include "kind.h"
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { LIVE = 64, ROUNDS = 600, SIZE = 1000 };

static char *live[LIVE];
static int ends[2];
extern char **environ;

/* Whether the kernel can read a byte there; not by libc's write, which would be told. */
static int is_readable(const char *at) {
    char byte;
    if (syscall(SYS_write, ends[1], at, 1) != 1) return 0;
    CHECK(syscall(SYS_read, ends[0], &byte, 1) == 1, "the byte comes back");
    return 1;
}

/* Pairs, of which each freed block is inaccessible at once; the blocks that stay keep their stamps. */
static void pairs(int owner, int looks) {
    for (int round = 0; round < ROUNDS; round++) {
        size_t size = 1 + (size_t)(round * 37) % SIZE;
        char *block = round % 3 == 0 ? calloc(1, size) : make_block(size);
        CHECK(block != NULL, "a block");
        for (size_t i = 0; round % 3 == 0 && i < size; i++) CHECK(block[i] == 0, "calloc, byte %zu", i);
        memset(block, 'x', size);
        char *other = live[round % LIVE];
        verify(other, SIZE, (uint64_t)owner);
        stamp(other, SIZE, (uint64_t)owner);
        drop_block(block);
        if (looks) CHECK(!is_readable(block + size / 2), "a freed block in round %d", round);
    }
}

static void expect(pid_t child) {
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child, "the child");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "its status is %x", status);
}

static void child_body(void) {
    CHECK(pipe(ends) == 0, "a pipe of its own");
    pairs(1, 1);
    for (int i = 0; i < LIVE; i++) {
        memset(live[i], 'c', SIZE);
        drop_block(live[i]);
        CHECK(!is_readable(live[i]), "block %d", i);
    }
    _exit(0);
}

/* Parent and child at the same time. */
static void fork_by(long (*way)(void)) {
    for (int round = 0; round < 10; round++) {
        pid_t child = (pid_t)way();
        if (child == 0) child_body();
        pairs(1, 1);
        expect(child);
        pairs(1, 1);
    }
}

static long by_libc(void) { return fork(); }
static long by_clone(void) { return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }

static volatile pid_t handled;
static void fork_in_handler(int signal) {
    (void)signal;
    handled = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void forks(void) {
    fork_by(by_libc);
    fork_by(by_clone);
    for (int round = 0; round < 5; round++) {
        pid_t child = vfork();
        if (child == 0) {
            for (int i = 0; i < 50; i++) free(malloc(100));
            _exit(0);
        }
        expect(child);
        pairs(1, 1);
        char *words[] = {"true", NULL};
        CHECK(posix_spawnp(&child, "true", NULL, NULL, words, environ) == 0, "spawn");
        pairs(1, 1);
        expect(child);
    }
}

/* Any instruction of free and malloc may be where the process is doubled. */
static void handlers(void) {
    struct sigaction action = {.sa_handler = fork_in_handler};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0, "sigaction");
    for (int round = 0; round < 200; round++) {
        handled = -1;
        ualarm(1 + (unsigned)round % 97 * 20, 0);
        while (handled == -1) {
            char *block = make_block(100);
            memset(block, 'x', 100);
            drop_block(block);
        }
        if (handled == 0) child_body();
        for (int i = 0; i < 50; i++) drop_block(make_block(100));
        for (int i = 0; i < LIVE; i++) verify(live[i], SIZE, 1);
        expect(handled);
    }
}

static void descriptors(void) {
    int lowest = dup(0);
    CHECK(lowest == ends[1] + 1, "the lowest number is %d", lowest);
    close(lowest);
    pairs(1, 1);
    /* All that is above ours is somebody else's now, of every sort, and stays as it is. */
    char name[] = "/tmp/heapwarden-moves-XXXXXX";
    int others[] = {mkstemp(name), socket(AF_UNIX, SOCK_STREAM, 0), eventfd(5, EFD_NONBLOCK),
                    open("/dev/null", O_RDWR), open("/dev/zero", O_RDWR), (int)syscall(SYS_userfaultfd, 1)};
    unlink(name);
    CHECK(write(others[0], "text", 4) == 4, "a file");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (others[i] < 0) continue;
        for (int number = 900; number < 1024; number++) CHECK(dup2(others[i], number) == number, "dup2");
        pairs(1, 1);
    }
    uint64_t value = 0;
    CHECK(lseek(others[0], 0, SEEK_CUR) == 4 && lseek(others[0], 0, SEEK_END) == 4, "the file");
    CHECK(read(others[2], &value, 8) == 8 && value == 5, "the event");
}

static void closed(void) {
    char *before = make_block(SIZE);
    pairs(1, 1);
    drop_block(before);
    pairs(1, 1);
    for (int number = 3; number < 1024; number++)
        if (number != ends[0] && number != ends[1]) close(number);
    CHECK(!is_readable(before), "what was freed before");
    pairs(1, 1);
    CHECK(!is_readable(before) || !is_readable(before + SIZE), "guards");
}

static void *thread(void *number) {
    for (int i = 0; i < 3000; i++) {
        size_t size = 1 + (size_t)i % SIZE;
        char *blocks[20];
        for (int k = 0; k < 1 + i % 20; k++) {
            blocks[k] = malloc(size);
            memset(blocks[k], (int)(uintptr_t)number, size);
        }
        for (int k = 0; k < 1 + i % 20; k++) {
            for (size_t at = 0; at < size; at++)
                CHECK(blocks[k][at] == (char)(uintptr_t)number, "byte %zu of %zu", at, size);
            free(blocks[k]);
        }
    }
    return NULL;
}

static void threads(void) {
    pthread_t all[4];
    for (uintptr_t i = 0; i < 4; i++) CHECK(pthread_create(&all[i], NULL, thread, (void *)(i + 1)) == 0, "thread");
    for (int i = 0; i < 4; i++) pthread_join(all[i], NULL);
}

/* A filter that ends the process for these calls, put on as libseccomp does it. */
static void forbid(int first, int second) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)first, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)second, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no new privileges");
    CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0, "seccomp");
}

/* A slot that is about to be handed out can be written to: that is told when it is. */
static void late_write(int writes) {
    static char *old[4096];
    int count = 0;
    for (; count < 4096; count++) {
        old[count] = make_block(100);
        drop_block(old[count]);
        for (int i = 0; i < count; i++) {
            if (!is_readable(old[i])) continue;
            if (writes) write_block(old[i], "late", 4);
            for (int k = 0; k < 8; k++) make_block(100);
            return;
        }
    }
    write_text(1, "none stands ready\n");
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "what");
    CHECK(pipe(ends) == 0, "pipe");
    for (int i = 0; i < LIVE; i++) stamp(live[i] = make_block(SIZE), SIZE, 1);
    pairs(1, 1);
    if (is(argv[1], "forks")) forks();
    if (is(argv[1], "handlers")) handlers();
    if (is(argv[1], "descriptors")) descriptors();
    if (is(argv[1], "closed")) closed();
    if (is(argv[1], "threads")) threads();
    if (is(argv[1], "late")) late_write(1);
    if (is(argv[1], "not-late")) late_write(0);
    if (is(argv[1], "sandbox")) forbid(SYS_ioctl, SYS_ioctl);
    if (is(argv[1], "inherited")) {
        forbid(SYS_userfaultfd, SYS_userfaultfd);
        execl(argv[0], argv[0], "pairs", NULL);
        FAIL("exec");
    }
    pairs(1, 1);
    return done();
}
