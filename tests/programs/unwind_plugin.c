/* A library that is loaded and unloaded. VARIANT changes the sizes of its frames, but not one
 * instruction's length: the same code addresses have other rules in each variant. PADDING moves the
 * code. */
#define TEXT(number) #number
#define SKIP(number) ".text\n.skip " TEXT(number) "\n"
__asm__(SKIP(PADDING));

typedef void (*check_function)(void);

static volatile int sink;

__attribute__((noinline)) static void inner(check_function check, int depth) {
    volatile char room[VARIANT * 256];
    room[0] = (char)depth;
    check();
    if (depth > 0) inner(check, depth - 1);
    check();
    sink += room[0];
}

void test(check_function check, unsigned depth) {
    volatile char room[VARIANT * 512];
    room[0] = 1;
    inner(check, (int)depth);
    check();
    sink += room[0];
}
