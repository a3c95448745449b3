/* A known number of operations, for the statistics and the journey. */
#include "check.h"

int main(void) {
    static void *blocks[10000];
    for (int i = 0; i < 10000; i++) blocks[i] = checked_malloc(100);
    for (int i = 0; i < 7000; i++) free(blocks[i]);
    free(malloc(8 << 20));
    write_text(1, "ok\n");
    return 0;
}
