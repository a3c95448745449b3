// A program that replaces the two basic operators, and only those: all other forms end there, also
// those that the compiler calls behind the program's back (the sized delete).
#include "check.h"
#include <memory>
#include <new>
#include <string>
#include <vector>

static long news, deletes;

// Blocks from here are not blocks of malloc: freed as such they are invalid pointers.
enum { PREFIX = 32 };

static bool refuse;

void *operator new(size_t size) {
    if (refuse) throw std::bad_alloc();
    news++;
    return (char *)malloc(size + PREFIX) + PREFIX;
}

void operator delete(void *block) noexcept {
    if (block == nullptr) return;
    deletes++;
    free((char *)block - PREFIX);
}

// The compiler would see that the two above do not match what it calls.
void operator delete(void *block, size_t) noexcept;

struct Node {
    std::string name = std::string(100, 'x');
    std::vector<std::unique_ptr<Node>> children;
};

#define EXPECT(count_of_news, count_of_deletes) \
    CHECK(news == (count_of_news) && deletes == (count_of_deletes), "%ld new, %ld delete", news, deletes)

int main() {
    news = deletes = 0;
    operator delete(operator new(10));
    EXPECT(1, 1);
    operator delete[](operator new[](10));
    EXPECT(2, 2);
    operator delete(operator new(10, std::nothrow), std::nothrow);
    EXPECT(3, 3);
    operator delete[](operator new[](10, std::nothrow), std::nothrow);
    EXPECT(4, 4);
    operator delete[](operator new[](10), (size_t)10);
    EXPECT(5, 5);
    operator delete(operator new(10), (size_t)10);
    EXPECT(6, 6);

    refuse = true;
    CHECK(operator new(10, std::nothrow) == nullptr, "not asked");
    CHECK(operator new[](10, std::nothrow) == nullptr, "not asked");
    refuse = false;

    {
        Node root;
        for (int i = 0; i < 100; i++) root.children.push_back(std::make_unique<Node>());
    }
    CHECK(news == deletes && news > 200, "%ld new, %ld delete", news, deletes);

    // The aligned forms were not replaced and have nothing to do with the others.
    long before = news;
    operator delete(operator new(10, std::align_val_t{64}), std::align_val_t{64});
    operator delete[](operator new[](10, std::align_val_t{64}), (size_t)10, std::align_val_t{64});
    CHECK(news == before, "an aligned form came here");
    return done();
}
