/* C code behind a foreign function interface. */
#include <stdlib.h>

/* Fills a buffer of the caller's, and one byte more. */
void fill_buffer(char *buffer, size_t bytes) {
    for (size_t position = 0; position <= bytes; position++)
        buffer[position] = 'x';
}

/* A block of libc's malloc. */
char *make_in_c(size_t bytes) {
    return malloc(bytes);
}
