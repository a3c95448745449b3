/* What gcc makes of the functions with _FORTIFY_SOURCE: FUNCTION, with one byte too many, or `clean`. The
 * limit passed is "unknown", so that libc itself finds nothing; `both` passes the block's size, and libc
 * ends the program if nothing did before. */
#include "check.h"
#include <sys/socket.h>

enum { BLOCK = 24 };

extern void *__memcpy_chk(void *, const void *, size_t, size_t);
extern void *__memmove_chk(void *, const void *, size_t, size_t);
extern void *__mempcpy_chk(void *, const void *, size_t, size_t);
extern void *__memset_chk(void *, int, size_t, size_t);
extern char *__strcpy_chk(char *, const char *, size_t);
extern char *__stpcpy_chk(char *, const char *, size_t);
extern char *__strncpy_chk(char *, const char *, size_t, size_t);
extern char *__stpncpy_chk(char *, const char *, size_t, size_t);
extern char *__strcat_chk(char *, const char *, size_t);
extern char *__strncat_chk(char *, const char *, size_t, size_t);
extern int __sprintf_chk(char *, int, size_t, const char *, ...);
extern int __snprintf_chk(char *, size_t, int, size_t, const char *, ...);
extern int __vsprintf_chk(char *, int, size_t, const char *, va_list);
extern int __vsnprintf_chk(char *, size_t, int, size_t, const char *, va_list);
extern ssize_t __read_chk(int, void *, size_t, size_t);
extern ssize_t __pread_chk(int, void *, size_t, off_t, size_t);
extern ssize_t __pread64_chk(int, void *, size_t, off_t, size_t);
extern ssize_t __recv_chk(int, void *, size_t, size_t, int);
extern ssize_t __recvfrom_chk(int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *);
extern size_t __fread_chk(void *, size_t, size_t, size_t, FILE *);
extern char *__fgets_chk(char *, size_t, int, FILE *);
extern size_t __fread_unlocked_chk(void *, size_t, size_t, size_t, FILE *);
extern char *__fgets_unlocked_chk(char *, size_t, int, FILE *);
extern ssize_t __readlinkat_chk(int, const char *, char *, size_t, size_t);
extern ssize_t __readlink_chk(const char *, char *, size_t, size_t);
extern char *__getcwd_chk(char *, size_t, size_t);

static const char TEXT[] = "abcdefghijklmnopqrstuvwxyz";
static int length_by_vsprintf, length_by_vsnprintf;

static void by_list(int bounded, char *to, const char *format, ...) {
    va_list list;
    va_start(list, format);
    if (bounded) {
        length_by_vsnprintf = __vsnprintf_chk(to, 1000, 1, SIZE_MAX, format, list);
    } else {
        length_by_vsprintf = __vsprintf_chk(to, 1, SIZE_MAX, format, list);
    }
    va_end(list);
}

/* A file, a socket, a link and a folder with `bytes` bytes. */
static FILE *stream(size_t bytes) {
    FILE *file = fopen("text", "w");
    CHECK(file != NULL && fwrite(TEXT, 1, bytes, file) == bytes && fclose(file) == 0, "text");
    return fopen("text", "r");
}

static int socket_with(size_t bytes) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0 && send(ends[0], TEXT, bytes, 0) == (ssize_t)bytes, "socket");
    return ends[1];
}

static const char *link_to(const char *text) {
    unlink("link");
    CHECK(symlink(text, "link") == 0, "symlink");
    return "link";
}

