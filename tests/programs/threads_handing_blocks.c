/* 64 threads at once that hand blocks round a ring: nearly every block is freed, or reallocated, by
 * another thread than the one that made it. Contents travel with them. Argument: rounds. */
#include "check.h"

enum { THREADS = 64, BATCH = 32 };

struct batch { struct { void *block; size_t size; } items[BATCH]; };

static struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct batch *batch;
} mailboxes[THREADS];

static int rounds;

static void put(struct mailbox *box, struct batch *batch) {
    pthread_mutex_lock(&box->lock);
    while (box->batch != NULL) pthread_cond_wait(&box->changed, &box->lock);
    box->batch = batch;
    pthread_cond_broadcast(&box->changed);
    pthread_mutex_unlock(&box->lock);
}

static struct batch *take(struct mailbox *box) {
    pthread_mutex_lock(&box->lock);
    while (box->batch == NULL) pthread_cond_wait(&box->changed, &box->lock);
    struct batch *batch = box->batch;
    box->batch = NULL;
    pthread_cond_broadcast(&box->changed);
    pthread_mutex_unlock(&box->lock);
    return batch;
}

static void *body(void *argument) {
    uintptr_t self = (uintptr_t)argument, from = (self + THREADS - 1) % THREADS;
    uint64_t state = self + 77;
    for (int round = 0; round < rounds; round++) {
        struct batch *batch = checked_malloc(sizeof *batch);
        for (int i = 0; i < BATCH; i++) {
            size_t size = mixed_size(&state);
            batch->items[i].size = size;
            batch->items[i].block = checked_malloc(size);
            stamp(batch->items[i].block, size, self * 1000 + (uint64_t)i);
        }
        put(&mailboxes[self], batch);
        batch = take(&mailboxes[from]);
        for (int i = 0; i < BATCH; i++) {
            void *block = batch->items[i].block;
            size_t size = batch->items[i].size;
            verify(block, size, from * 1000 + (uint64_t)i);
            if (i % 4 == 0) {
                block = realloc(block, size + 100);
                CHECK(block != NULL, "realloc");
                if (size > 0) CHECK(*(unsigned char *)block == stamp_byte(from * 1000 + (uint64_t)i, 0), "moved");
            }
            free(block);
        }
        free(batch);
    }
    return NULL;
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: rounds");
    rounds = atoi(argv[1]);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        pthread_mutex_init(&mailboxes[i].lock, NULL);
        pthread_cond_init(&mailboxes[i].changed, NULL);
    }
    for (uintptr_t i = 0; i < THREADS; i++) threads[i] = start_thread(body, (void *)i);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    return done();
}
