/* Programs that are not the same each time: what was done before is in the file "mood".
 *
 *   once     an overflow, and later nothing
 *   other    an overflow, and later a double free
 *   stopped  an overflow, and later an end by SIGTERM
 *   always   an overflow each time
 *   path     an overflow, and later the same one, called from elsewhere
 *   far      an overflow each time that hits nothing but the header of the next block
 *   child    an overflow each time, in a child process
 *   input    an overflow if its input is two lines, which are printed
 *   two      an overflow and a write after free, both found at the end
 */
#include "check.h"

static char *volatile hidden;

__attribute__((noinline, noclone)) static void overflow(void) {
    hidden = malloc(24);
    hidden[24] = 'x'; /* OVERFLOW */
    free(hidden);
}

__attribute__((noinline, noclone)) static void free_twice(void) {
    hidden = malloc(24);
    free(hidden);
    free(hidden);
}

__attribute__((noinline, noclone)) static void write_late(void) {
    hidden = malloc(100);
    char *late = hidden;
    free(hidden);
    hidden = late;
    hidden[50] = 'x'; /* LATE */
}

__attribute__((noinline, noclone)) static void overflow_far(void) {
    char *blocks[8];
    for (int i = 0; i < 8; i++) blocks[i] = malloc(40);
    hidden = blocks[3];
    hidden[60] = 'x'; /* FAR */
    for (int i = 0; i < 8; i++) free(blocks[i]);
}

static int was_here(void) {
    int was = access("mood", F_OK) == 0;
    FILE *file = fopen("mood", "w");
    CHECK(file != NULL, "mood");
    fclose(file);
    return was;
}

static int read_lines(void) {
    char line[100];
    int lines = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        fputs(line, stdout);
        lines++;
    }
    return lines;
}

int main(int count, char **arguments) {
    CHECK(count == 2, "a mood");
    const char *mood = arguments[1];
    int again = was_here();
    if (strcmp(mood, "child") == 0) {
        pid_t child = fork();
        if (child == 0) {
            overflow();
            _exit(0);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child, "the child");
        return WIFSIGNALED(status) ? 3 : 4;
    }
    if (strcmp(mood, "input") == 0) {
        if (read_lines() == 2) overflow();
        return done();
    }
    if (strcmp(mood, "two") == 0) {
        overflow();
        write_late();
        return done();
    }
    if (strcmp(mood, "far") == 0) {
        overflow_far();
        return done();
    }
    if (strcmp(mood, "always") == 0) {
        overflow();
        return done();
    }
    if (!again) overflow();
    if (again && strcmp(mood, "path") == 0) overflow();
    if (again && strcmp(mood, "other") == 0) free_twice();
    if (again && strcmp(mood, "stopped") == 0) raise(SIGTERM);
    return done();
}
