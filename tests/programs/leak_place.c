/* A library with a thread-local variable, for leak_places.c. */
static __thread void *volatile place_for_one[1000];

void *volatile *place(void) { return &place_for_one[500]; }
