/*
 * rcu.c - liburcu-bp behind four calls.
 *
 * The library's functions are called, not the inline versions: both were measured at 12 to 14 ns
 * for an enter and leave (the cost is in finding the thread's slot), and ThreadSanitizer would see
 * the plain accesses of the inline versions.
 */
#include "base/rcu.h"

#include "base/log.h"

#include <dlfcn.h>
#include <stddef.h>
#include <urcu/urcu-bp.h>

#if defined(__SANITIZE_THREAD__)
#define SW_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SW_TSAN 1
#endif
#endif

#ifdef SW_TSAN
#include <sanitizer/tsan_interface.h>

/* Each leave releases to this token, each synchronize acquires from the token. */
static char tsan_token;

static void tsan_section_left(void)
{
    __tsan_release(&tsan_token);
}

static void tsan_readers_gone(void)
{
    __tsan_acquire(&tsan_token);
}
#else
static inline void tsan_section_left(void)
{
}

static inline void tsan_readers_gone(void)
{
}
#endif

void sw_rcu_enter(void)
{
    urcu_bp_read_lock();
}

void sw_rcu_leave(void)
{
    tsan_section_left();
    urcu_bp_read_unlock();
}

void sw_rcu_synchronize(void)
{
    urcu_bp_synchronize_rcu();
    tsan_readers_gone();
}

/*
 * A thread that was ever in a read section has a pthread key of liburcu set, and the destructor of
 * that key is code in liburcu. Unbound's workers exit after our library is closed, and the main
 * thread lives on through every reload. So liburcu must stay mapped when our library is unmapped:
 * the handle stays open on purpose. dlopen() finds the object by the name of the loaded library,
 * without access to the file system, so sw_rcu_pin() works after chroot.
 */
void sw_rcu_pin(void)
{
    const int mode = RTLD_NOW | RTLD_NODELETE | RTLD_NOLOAD;
    Dl_info info;
    void *handle = NULL;
    if (dladdr((const void *)urcu_bp_synchronize_rcu, &info) != 0 && info.dli_fname)
        handle = dlopen(info.dli_fname, mode);
    if (!handle)
        handle = dlopen("liburcu-bp.so.8", mode);
    if (!handle)
        sw_log(SW_LOG_WARNING,
               "cannot keep liburcu-bp loaded: a reload may crash when threads end");
}
