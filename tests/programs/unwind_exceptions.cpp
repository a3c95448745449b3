// Stack checks in constructors, destructors and handlers while exceptions fly.
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

using check_function = void (*)();

static check_function check;
static uint32_t state = 521288629;

static uint32_t next() {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

struct Checks {
    ~Checks() { check(); }
};

__attribute__((noinline)) static int descend(int depth) {
    Checks on_the_way_out;
    if (depth == 0) throw std::runtime_error("at the bottom");
    try {
        std::function<int()> call = [depth] { return descend(depth - 1); };
        return call() + 1;
    } catch (const std::exception &error) {
        check();
        if (next() % 3 == 0) return int(std::string(error.what()).size());
        if (next() % 2) throw;
        throw std::logic_error("instead");
    }
}

extern "C" void test(check_function given, uint32_t rounds) {
    check = given;
    for (uint32_t round = 0; round < rounds; round++) {
        try {
            descend(int(next() % 12));
        } catch (...) {
            check();
        }
        check();
    }
}
