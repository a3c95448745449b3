/* Functions that fill blocks with what arrives: FUNCTION SITUATION, or `clean`, or `cancel`. Run in an
 * empty folder. In situation "more" a byte more arrives than the block has room for; in "bound" only the
 * bound is larger. */
#include "check.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { BLOCK = 24 };

static const char TEXT[] = "abcdefghijklmnopqrstuvwx\nyz";

static FILE *stream_of(size_t bytes) {
    FILE *file = fopen("text", "w");
    CHECK(file != NULL && fwrite(TEXT, 1, bytes, file) == bytes && fclose(file) == 0, "text");
    file = fopen("text", "r");
    CHECK(file != NULL, "text");
    return file;
}

static int socket_with(int type, size_t bytes) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, type, 0, ends) == 0, "socketpair");
    CHECK(send(ends[0], TEXT, bytes, 0) == (ssize_t)bytes, "send");
    return ends[1];
}

/* `bytes` arrive, or the name of a link or folder is that long. */
static ssize_t by_read(char *to, size_t bound, size_t bytes) { return read(fileno(stream_of(bytes)), to, bound); }
static ssize_t by_pread(char *to, size_t bound, size_t bytes) { return pread(fileno(stream_of(bytes)), to, bound, 0); }
static ssize_t by_pread64(char *to, size_t bound, size_t bytes) {
    return pread64(fileno(stream_of(bytes)), to, bound, 0);
}
static ssize_t by_recv(char *to, size_t bound, size_t bytes) {
    return recv(socket_with(SOCK_STREAM, bytes), to, bound, 0);
}
static ssize_t by_recvfrom(char *to, size_t bound, size_t bytes) {
    return recvfrom(socket_with(SOCK_DGRAM, bytes), to, bound, 0, NULL, NULL);
}
static ssize_t by_fread(char *to, size_t bound, size_t bytes) { return fread(to, 1, bound, stream_of(bytes)); }
static ssize_t by_fgets(char *to, size_t bound, size_t bytes) {
    return fgets(to, bound, stream_of(bytes - 1)) == to ? (ssize_t)strlen(to) + 1 : -1;
}
static ssize_t by_fread_unlocked(char *to, size_t bound, size_t bytes) {
    return fread_unlocked(to, 1, bound, stream_of(bytes));
}
static ssize_t by_fgets_unlocked(char *to, size_t bound, size_t bytes) {
    return fgets_unlocked(to, bound, stream_of(bytes - 1)) == to ? (ssize_t)strlen(to) + 1 : -1;
}

static void make_link(size_t bytes) {
    char name[64] = "";
    strncat(name, TEXT, bytes);
    unlink("link");
    CHECK(symlink(name, "link") == 0, "symlink");
}

static ssize_t by_readlink(char *to, size_t bound, size_t bytes) {
    make_link(bytes);
    return readlink("link", to, bound);
}
static ssize_t by_readlinkat(char *to, size_t bound, size_t bytes) {
    make_link(bytes);
    return readlinkat(AT_FDCWD, "link", to, bound);
}

/* A folder whose whole name is that long; a program that is ended by a report takes it along. */
static char folder[64];

static void remove_folder(int signal) {
    (void)signal;
    rmdir(folder);
}

static ssize_t by_getcwd(char *to, size_t bound, size_t bytes) {
    int length = snprintf(folder, sizeof folder, "/tmp/hw-%d-", getpid());
    memset(folder + length, 'a', sizeof folder - 1 - length);
    folder[bytes - 1] = 0;
    signal(SIGABRT, remove_folder);
    int before = open(".", O_RDONLY | O_DIRECTORY);
    CHECK(mkdir(folder, 0700) == 0 && chdir(folder) == 0, "%s", folder);
    char *result = getcwd(to, bound);
    rmdir(folder);
    CHECK(fchdir(before) == 0 && close(before) == 0, "back");
    return result == to ? (ssize_t)strlen(to) + 1 : -1;
}

