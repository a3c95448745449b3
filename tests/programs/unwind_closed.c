/* Two libraries in turn, each closed before the other is opened, mostly at the same place: the same
 * code addresses have other frames. Arguments: the libraries. Ends with a double free of a block that
 * the second one's functions led to. */
#include "kind.h"
#include <dlfcn.h>

static int is_last;

NOT_INLINED static void checking(void) {
    char *block = make_block(24);
    drop_block(block);
    if (is_last) drop_block(block);
}

typedef void testing(void (*)(void), unsigned);

int main(int count, char **arguments) {
    CHECK(count == 3, "two libraries");
    void *places[2] = {NULL, NULL};
    for (int round = 0; round < 10; round++) {
        void *library = dlopen(arguments[1 + round % 2], RTLD_NOW | RTLD_LOCAL);
        CHECK(library != NULL, "%s", dlerror());
        testing *test = (testing *)dlsym(library, "test");
        CHECK(test != NULL, "test");
        places[round % 2] = (void *)test;
        is_last = round > 2 && round % 2 && places[0] == places[1];
        test(checking, 5);
        CHECK(dlclose(library) == 0, "dlclose");
    }
    puts("never at the same place");
    return 0;
}
