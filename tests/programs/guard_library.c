/* A library that gets blocks. */
#include <stdlib.h>

char *make_in_library(size_t size);
char *make_in_library(size_t size) {
    char *block = malloc(size);
    if (block != NULL) block[0] = 'x';
    return block;
}
