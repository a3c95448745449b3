// alloc-dealloc-mismatch: a block from the first argument's function goes back to the second's. The
// pairs that belong together are the clean ones.
#include "kind.h"
#include <new>

static const std::align_val_t ALIGNMENT{64};

NOT_INLINED static void *make_by(const char *family) {
    if (is(family, "malloc")) return malloc(40);
    if (is(family, "calloc")) return calloc(4, 10);
    if (is(family, "memalign")) return memalign(64, 40);
    if (is(family, "strdup")) return strdup("thirty-nine characters and a terminator");
    if (is(family, "new")) return operator new(40);
    if (is(family, "new[]")) return operator new[](40);
    if (is(family, "aligned-new")) return operator new(40, ALIGNMENT);
    if (is(family, "aligned-new[]")) return operator new[](40, ALIGNMENT);
    FAIL("no such family: %s", family);
}

NOT_INLINED static void drop_by(const char *family, void *block) {
    if (is(family, "free")) free(block);
    else if (is(family, "realloc")) hidden = (char *)realloc(block, 1000);
    else if (is(family, "delete")) operator delete(block);
    else if (is(family, "delete[]")) operator delete[](block);
    else if (is(family, "aligned-delete")) operator delete(block, ALIGNMENT);
    else if (is(family, "aligned-delete[]")) operator delete[](block, ALIGNMENT);
    else FAIL("no such family: %s", family);
}

int main(int argc, char **argv) {
    CHECK(argc == 3, "two families");
    void *block = make_by(argv[1]);
    CHECK(block != NULL, "no block");
    drop_by(argv[2], block);
    return done();
}