static const struct { const char *name; ssize_t (*function)(char *, size_t, size_t); } FUNCTIONS[] = {
    {"read", by_read}, {"pread", by_pread}, {"pread64", by_pread64}, {"recv", by_recv}, {"recvfrom", by_recvfrom},
    {"fread", by_fread}, {"fgets", by_fgets}, {"readlink", by_readlink}, {"getcwd", by_getcwd},
    {"fread_unlocked", by_fread_unlocked}, {"fgets_unlocked", by_fgets_unlocked}, {"readlinkat", by_readlinkat},
};

static void bug(ssize_t (*function)(char *, size_t, size_t), const char *situation) {
    char *block = checked_malloc(BLOCK), *freed = checked_malloc(BLOCK);
    free(freed);
    ssize_t got = BLOCK + 1;
    if (strcmp(situation, "more") == 0) got = function(block, BLOCK + 10, BLOCK + 1);
    CHECK(got == BLOCK + 1, "%zd", got);
    if (strcmp(situation, "into-freed") == 0) function(freed, BLOCK, BLOCK);
}

static void clean(void) {
    char *block = checked_malloc(BLOCK);
    for (unsigned i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++) {
        ssize_t got = FUNCTIONS[i].function(block, BLOCK, BLOCK);
        CHECK(got == BLOCK, "%s: %zd", FUNCTIONS[i].name, got);
        got = FUNCTIONS[i].function(block, BLOCK + 1000, BLOCK);
        CHECK(got == BLOCK, "%s with a large bound: %zd", FUNCTIONS[i].name, got);
    }
    /* More was sent than is taken, and the result says so. */
    ssize_t got = recv(socket_with(SOCK_DGRAM, BLOCK + 1), block, BLOCK, MSG_TRUNC);
    CHECK(got == BLOCK + 1, "%zd", got);
    got = recv(socket_with(SOCK_DGRAM, BLOCK), block, 1000, MSG_TRUNC);
    CHECK(got == BLOCK, "%zd", got);
    CHECK(read(-1, block, 1000) == -1 && errno == EBADF, "errno");
    CHECK(read(fileno(stream_of(5)), block + BLOCK, 0) == 0, "nothing is read");
    FILE *file = stream_of(BLOCK);
    /* Part of a line, the rest in items, and nothing. */
    CHECK(fgets(block, 5, file) == block && strcmp(block, "abcd") == 0, "%s", block);
    CHECK(fread(block, 4, 100, file) == 5 && memcmp(block, "efghijklmnopqrstuvwx", 20) == 0, "fread");
    CHECK(fgets(block, 1000, file) == NULL && fread(block, 1, 1000, file) == 0, "the end");
    char *name = getcwd(NULL, 0);
    CHECK(name != NULL && name[0] == '/', "getcwd");
    free(name);
    free(block);
}

static volatile int cleaned;

static void clean_up(void *unused) {
    (void)unused;
    cleaned = 1;
}

static void *wait_for_input(void *ends) {
    char *block = checked_malloc(BLOCK);
    pthread_cleanup_push(clean_up, NULL);
    ssize_t got = read(((int *)ends)[0], block, BLOCK + 10);
    FAIL("read returned %zd", got);
    pthread_cleanup_pop(0);
    return NULL;
}

/* A thread in read is cancelled, as without Heapwarden. */
static void cancel(void) {
    int ends[2];
    CHECK(pipe(ends) == 0, "pipe");
    pthread_t thread = start_thread(wait_for_input, ends);
    usleep(50000);
    CHECK(pthread_cancel(thread) == 0, "pthread_cancel");
    void *result;
    CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED, "%p", result);
    CHECK(cleaned, "no cleanup");
}

int main(int count, char **arguments) {
    if (count == 2) {
        if (strcmp(arguments[1], "clean") == 0) clean();
        if (strcmp(arguments[1], "cancel") == 0) cancel();
        return done();
    }
    for (unsigned i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++)
        if (strcmp(FUNCTIONS[i].name, arguments[1]) == 0) bug(FUNCTIONS[i].function, arguments[2]);
    puts("after the call");
    fflush(stdout);
    _exit(3);
}
