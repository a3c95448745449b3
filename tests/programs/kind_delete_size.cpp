// new-delete-type-mismatch: what delete is told of size and alignment is not what new was told.
#include "kind.h"
#include <new>

struct Base {
    long one;
};
struct Derived : Base {
    long others[3];
};
struct alignas(64) Wide {
    char bytes[64];
};

NOT_INLINED static Derived *make_derived() { return new Derived; }
NOT_INLINED static void drop_derived(Derived *object) { delete object; }
NOT_INLINED static void drop_base(Base *object) { delete object; }
NOT_INLINED static Wide *make_wide() { return new Wide; }
NOT_INLINED static void drop_wide(Wide *object) { delete object; }
NOT_INLINED static void drop_sized_array(char *array, size_t size) { operator delete[](array, size); }
NOT_INLINED static void drop_wider(Wide *object) {
    operator delete(object, sizeof(Wide), std::align_val_t(1 << 20));
}

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "base";
    bool clean = argc > 2 && is(argv[2], "clean");
    if (is(way, "base")) {
        Derived *object = make_derived();
        if (clean) drop_derived(object);
        else drop_base(object);
    } else if (is(way, "array")) {
        char *array = new char[100];
        drop_sized_array(array, clean ? 100 : 99);
    } else if (is(way, "alignment")) {
        Wide *object = make_wide();
        // No object this test makes happens to lie at a mebibyte.
        CHECK((uintptr_t)object % (1 << 20) != 0, "a very well aligned object");
        if (clean) drop_wide(object);
        else drop_wider(object);
    }
    return done();
}
