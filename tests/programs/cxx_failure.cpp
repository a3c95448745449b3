// operator new without memory, as the standard has it: the handler is called until it helps, throws
// or is gone; then the throwing forms throw, and the nothrow forms return null whatever is thrown.
// Also built as a library, for a program that has no C++ runtime of its own.
#include "check.h"
#include <new>
#include <sys/resource.h>

enum : size_t { IMPOSSIBLE = (size_t)1 << 63, RESERVE = 600u << 20, REQUEST = 500u << 20, LIMIT = 1000u << 20 };

static const std::align_val_t ALIGNMENT{4096};

// The compiler must not know what it could leave out.
static void *(*volatile plain)(size_t) = operator new;
static void *(*volatile array)(size_t) = operator new[];
static void *(*volatile aligned)(size_t, std::align_val_t) = operator new;
static void *(*volatile aligned_array)(size_t, std::align_val_t) = operator new[];
static void *(*volatile quiet)(size_t, const std::nothrow_t &) = operator new;
static void *(*volatile quiet_array)(size_t, const std::nothrow_t &) = operator new[];
static void *(*volatile quiet_aligned)(size_t, std::align_val_t, const std::nothrow_t &) = operator new;
static void *(*volatile quiet_aligned_array)(size_t, std::align_val_t, const std::nothrow_t &) = operator new[];

static void *request(int form, size_t size) {
    switch (form) {
    case 0: return plain(size);
    case 1: return array(size);
    case 2: return aligned(size, ALIGNMENT);
    case 3: return aligned_array(size, ALIGNMENT);
    case 4: return quiet(size, std::nothrow);
    case 5: return quiet_array(size, std::nothrow);
    case 6: return quiet_aligned(size, ALIGNMENT, std::nothrow);
    default: return quiet_aligned_array(size, ALIGNMENT, std::nothrow);
    }
}

enum { THROWING_FORMS = 4, FORMS = 8 };

static int calls;

static void without_handler() {
    for (int form = 0; form < THROWING_FORMS; form++) {
        bool caught = false;
        try {
            request(form, IMPOSSIBLE);
        } catch (const std::bad_alloc &) {
            caught = true;
        }
        CHECK(caught, "form %d", form);
    }
    for (int form = THROWING_FORMS; form < FORMS; form++) {
        CHECK(request(form, IMPOSSIBLE) == NULL, "form %d", form);
    }
}

static void with_a_handler_that_resigns() {
    for (int form = 0; form < FORMS; form++) {
        calls = 0;
        std::set_new_handler([] {
            if (++calls == 5) std::set_new_handler(nullptr);
        });
        try {
            CHECK(request(form, IMPOSSIBLE) == NULL, "form %d", form);
            CHECK(form >= THROWING_FORMS, "form %d returned", form);
        } catch (const std::bad_alloc &) {
            CHECK(form < THROWING_FORMS, "form %d threw", form);
        }
        CHECK(calls == 5, "form %d: %d calls", form, calls);
    }
}

static void with_a_handler_that_throws() {
    std::set_new_handler([] {
        calls++;
        throw 42;
    });
    for (int form = 0; form < FORMS; form++) {
        calls = 0;
        try {
            CHECK(request(form, IMPOSSIBLE) == NULL, "form %d", form);
            CHECK(form >= THROWING_FORMS, "form %d returned", form);
        } catch (int thrown) {
            CHECK(form < THROWING_FORMS && thrown == 42, "form %d threw", form);
        }
        CHECK(calls == 1, "form %d: %d calls", form, calls);
    }
    std::set_new_handler(nullptr);
}

static void *reserve;

// Within a limited address space the request fits only once the reserve is gone.
static void with_a_handler_that_helps() {
    struct rlimit unlimited, limit;
    CHECK(getrlimit(RLIMIT_AS, &unlimited) == 0, "getrlimit");
    limit = unlimited;
    limit.rlim_cur = LIMIT;
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0, "setrlimit");
    for (int form = 0; form < FORMS; form++) {
        reserve = malloc(RESERVE);
        CHECK(reserve != NULL, "no reserve");
        calls = 0;
        std::set_new_handler([] {
            if (++calls == 3) free(reserve);
        });
        void *block = request(form, REQUEST);
        std::set_new_handler(nullptr);
        CHECK(block != NULL && calls == 3, "form %d: %p after %d calls", form, block, calls);
        switch (form % 4) {
            case 0: operator delete(block); break;
            case 1: operator delete[](block); break;
            case 2: operator delete(block, ALIGNMENT); break;
            default: operator delete[](block, ALIGNMENT);
        }
    }
    CHECK(setrlimit(RLIMIT_AS, &unlimited) == 0, "setrlimit");
}

// The standard library asks through operator new as well.
static void by_the_language() {
    volatile size_t count = IMPOSSIBLE / 16;
    bool caught = false;
    try {
        delete[] new char[count];
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    CHECK(caught, "new char[] returned");
    CHECK(new (std::nothrow) char[count] == nullptr, "nothrow new char[] returned");
    bool misaligned = false;
    try {
        aligned(100, std::align_val_t{24});
    } catch (const std::bad_alloc &) {
        misaligned = true;
    }
    CHECK(misaligned || !on_heapwarden(), "24 is no alignment");
}

extern "C" int failures(void) {
    without_handler();
    with_a_handler_that_resigns();
    with_a_handler_that_throws();
    with_a_handler_that_helps();
    by_the_language();
    return done();
}

int main() { return failures(); }
