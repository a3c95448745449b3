/* Run under `ulimit -v`: allocate until there is nothing left (NULL and ENOMEM, no death), free
 * everything, and find the memory again, for small blocks after big ones and the other way round. */
#include "check.h"
#include <sys/resource.h>

struct link { struct link *next; size_t size; };

static uint64_t owner;

/* Allocates blocks of `size` until the limit; returns how many bytes that were, all freed again. */
static size_t fill_up(size_t size, int (*more)(void)) {
    struct link *list = NULL;
    size_t total = 0;
    owner++;
    for (;;) {
        errno = 0;
        struct link *block = malloc(size);
        if (block == NULL) {
            CHECK(errno == ENOMEM, "malloc(%zu)", size);
            break;
        }
        total += size;
        stamp(block, size, owner);
        block->next = list;
        list = block;
    }
    /* At the limit everything else fails with a clear answer, too. */
    errno = 0;
    CHECK(calloc(64 << 20, 8) == NULL && errno == ENOMEM, "calloc");
    errno = 0;
    struct link *bigger = realloc(list, 512 << 20);
    CHECK(bigger == NULL && errno == ENOMEM, "realloc");
    void *aligned = &owner;
    CHECK(posix_memalign(&aligned, 4096, 512 << 20) == ENOMEM && aligned == &owner, "posix_memalign");
    if (more != NULL) CHECK(more(), "what main wanted at the limit");
    while (list != NULL) {
        struct link *next = list->next;
        /* The link itself is written over the first bytes of the stamp. */
        for (size_t i = size < 64 ? sizeof(void *) : 64; i-- > sizeof(void *);)
            CHECK(((unsigned char *)list)[i] == stamp_byte(owner, i), "byte %zu of %zu", i, size);
        free(list);
        list = next;
    }
    return total;
}

static void *thread_body(void *unused) {
    /* May get memory or not; must not die. */
    for (int i = 0; i < 100; i++) free(malloc((size_t)i * 100));
    return unused;
}

static int a_thread_at_the_limit(void) {
    pthread_t thread;
    int code = pthread_create(&thread, NULL, thread_body, NULL);
    if (code == 0) pthread_join(thread, NULL);
    return code == 0 || code == EAGAIN || code == ENOMEM;
}

int main(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_AS, &limit);
    CHECK(limit.rlim_cur <= 256 << 20, "run this under ulimit -v 262144");
    static const size_t sizes[] = {100, 32, 1 << 20, 5000, 40 << 20, 1000, 300 << 10, 64 << 10, 48};
    /* Most of the limit is usable, whatever was allocated before: nothing is lost on the way. */
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            size_t total = fill_up(sizes[i], i % 4 == 2 ? a_thread_at_the_limit : NULL);
            CHECK(total > (sizes[i] < 64 ? 60u << 20 : 100u << 20), "only %zu bytes in blocks of %zu, round %d",
                  total, sizes[i], round);
            churn(300, i);
        }
    }
    return done();
}