/* Calls `function` so that it writes `bytes` bytes, or all functions when there is no name. */
static void call(const char *name, size_t bytes) {
    char *to = checked_malloc(BLOCK);
    /* A string that takes all those bytes with its terminator. */
    char text[64] = "";
    memcpy(text, TEXT, bytes - 1);
    size_t no = SIZE_MAX;
#define ON(function, call) \
    if (name == NULL || strcmp(name, #function) == 0) call
    ON(memcpy, __memcpy_chk(to, TEXT, bytes, no));
    ON(memmove, __memmove_chk(to, TEXT, bytes, no));
    ON(mempcpy, __mempcpy_chk(to, TEXT, bytes, no));
    ON(memset, __memset_chk(to, 1, bytes, no));
    ON(strcpy, __strcpy_chk(to, text, no));
    ON(stpcpy, __stpcpy_chk(to, text, no));
    ON(strncpy, __strncpy_chk(to, "a", bytes, no));
    ON(stpncpy, __stpncpy_chk(to, "a", bytes, no));
    to[0] = 'a', to[1] = 0;
    ON(strcat, __strcat_chk(to, text + 1, no));
    to[0] = 'a', to[1] = 0;
    ON(strncat, __strncat_chk(to, TEXT, bytes - 2, no));
    ON(sprintf, CHECK(__sprintf_chk(to, 1, no, "%s", text) == (int)bytes - 1, "%s", to));
    ON(snprintf, CHECK(__snprintf_chk(to, 1000, 1, no, "%s", text) == (int)bytes - 1, "%s", to));
    ON(vsprintf, by_list(0, to, "%s", text));
    ON(vsnprintf, by_list(1, to, "%s", text));
    ON(read, CHECK(__read_chk(fileno(stream(bytes)), to, 1000, no) == (ssize_t)bytes, "read"));
    ON(pread, CHECK(__pread_chk(fileno(stream(bytes)), to, 1000, 0, no) == (ssize_t)bytes, "pread"));
    ON(pread64, CHECK(__pread64_chk(fileno(stream(bytes)), to, 1000, 0, no) == (ssize_t)bytes, "pread64"));
    ON(recv, CHECK(__recv_chk(socket_with(bytes), to, 1000, no, 0) == (ssize_t)bytes, "recv"));
    ON(recvfrom, CHECK(__recvfrom_chk(socket_with(bytes), to, 1000, no, 0, NULL, NULL) == (ssize_t)bytes, "recvfrom"));
    ON(fread, CHECK(__fread_chk(to, no, 1, 1000, stream(bytes)) == bytes, "fread"));
    ON(fgets, CHECK(__fgets_chk(to, no, 1000, stream(bytes - 1)) == to, "fgets"));
    ON(fread_unlocked, CHECK(__fread_unlocked_chk(to, no, 1, 1000, stream(bytes)) == bytes, "fread_unlocked"));
    ON(fgets_unlocked, CHECK(__fgets_unlocked_chk(to, no, 1000, stream(bytes - 1)) == to, "fgets_unlocked"));
    ON(readlinkat, CHECK(__readlinkat_chk(AT_FDCWD, link_to(TEXT), to, bytes, no) == (ssize_t)bytes, "readlinkat"));
    ON(readlink, CHECK(__readlink_chk(link_to(TEXT), to, bytes, no) == (ssize_t)bytes, "readlink"));
    if (name == NULL) CHECK(strcmp(to, text) == 0 || memcmp(to, TEXT, bytes) == 0, "%s", to);
    /* The folder's name is longer than the block. */
    if (name != NULL) ON(getcwd, CHECK(__getcwd_chk(to, 4096, no) == to, "getcwd"));
    if (name != NULL && strcmp(name, "both") == 0) __memcpy_chk(to, TEXT, bytes, BLOCK);
    if (name != NULL && strcmp(name, "field") == 0) __sprintf_chk(to, 1, 8, "%s", "12345678");
}

int main(int count, char **arguments) {
    (void)count;
    if (strcmp(arguments[1], "clean") == 0) {
        call(NULL, BLOCK);
        CHECK(length_by_vsprintf == BLOCK - 1 && length_by_vsnprintf == BLOCK - 1, "%d", length_by_vsprintf);
        return done();
    }
    call(arguments[1], BLOCK + 1);
    puts("after the call");
    fflush(stdout);
    _exit(3);
}
