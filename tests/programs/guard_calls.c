/* Calls of libc, checked ones and system calls, that get a guarded block with too little room, or one
 * that was freed. The argument names the call. */
#include "kind.h"
#include <sys/socket.h>

static int ends[2];

/* A pipe with something in it. */
static void fill(size_t count) {
    static char bytes[4096];
    memset(bytes, 'z', sizeof bytes);
    CHECK(pipe(ends) == 0 && write(ends[1], bytes, count) == (ssize_t)count, "a pipe");
}

NOT_INLINED static void read_into(char *block, size_t count) {
    ssize_t got = read(ends[0], block, count);
    printf("read %zd %d\n", got, got < 0 ? errno : 0);
}
NOT_INLINED static void write_from(char *block, size_t count) {
    ssize_t put = write(ends[1], block, count);
    printf("write %zd %d\n", put, put < 0 ? errno : 0);
}
NOT_INLINED static void send_from(char *block, size_t count) {
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0, "sockets");
    ssize_t put = send(pair[0], block, count, 0);
    printf("send %zd %d\n", put, put < 0 ? errno : 0);
}
NOT_INLINED static void copy_into(char *block, size_t count) {
    static char bytes[256];
    memcpy(block, bytes, count);
}
NOT_INLINED static void measure(char *block, size_t count) {
    memset(block, 'y', count);
    static volatile size_t length;
    length = strlen(block);
}

int main(int argc, char **argv) {
    CHECK(argc == 3, "a call, and the block's state");
    void (*call)(char *, size_t) = is(argv[1], "read")    ? read_into
                                   : is(argv[1], "write") ? write_from
                                   : is(argv[1], "send")  ? send_from
                                   : is(argv[1], "memcpy") ? copy_into
                                                           : measure;
    fill(64);
    char *block = make_block(32);
    if (is(argv[2], "freed")) {
        drop_block(block);
        call(block, 32);
    } else if (is(argv[2], "behind")) {
        /* Nothing of it may be touched: the kernel refuses at once. */
        call(block + 32, 16);
    } else if (is(argv[2], "past")) {
        call(block, is(argv[1], "strlen") ? 32 : 48);
    } else {
        memset(block, 0, 32);
        call(block, is(argv[1], "strlen") ? 31 : 32);
    }
    return done();
}
