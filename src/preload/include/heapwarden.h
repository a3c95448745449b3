/* What a program can ask of Heapwarden when it runs under it (`heapwarden run`, or LD_PRELOAD).
 *
 * The functions are weak: a program that uses them links and runs without the library, too. Call them
 * through the macros, which do nothing then. Nothing has to be linked with. */
#ifndef HEAPWARDEN_H
#define HEAPWARDEN_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
/* heapwarden_report(), or nothing without Heapwarden. */
#define HEAPWARDEN_REPORT() (heapwarden_report ? heapwarden_report() : (void)0)

#endif

/* Verifies every block of the heap now, live and freed. Returns how many are damaged (counted up to
 * 32); each is reported, and unless on_error=continue the first report ends the process. Not for
 * signal handlers; from outside of the process use the option check_signal. */
size_t heapwarden_check_heap(void) __attribute__((weak));

/* Looks for leaks now: stops the other threads, follows every pointer from variables, stacks and
 * registers, and lets them go on. Returns how many bytes of live blocks nothing leads to any more;
 * nothing is reported. Not for signal handlers. */
size_t heapwarden_leak_check(void) __attribute__((weak));

/* Reports leaks as at the end of the program, also if there are none, and what changed since the last
 * such report. Not for signal handlers; from outside of the process use the option report_signal. */
void heapwarden_report(void) __attribute__((weak));

/* The version of the library, such as "0.1.0". */
const char *heapwarden_version(void) __attribute__((weak));

#ifdef __cplusplus
}
/* heapwarden_report(), or nothing without Heapwarden. */
#define HEAPWARDEN_REPORT() (heapwarden_report ? heapwarden_report() : (void)0)

#endif

/* Whether the program runs under Heapwarden. */
#define HEAPWARDEN_IS_LOADED() (heapwarden_version != 0)

/* heapwarden_check_heap(), or 0 without Heapwarden. */
#define HEAPWARDEN_CHECK_HEAP() (heapwarden_check_heap ? heapwarden_check_heap() : (size_t)0)

/* heapwarden_leak_check(), or 0 without Heapwarden. */
#define HEAPWARDEN_LEAK_CHECK() (heapwarden_leak_check ? heapwarden_leak_check() : (size_t)0)

/* heapwarden_report(), or nothing without Heapwarden. */
#define HEAPWARDEN_REPORT() (heapwarden_report ? heapwarden_report() : (void)0)

#endif
