/* One thread only allocates, one only frees: the blocks have to find their way home, or memory
 * grows without end although only 1,000 blocks live at any time. */
#include "check.h"
#include <semaphore.h>

enum { RING = 1000, BLOCKS = 1000000 };

static struct { void *block; size_t size; } ring[RING];
static sem_t empty, full;

static void *consumer(void *unused) {
    for (int i = 0; i < BLOCKS; i++) {
        sem_wait(&full);
        verify(ring[i % RING].block, ring[i % RING].size, (uint64_t)i);
        free(ring[i % RING].block);
        sem_post(&empty);
    }
    return unused;
}

int main(void) {
    uint64_t state = 5;
    sem_init(&empty, 0, RING);
    sem_init(&full, 0, 0);
    pthread_t thread = start_thread(consumer, NULL);
    long resident = 0;
    for (int i = 0; i < BLOCKS; i++) {
        if (i == BLOCKS / 10) resident = process_kilobytes("VmRSS");
        sem_wait(&empty);
        size_t size = 16 + next_random(&state) % 1000;
        ring[i % RING].size = size;
        ring[i % RING].block = checked_malloc(size);
        stamp(ring[i % RING].block, size, (uint64_t)i);
        sem_post(&full);
    }
    pthread_join(thread, NULL);
    long grown = process_kilobytes("VmRSS") - resident;
    CHECK(grown < 16 << 10, "resident memory grew by %ld kB from %ld", grown, resident);
    return done();
}
