/* Memory in the shapes that lost memory has. The argument names one; tests/leaks/shapes.rs knows how
 * many bytes and blocks of which kind each is. */
#include "leak.h"

struct node {
    struct node *next, *previous;
    char rest[];
};

NOT_INLINED static struct node *make_node(size_t size, struct node *next) {
    struct node *node = calloc(1, size);
    CHECK(node != NULL, "calloc(%zu)", size);
    node->next = next;
    return node;
}

NOT_INLINED static void direct(void) { memset(checked_malloc(100), 0, 100); }

NOT_INLINED static void several(void) {
    for (int i = 0; i < 10; i++) memset(checked_malloc(30), 0, 30);
}

NOT_INLINED static void list(void) {
    struct node *head = NULL;
    for (int i = 0; i < 5; i++) head = make_node(24, head);
}

NOT_INLINED static struct node *subtree(int depth) {
    struct node *node = make_node(32, depth > 0 ? subtree(depth - 1) : NULL);
    node->previous = depth > 0 ? subtree(depth - 1) : NULL;
    return node;
}

NOT_INLINED static void tree(void) { subtree(2); }

NOT_INLINED static void ring(void) {
    struct node *last = make_node(40, NULL);
    last->next = make_node(40, make_node(40, last));
}

NOT_INLINED static void double_ring(void) {
    struct node *node[4];
    for (int i = 0; i < 4; i++) node[i] = make_node(48, NULL);
    for (int i = 0; i < 4; i++) {
        node[i]->next = node[(i + 1) % 4];
        node[i]->previous = node[(i + 3) % 4];
    }
}

/* A ring that leads to a list. */
NOT_INLINED static void ring_with_tail(void) {
    struct node *tail = make_node(64, make_node(64, NULL));
    struct node *last = make_node(40, NULL);
    last->next = make_node(40, last);
    last->previous = tail;
}

/* Points to itself and to nothing else: no cycle worth the name. */
NOT_INLINED static void loner(void) {
    struct node *node = make_node(56, NULL);
    node->next = node;
}

static char *volatile kept, *volatile kept_inside;

NOT_INLINED static void reachable(void) {
    struct node *head = NULL;
    for (int i = 0; i < 3; i++) head = make_node(72, head);
    kept = (char *)head;
}

/* Only a pointer to the middle is left; what the block leads to is as uncertain. */
NOT_INLINED static void interior(void) {
    struct node *node = make_node(200, make_node(72, NULL));
    kept_inside = (char *)node + 100;
}

/* As `interior`, but the whole block is known by another pointer, too. */
NOT_INLINED static void both(void) {
    interior();
    kept = kept_inside - 100;
}

NOT_INLINED static void large(void) { memset(checked_malloc(300000), 0, 300000); }

NOT_INLINED static void huge(void) {
    struct node *node = make_node(20 << 20, make_node(24, NULL));
    node->previous = NULL;
}

NOT_INLINED static void aligned(void) { memset(aligned_alloc(256, 512), 0, 512); }

NOT_INLINED static void nothing(void) { free(checked_malloc(100)); }

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*make)(void);
    } shapes[] = {
        {"direct", direct},     {"several", several},   {"list", list},
        {"tree", tree},         {"ring", ring},         {"double-ring", double_ring},
        {"ring-with-tail", ring_with_tail},             {"loner", loner},
        {"reachable", reachable}, {"interior", interior}, {"both", both},
        {"large", large},       {"huge", huge},         {"aligned", aligned},
        {"nothing", nothing},
    };
    CHECK(argc == 2, "which shape");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (is(argv[1], shapes[i].name)) {
            make(shapes[i].make);
            return done();
        }
    CHECK(0, "no shape is called %s", argv[1]);
}
