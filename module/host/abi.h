/*
 * abi.h - refuse to run inside an Unbound that this module was not built for.
 *
 * Unbound's structures change with the version and the configure options, and Unbound's module
 * interface does not tell a module which structures the process has. So init() checks before using
 * any structure:
 *   1. constants of the program: version and configure line
 *   2. symbols that exist only with an option that changes a structure
 *   3. whether modinfo[id] is dynlibmod's record of this library (read through the kernel, so that
 *      a wrong address cannot crash the process)
 *   4. whether a callback registered through Unbound appears in the list where our headers expect
 *      the callback
 *   5. whether settings made through Unbound's own setter appear where our headers expect the
 *      settings
 * Each check alone can miss a difference; a difference missed by all checks is improbable.
 *
 * Threads      init only
 * Decision     D-008
 */
#ifndef SW_HOST_ABI_H
#define SW_HOST_ABI_H

#include "base/policy.h"

#include <stdbool.h>

struct module_env;

/**
 * Whether this process is the Unbound that this module was built for.
 *
 * this_init  address of this module's init(), which dynlibmod has recorded
 * why       set on false: the difference, both versions if known, and a remedy
 */
bool sw_abi_ok(struct module_env *env, int id, const void *this_init, char why[SW_WHY_MAX * 2]);

/** Version of the Unbound that this module was built for, such as "1.17.1". */
const char *sw_abi_built_for(void);

#endif
