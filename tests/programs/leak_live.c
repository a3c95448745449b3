/* Fifty threads that allocate, free and hold blocks in all sorts of places; the first thread asks for a
 * leak report by a signal, waits for the answer on its standard error (a file), and asks again. */
#include "check.h"
#include <fcntl.h>
#include <stdatomic.h>

enum { THREADS = 50, ASKED = 100, HELD = 64 };

static atomic_int over;

struct node {
    struct node *next;
    char rest[];
};

static struct node *on_heap(struct node *next, size_t size) {
    struct node *node = malloc(sizeof *node + size);
    CHECK(node != NULL, "malloc(%zu)", size);
    node->next = next;
    return node;
}

/* A list that grows and shrinks, known by its head on the stack alone. */
static void *busy(void *number) {
    uint64_t state = 88172645463325252ULL + (uintptr_t)number;
    struct node *head = NULL;
    int length = 0;
    while (!atomic_load(&over)) {
        if (length < HELD && next_random(&state) % 2 == 0) {
            head = on_heap(head, mixed_size(&state) % 5000);
            length++;
        } else if (head != NULL) {
            struct node *next = head->next;
            free(head);
            head = next;
            length--;
        }
    }
    while (head != NULL) {
        struct node *next = head->next;
        free(head);
        head = next;
    }
    return NULL;
}

/* How often standard error says `words`. */
static int answers(const char *words) {
    static char text[4 << 20];
    int file = open("/proc/self/fd/2", O_RDONLY);
    CHECK(file >= 0, "standard error");
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length < 0 ? 0 : length] = 0;
    int count = 0;
    for (const char *at = text; (at = strstr(at, words)) != NULL; at++) count++;
    return count;
}

int main(void) {
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++) threads[i] = start_thread(busy, (void *)(i + 1));
    for (int asked = 1; asked <= ASKED; asked++) {
        CHECK(kill(getpid(), SIGUSR1) == 0, "kill");
        for (int waited = 0; answers("by the report signal\n") < asked; waited++) {
            CHECK(waited < 60000, "no answer to signal %d", asked);
            usleep(1000);
        }
    }
    atomic_store(&over, 1);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    return done();
}
