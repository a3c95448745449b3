// Pointers as C++ leaves them: into an array behind its count, to the second base of an object.
#include "leak.h"

namespace {

struct Counted {
    long value = 0;
    ~Counted() { value = -1; }
};

struct First {
    virtual ~First() = default;
    long first = 1;
};

struct Second {
    virtual ~Second() = default;
    long second = 2;
};

struct Both : First, Second {
    char rest[80] = {};
};

Counted *volatile array;
Second *volatile second;

NOT_INLINED void keep_array() { array = new Counted[5]; }

// Through these the compiler cannot see that a block goes unused.
Counted *volatile lost_array;
First *volatile lost_object;

NOT_INLINED void lose_array() {
    lost_array = new Counted[7];
    lost_array = nullptr;
}

NOT_INLINED void keep_second_base() { second = new Both; }

NOT_INLINED void lose_object() {
    lost_object = new Both;
    lost_object = nullptr;
}

} // namespace

int main(int argc, char **argv) {
    CHECK(argc == 2, "what");
    if (is(argv[1], "array")) make(keep_array);
    if (is(argv[1], "lost-array")) make(lose_array);
    if (is(argv[1], "second-base")) make(keep_second_base);
    if (is(argv[1], "lost-object")) make(lose_object);
    return done();
}
