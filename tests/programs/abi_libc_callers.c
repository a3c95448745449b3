/* What libc allocates for us comes from the same heap: it can be freed, resized and measured there,
 * and libc's own heap, which lies at the program break, stays empty. */
#include "check.h"
#include <dirent.h>
#include <locale.h>
#include <netdb.h>
#include <regex.h>
#include <search.h>
#include <time.h>
#include <wchar.h>

static void *ours(void *block, size_t size) {
    CHECK(block != NULL, "%zu bytes", size);
    CHECK(malloc_usable_size(block) >= size, "usable %zu of %zu", malloc_usable_size(block), size);
    block = realloc(block, size + 5000);
    CHECK(block != NULL, "realloc");
    return block;
}

int main(void) {
    char *start = sbrk(0), *text;
    for (int i = 0; i < 200; i++) {
        text = ours(strdup("a string of 26 characters."), 27);
        CHECK(strcmp(text, "a string of 26 characters.") == 0, "%s", text);
        free(text);
        free(ours(strndup("abcdefghij", 5), 6));
        free(ours(reallocarray(NULL, 100, 10), 1000));
        wchar_t *wide = ours(wcsdup(L"wide"), 5 * sizeof(wchar_t));
        CHECK(wcscmp(wide, L"wide") == 0, "wcsdup");
        free(wide);
        int length = asprintf(&text, "%d and %s", i, "more");
        free(ours(text, (size_t)length + 1));
        length = asprintf(&text, "%0*d", 20000, i);
        free(ours(text, (size_t)length + 1));

        size_t room = 0;
        FILE *file = fopen("/proc/self/maps", "r");
        CHECK(file != NULL, "fopen");
        text = NULL;
        while (getline(&text, &room, file) > 0) CHECK(room <= malloc_usable_size(text), "room %zu", room);
        fclose(file);
        free(ours(text, room));

        /* The size of the result is only right once the stream is closed. */
        size_t bytes;
        file = open_memstream(&text, &bytes);
        for (int j = 0; j < 500; j++) fprintf(file, "line %d\n", j);
        fclose(file);
        CHECK(strlen(text) == bytes, "%zu bytes", bytes);
        free(ours(text, bytes + 1));

        /* realpath, getcwd and scandir allocate what the caller frees. */
        free(ours(realpath("/proc/./self/..", NULL), 6));
        free(ours(getcwd(NULL, 0), 2));
        struct dirent **entries;
        int count = scandir("/proc/self", &entries, NULL, alphasort);
        CHECK(count > 0, "scandir");
        for (int j = 0; j < count; j++) free(entries[j]);
        free(entries);

        regex_t expression;
        CHECK(regcomp(&expression, "^(a|b)*c{2,20}[[:digit:]]+$", REG_EXTENDED) == 0, "regcomp");
        CHECK(regexec(&expression, "ababcc123", 0, NULL, 0) == 0, "regexec");
        regfree(&expression);
        setlocale(LC_ALL, i % 2 ? "C" : "C.UTF-8");
        setenv("HEAPWARDEN_TEST_VARIABLE", i % 2 ? "short" : "a rather long value of this variable", 1);
        unsetenv("HEAPWARDEN_TEST_VARIABLE");
    }
    if (on_heapwarden()) CHECK((char *)sbrk(0) == start, "somebody moved the program break");
    return done();
}
