/* The way through C code for libFuzzer, whichever compiler makes it: gcc and clang call
 * `__sanitizer_cov_trace_pc` on every edge (-fsanitize-coverage=trace-pc), build.rs leads that here, and
 * libFuzzer reads counters from a section of this name. */

#include <stdint.h>

#define COUNTERS 4096

__attribute__((section("__libfuzzer_extra_counters"), used)) static uint8_t counters[COUNTERS];

void __wrap___sanitizer_cov_trace_pc(void)
{
    /* Relative, so that the next run counts the same. */
    uintptr_t place = (uintptr_t)__builtin_return_address(0) - (uintptr_t)counters;
    counters[(place * 0x9E3779B97F4A7C15u >> 32) % COUNTERS]++;
}
