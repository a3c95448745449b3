/* Requests that cannot be granted: NULL and the errno that the manual promises, the old block
 * untouched, and nothing broken afterwards. */
#include "check.h"

#define REFUSED(call, code) \
    do { \
        errno = 0; \
        void *result = (call); \
        CHECK(result == NULL, "%p", result); \
        CHECK(errno == (code), "errno after " #call); \
    } while (0)

static char untouched[1];

int main(void) {
    /* volatile: the compiler knows these are too large, and would say so or fold them away. */
    volatile size_t most = SIZE_MAX, half = (size_t)PTRDIFF_MAX + 1, zero = 0, root = (size_t)1 << 32;

    REFUSED(malloc(most), ENOMEM);
    REFUSED(malloc(half), ENOMEM);
    for (size_t below = 0; below < 5000; below += 7) REFUSED(malloc(most - below), ENOMEM);
    REFUSED(malloc((size_t)1 << 47), ENOMEM);
    REFUSED(malloc(PTRDIFF_MAX - zero), ENOMEM);

    REFUSED(calloc(most, 2), ENOMEM);
    REFUSED(calloc(2, most), ENOMEM);
    REFUSED(calloc(root, root), ENOMEM);
    REFUSED(calloc(root + 1, root), ENOMEM);
    REFUSED(calloc(half, 1), ENOMEM);
    REFUSED(calloc(half / 8, 16), ENOMEM);
    REFUSED(reallocarray(NULL, root, root), ENOMEM);

    for (size_t size = 1; size < (4u << 20); size = size * 3 + 1) {
        void *block = checked_malloc(size);
        stamp(block, size, size);
        REFUSED(realloc(block, most), ENOMEM);
        REFUSED(realloc(block, half), ENOMEM);
        REFUSED(realloc(block, (size_t)1 << 47), ENOMEM);
        REFUSED(reallocarray(block, root, root), ENOMEM);
        verify(block, size, size);
        block = realloc(block, size + 1);
        CHECK(block != NULL && *(unsigned char *)block == stamp_byte(size, 0), "realloc after refusals");
        free(block);
    }

    /* posix_memalign: a power of two and a multiple of the size of a pointer; returns the code,
     * leaves errno and the result alone. */
    static const size_t bad[] = {0, 1, 2, 3, 4, 5, 6, 7, 9, 12, 20, 24, 40, 48, 100, 1000, 4097, 6144};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        void *result = untouched;
        errno = 99;
        int code = posix_memalign(&result, bad[i], 100);
        CHECK(code == EINVAL, "posix_memalign with alignment %zu: %d", bad[i], code);
        CHECK(result == untouched && errno == 99, "alignment %zu", bad[i]);
    }
    void *result = untouched;
    errno = 99;
    CHECK(posix_memalign(&result, 64, half) == ENOMEM, "posix_memalign");
    CHECK(posix_memalign(&result, 64, most) == ENOMEM, "posix_memalign");
    CHECK(posix_memalign(&result, (size_t)1 << 62, 100) == ENOMEM, "posix_memalign");
    CHECK(posix_memalign(&result, (size_t)1 << 63, most) != 0, "posix_memalign");
    CHECK(result == untouched, "posix_memalign touched its result");
    /* The manual says so, but glibc sets it all the same. */
    if (on_heapwarden()) CHECK(errno == 99, "posix_memalign touched errno");
    REFUSED(memalign(64, most), ENOMEM);
    REFUSED(memalign(4096, half), ENOMEM);
    REFUSED(memalign((size_t)1 << 62, 64), ENOMEM);
    REFUSED(aligned_alloc(64, most - 63), ENOMEM);
    REFUSED(valloc(most), ENOMEM);
    REFUSED(pvalloc(most), ENOMEM);
    REFUSED(pvalloc(most - 4096), ENOMEM);

    churn(5000, 1);
    return done();
}
