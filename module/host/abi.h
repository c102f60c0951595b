/*
 * abi.h - refuse to run inside an Unbound that this module was not built for.
 *
 * Unbound's structures change with its version and its configure options, and nothing in its
 * module interface says which ones a process has. So init() looks before it touches anything:
 *   1. the program's own constants: its version, and the configure line
 *   2. symbols that are there only with an option that changes a structure
 *   3. whether modinfo[id] is dynlibmod's record of this very library (read through the kernel,
 *      so that a wrong place cannot crash the process)
 *   4. whether a callback registered through Unbound appears in the list where our headers say
 *   5. whether settings made through Unbound's own setter are where our headers say
 * Each alone can miss a difference; a difference that all of them miss is improbable.
 *
 * Threads      init only
 */
#ifndef SW_HOST_ABI_H
#define SW_HOST_ABI_H

#include "base/policy.h"

#include <stdbool.h>

struct module_env;

/**
 * Whether this process is the Unbound that we were built for.
 *
 * own_init  address of our init(), which dynlibmod has noted
 * why       on false: what differs, both versions where known, and what to do
 */
bool sw_abi_ok(struct module_env *env, int id, const void *own_init, char why[SW_WHY_MAX * 2]);

/** "1.17.1": the Unbound that this module was built for. */
const char *sw_abi_built_for(void);

#endif
