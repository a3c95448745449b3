/* What a program says of its leaks to LeakSanitizer; preloaded, for the loader must find it. */
#ifdef TURNED_OFF
int __lsan_is_turned_off(void) { return 1; }
#endif

const char *__lsan_default_suppressions(void) { return "leak:^lose_list$\n# nothing else\n"; }
