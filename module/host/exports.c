/*
 * exports.c - the six functions that dynlibmod looks up, and nothing else.
 *
 * If the process is not the Unbound that this module was built for, init() fails, which ends the
 * daemon with this module's message. After an upgrade an operator must see this at start, rather
 * than memory corruption later. init() fails for no other reason.
 */
#include "flow/ub.h"
#include "host/abi.h"
#include "host/module.h"
#include "host/path.h"

#include <string.h>

#define SW_EXPORT __attribute__((visibility("default")))

SW_EXPORT int init(struct module_env *env, int id);
SW_EXPORT void deinit(struct module_env *env, int id);
SW_EXPORT void operate(struct module_qstate *qstate, enum module_ev event, int id,
                       struct outbound_entry *outbound);
SW_EXPORT void inform_super(struct module_qstate *qstate, int id, struct module_qstate *super);
SW_EXPORT void clear(struct module_qstate *qstate, int id);
SW_EXPORT size_t get_mem(struct module_env *env, int id);

/* This file's init(), under a name that is unique in the process. Unbound loads dynlib modules
 * with RTLD_GLOBAL, so an exported name refers to the library that was loaded first. */
extern int sw_this_init(struct module_env *env, int id)
    __attribute__((alias("init"), visibility("hidden")));

SW_EXPORT int init(struct module_env *env, int id)
{
    char why[SW_WHY_MAX * 2];
    int (*self)(struct module_env *, int) = sw_this_init;
    void *this_init;
    memcpy(&this_init, &self, sizeof(this_init));
    if (!sw_abi_ok(env, id, this_init, why)) {
        log_err("sinkwatch: refusing to run: %s", why);
        return 0;
    }
    struct dynlibmod_env *dynlib = env->modinfo[id];
    dynlib->dyn_env = sw_module_start(env, id);
    return 1;
}

SW_EXPORT void deinit(struct module_env *env, int id)
{
    struct dynlibmod_env *dynlib = env->modinfo[id];
    sw_module_stop(dynlib->dyn_env);
    dynlib->dyn_env = NULL;
}

SW_EXPORT void operate(struct module_qstate *qstate, enum module_ev event, int id,
                       struct outbound_entry *outbound)
{
    struct sw_module *module = sw_module_of(qstate->env, id);
    (void)outbound;
    if (module)
        sw_path_operate(module, qstate, event, id);
    else if (event == module_event_new || event == module_event_pass)
        qstate->ext_state[id] = module_wait_module;
    else
        qstate->ext_state[id] = event == module_event_moddone ? module_finished : module_error;
}

SW_EXPORT void inform_super(struct module_qstate *qstate, int id, struct module_qstate *super)
{
    sw_path_inform_super(qstate, id, super);
}

SW_EXPORT void clear(struct module_qstate *qstate, int id)
{
    sw_path_clear(sw_module_of(qstate->env, id), qstate, id);
}

SW_EXPORT size_t get_mem(struct module_env *env, int id)
{
    const struct sw_module *module = sw_module_of(env, id);
    return module ? sizeof(*module) + sw_index_bytes(module->index) : 0;
}
