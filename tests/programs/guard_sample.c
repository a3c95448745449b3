/* A hundred thousand blocks, or as many as the second argument says, are read after they were freed: in
 * most of them the read finds nothing unusual. With "clean" none is. */
#include "kind.h"

typedef struct item {
    struct item *next;
    char text[40];
} item;

static volatile long found;

NOT_INLINED static item *make_item(void) {
    hidden = malloc(sizeof(item));
    CHECK(hidden != NULL, "malloc");
    memset(hidden, 0, sizeof(item));
    return (item *)hidden;
}
NOT_INLINED static void drop_item(item *one) { free(one); }
NOT_INLINED static void follow(item *one) { found += one->next != NULL; }

int main(int argc, char **argv) {
    int is_clean = argc > 1 && is(argv[1], "clean");
    int count = argc > 2 ? atoi(argv[2]) : 100000;
    for (int i = 0; i < count; i++) {
        item *one = make_item();
        if (is_clean) follow(one);
        drop_item(one);
        item *volatile stale = one;
        if (!is_clean) follow(stale);
    }
    printf("%ld\n", found);
    return done();
}
