/* What Debian's libstdc++ and libgcc, which are made for glibc, ask of it and musl 1.2.3 does not have. */
#include <stddef.h>
extern long getrandom(void *, size_t, unsigned);
extern size_t strftime_l(char *, size_t, const char *, const void *, void *);
char __libc_single_threaded = 0;
unsigned arc4random(void) { unsigned random = 0; getrandom(&random, sizeof random, 0); return random; }
size_t __strftime_l(char *to, size_t size, const char *format, const void *time, void *locale) {
  return strftime_l(to, size, format, time, locale);
}
int __cxa_thread_atexit_impl(void (*run)(void *), void *object, void *dso) { return 0; }
int _dl_find_object(void *address, void *result) { return -1; }
int __cpu_indicator_init(void) { return 0; }
struct { unsigned vendor, type, subtype, features[1]; } __cpu_model;
