// Every form of operator new gives a block that is aligned and writable, and every form of operator
// delete takes it back: called by name, and as the compiler chooses them.
#include "check.h"
#include <memory>
#include <new>
#include <vector>

static void *filled(void *block, size_t size, size_t alignment) {
    CHECK(block != NULL, "no block of %zu", size);
    CHECK((uintptr_t)block % alignment == 0, "%p for alignment %zu", block, alignment);
    memset(block, 0x5a, size);
    return block;
}

static void unaligned(size_t size) {
    void *block = filled(operator new(size), size, 16);
    void *array = filled(operator new[](size), size, 16);
    void *quiet = filled(operator new(size, std::nothrow), size, 16);
    void *quiet_array = filled(operator new[](size, std::nothrow), size, 16);
    CHECK(block != array && quiet != quiet_array && block != quiet, "the same block twice");
    operator delete(block);
    operator delete[](array);
    operator delete(quiet, std::nothrow);
    operator delete[](quiet_array, std::nothrow);
    operator delete(filled(operator new(size), size, 16), size);
    operator delete[](filled(operator new[](size), size, 16), size);
}

static void aligned(size_t size, size_t alignment) {
    std::align_val_t to{alignment};
    void *block = filled(operator new(size, to), size, alignment);
    void *array = filled(operator new[](size, to), size, alignment);
    void *quiet = filled(operator new(size, to, std::nothrow), size, alignment);
    void *quiet_array = filled(operator new[](size, to, std::nothrow), size, alignment);
    CHECK(block != array && quiet != quiet_array && block != quiet, "the same block twice");
    operator delete(block, to);
    operator delete[](array, to);
    operator delete(quiet, to, std::nothrow);
    operator delete[](quiet_array, to, std::nothrow);
    operator delete(filled(operator new(size, to), size, alignment), size, to);
    operator delete[](filled(operator new[](size, to), size, alignment), size, to);
}

struct alignas(256) Wide {
    ~Wide() { destroyed++; }
    char bytes[300];
    static int destroyed;
};
int Wide::destroyed;

int main() {
    for (size_t size : {0, 1, 24, 100, 1000, 40000, 3000000}) {
        unaligned(size);
        for (size_t alignment = 1; alignment <= 1 << 20; alignment *= 2) aligned(size, alignment);
    }
    operator delete(nullptr);
    operator delete[](nullptr);

    std::vector<std::unique_ptr<Wide[]>> arrays;
    for (int i = 1; i <= 20; i++) arrays.emplace_back(new Wide[i]);
    for (auto &array : arrays) CHECK((uintptr_t)array.get() % 256 == 0, "%p", (void *)array.get());
    arrays.clear();
    CHECK(Wide::destroyed == 210, "%d", Wide::destroyed);
    return done();
}
