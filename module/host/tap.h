/*
 * tap.h - copy the records of upstream responses into the ring of the worker, for the memory.
 *
 * The hook for responses (path.h) sees each response of an authority before Unbound caches the
 * response, and no answer from a cache. So a cached answer and a name that is answered without
 * asking upstream leave nothing in the memory (D-160).
 *
 * Recorded are the RRsets of the answer section, and NS and SOA of the authority section, of the
 * types of sw_keeper_takes() in class IN. The bailiwick is the zone whose servers were asked. The
 * additional section is left out, as everywhere in this module (D-121).
 *
 * Threads      the worker that owns the query; wait-free
 * Memory       a struct sw_received on the stack; nothing is allocated
 * Cost         a copy of each RRset
 */
#ifndef SW_HOST_TAP_H
#define SW_HOST_TAP_H

#include "host/module.h"

struct dns_msg;
struct module_qstate;

/** Record a response. Without memory-folder, the function returns at once. */
void sw_tap_response(const struct sw_module *module, const struct module_qstate *qstate,
                     const struct dns_msg *response);

#endif
