/* A C program whose plug-in is C++: the C++ runtime comes in with dlopen, out of the program's
 * sight, and must still be found when its plug-in runs out of memory. */
#include "check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2, "the plug-in is missing");
    CHECK(dlsym(RTLD_DEFAULT, "_ZSt15get_new_handlerv") == NULL, "the C++ runtime is in sight");
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL, "%s", dlerror());
    int (*failures)(void) = (int (*)(void))dlsym(library, "failures");
    CHECK(failures != NULL, "%s", dlerror());
    return failures();
}
