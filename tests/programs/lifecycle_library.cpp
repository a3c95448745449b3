// A library for dlopen that allocates in its constructor and destructor and in the constructors and
// destructors of its static objects, and hands out blocks and functions.
#include "check.h"
#include <map>
#include <string>
#include <vector>

static void *kept[100];

__attribute__((constructor)) static void arrive() {
    for (int i = 0; i < 100; i++) {
        kept[i] = checked_malloc(i * 100);
        stamp(kept[i], i * 100, i);
    }
}

__attribute__((destructor)) static void leave() {
    for (int i = 0; i < 100; i++) {
        verify(kept[i], i * 100, i);
        free(kept[i]);
    }
    churn(50, 2);
}

struct Table {
    std::map<std::string, std::vector<int>> entries;
    Table() {
        for (int i = 0; i < 200; i++) entries["a name that is too long for the string itself " + std::to_string(i)].resize(i);
    }
    ~Table() {
        CHECK(entries.size() == 200, "the table changed");
        churn(50, 3);
    }
};

static Table table;
// A block of the library that outlives it.
extern "C" void *make_block(size_t size) {
    void *block = checked_malloc(size);
    stamp(block, size, size);
    return block;
}

extern "C" void free_block(void *block) { free(block); }

// The destructor of this one runs when the thread ends, and keeps the library loaded until then.
extern "C" void remember(size_t size) {
    static thread_local std::vector<std::string> per_thread;
    per_thread.push_back(std::string(size, 'x'));
}
