/* A library that keeps a block in a variable, which goes when the library is closed. */
#include <stdlib.h>

static void *volatile kept;

void library_keeps(void) { kept = calloc(1, 72); }
