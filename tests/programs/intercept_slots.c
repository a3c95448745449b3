/* Writes to where the exported memcpy leads to: its first instruction jumps through that place. The
 * process must die of it. */
#include "check.h"
#include <dlfcn.h>

int main(void) {
    const unsigned char *code = dlsym(RTLD_DEFAULT, "memcpy");
    CHECK(code != NULL, "memcpy");
    if (code[0] == 0xf3) code += 4; /* endbr64 */
    CHECK(code[0] == 0xff && code[1] == 0x25, "no jump: %02x %02x", code[0], code[1]);
    int distance;
    memcpy(&distance, code + 2, sizeof distance);
    void *volatile *slot = (void **)(code + 6 + distance);
    puts("found");
    fflush(stdout);
    *slot = *slot;
    puts("written");
    return 0;
}
