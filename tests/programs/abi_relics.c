/* Entry points that no header of this glibc declares: cfree, which old programs call, and C23's
 * free_sized and free_aligned_sized, which new ones do. */
#include "check.h"

typedef void free_sized_function(void *, size_t);
typedef void free_aligned_sized_function(void *, size_t, size_t);
typedef void cfree_function(void *);

int main(void) {
    cfree_function *cfree = (cfree_function *)dlsym(RTLD_DEFAULT, "cfree");
    free_sized_function *free_sized = (free_sized_function *)dlsym(RTLD_DEFAULT, "free_sized");
    free_aligned_sized_function *free_aligned_sized =
        (free_aligned_sized_function *)dlsym(RTLD_DEFAULT, "free_aligned_sized");
    if (on_heapwarden()) CHECK(cfree && free_sized && free_aligned_sized, "an entry point is missing");
    for (int round = 0; round < 200; round++) {
        for (size_t size = 1; size < (2u << 20); size = size * 5 / 2 + 1) {
            errno = 17;
            if (cfree) cfree(checked_malloc(size));
            if (free_sized) free_sized(checked_malloc(size), size);
            if (free_aligned_sized) {
                void *block = aligned_alloc(256, size);
                CHECK(block != NULL, "aligned_alloc");
                free_aligned_sized(block, 256, size);
            }
            CHECK(errno == 17, "errno changed");
        }
    }
    if (free_sized) free_sized(NULL, 10);
    if (free_aligned_sized) free_aligned_sized(NULL, 64, 10);
    CHECK(process_kilobytes("VmRSS") < 64 << 10, "they do not free");
    return done();
}
