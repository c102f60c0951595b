#include "host/abi.h"

#include "base/version.h"
#include "flow/ub.h"

#include <ctype.h>
#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define WHY_MAX (SW_WHY_MAX * 2)
#define ADVICE                                                                                     \
    "build sinkwatch.so against this program's own source tree (make UNBOUND_SRC=...), or, with "  \
    "the Debian packages, run make deb and install the packages of both together"

/* For programs that read the file and do not load the module (D-182). */
static const char marker[] __attribute__((used)) =
    SW_MARKER_BEGIN SW_VERSION "\n" PACKAGE_VERSION "\n" CONFCMDLINE "\n";

const char *sw_abi_built_for(void)
{
    return PACKAGE_VERSION;
}

/* ---- 1. the program's constants ---- */

struct constants {
    bool version_ok, options_ok;
    char version[32]; /* version text of the program, "" if not found */
};

static const char unbound_space[] = "unbound ";

/* Take down the version if a constant "unbound X.Y" starts at text. */
static void note_version(struct constants *c, const char *text, const char *end)
{
    size_t n = 0;
    const char *version = text + sizeof(unbound_space) - 1;
    while (version + n < end && n + 1 < sizeof(c->version) &&
           (isalnum((unsigned char)version[n]) || version[n] == '.' || version[n] == '-'))
        n++;
    if (n == 0 || version + n >= end || version[n] != '\0' || !isdigit((unsigned char)*version))
        return;
    memcpy(c->version, version, n);
    c->version[n] = '\0';
    c->version_ok = strcmp(c->version, PACKAGE_VERSION) == 0;
}

static void scan_segment(struct constants *c, const char *start, size_t len)
{
    const char *end = start + len, *at = start;
    while (!c->version_ok &&
           (at = memmem(at, (size_t)(end - at), unbound_space, sizeof(unbound_space) - 1)) != NULL)
        note_version(c, at++, end);
    if (memmem(start, len, CONFCMDLINE, sizeof(CONFCMDLINE)))
        c->options_ok = true;
}

/* dl_iterate_phdr() reports the main program first, and the read-only segments contain the
 * program's constants. */
static int scan_program(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type == PT_LOAD && (ph->p_flags & PF_R) && !(ph->p_flags & PF_W))
            scan_segment(arg, (const char *)(info->dlpi_addr + ph->p_vaddr), ph->p_filesz);
    }
    return 1;
}

static bool constants_ok(char why[WHY_MAX])
{
    struct constants c = {false, false, ""};
    dl_iterate_phdr(scan_program, &c);
    if (!c.version_ok)
        snprintf(why, WHY_MAX, "this program is Unbound %s, the module was built for %s; " ADVICE,
                 c.version[0] ? c.version : "(version not found)", PACKAGE_VERSION);
    else if (!c.options_ok)
        snprintf(why, WHY_MAX,
                 "this program is Unbound %s as the module wants, but was configured with other "
                 "options; " ADVICE,
                 c.version);
    return c.version_ok && c.options_ok;
}

/* ---- 2. symbols of options that change structures ---- */

#ifdef CLIENT_SUBNET
#define HAS_SUBNET true
#else
#define HAS_SUBNET false
#endif
#ifdef USE_CACHEDB
#define HAS_CACHEDB true
#else
#define HAS_CACHEDB false
#endif
#ifdef USE_IPSECMOD
#define HAS_IPSECMOD true
#else
#define HAS_IPSECMOD false
#endif
#ifdef USE_IPSET
#define HAS_IPSET true
#else
#define HAS_IPSET false
#endif
#ifdef USE_DNSCRYPT
#define HAS_DNSCRYPT true
#else
#define HAS_DNSCRYPT false
#endif
#ifdef USE_DNSTAP
#define HAS_DNSTAP true
#else
#define HAS_DNSTAP false
#endif

static bool symbols_ok(char why[WHY_MAX])
{
    static const struct {
        const char *symbol, *option;
        bool expected;
    } probes[] = {
        {"subnetmod_get_funcblock", "--enable-subnet", HAS_SUBNET},
        {"cachedb_get_funcblock", "--enable-cachedb", HAS_CACHEDB},
        {"ipsecmod_get_funcblock", "--enable-ipsecmod", HAS_IPSECMOD},
        {"ipset_get_funcblock", "--enable-ipset", HAS_IPSET},
        {"dnsc_create", "--enable-dnscrypt", HAS_DNSCRYPT},
        {"dt_create", "--enable-dnstap", HAS_DNSTAP},
    };
    for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
        if ((dlsym(RTLD_DEFAULT, probes[i].symbol) != NULL) == probes[i].expected)
            continue;
        snprintf(why, WHY_MAX,
                 "Unbound was configured %s %s, the module was built for an Unbound %s this "
                 "option; " ADVICE,
                 probes[i].expected ? "without" : "with", probes[i].option,
                 probes[i].expected ? "with" : "without");
        return false;
    }
    return true;
}

/* ---- 3. modinfo[id] ---- */

/* Read memory that may not be mapped. False when unreadable. */
static bool peek(const void *at, void *out, size_t len)
{
    struct iovec local = {out, len}, remote;
    memcpy(&remote.iov_base, &at, sizeof(at));
    remote.iov_len = len;
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)len;
}

static bool modinfo_ok(const struct module_env *env, int id, const void *this_init,
                       char why[WHY_MAX])
{
    const void *record = NULL;
    struct dynlibmod_env dynlib;
    if (id >= 0 && id < MAX_MODULE && peek(&env->modinfo[id], &record, sizeof(record)) && record &&
        peek(record, &dynlib, sizeof(dynlib)) &&
        memcmp(&dynlib.func_init, &this_init, sizeof(this_init)) == 0)
        return true;
    snprintf(why, WHY_MAX,
             "modinfo[%d] of this Unbound is not where the headers of Unbound %s have it; " ADVICE,
             id, PACKAGE_VERSION);
    return false;
}

/* ---- 4. callback lists ---- */

static int probe_callback(struct module_qstate *qstate, struct dns_msg *response, int id, void *arg)
{
    (void)qstate, (void)response, (void)id, (void)arg;
    return 1;
}

#define LIST_MAX 64 /* callbacks looked at; other modules register a few */

/* Whether a list contains the callback that was registered for this module. */
static bool registered_at(const struct inplace_cb *at, int id, const void *callback)
{
    struct inplace_cb entry;
    struct cb_pair pair;
    for (int i = 0; i < LIST_MAX && at && peek(at, &entry, sizeof(entry)); i++, at = entry.next)
        if (entry.id == id && peek(entry.cb_arg, &pair, sizeof(pair)) && pair.cb == callback)
            return true;
    return false;
}

static bool callbacks_ok(struct module_env *env, int id, char why[WHY_MAX])
{
    static const enum inplace_cb_list_type types[] = {inplace_cb_reply, inplace_cb_reply_servfail,
                                                      inplace_cb_query_response};
    struct dynlibmod_env *dynlib = env->modinfo[id];
    void *callback = (void *)&probe_callback;
    const struct inplace_cb *first;
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof(types) / sizeof(types[0]); i++) {
        if (!dynlib->inplace_cb_register_wrapped(callback, types[i], NULL, env, id))
            continue; /* no memory: not a difference of the layout */
        ok = peek(&env->inplace_cb_lists[types[i]], &first, sizeof(first)) &&
             registered_at(first, id, callback);
        dynlib->inplace_cb_delete_wrapped(env, types[i], id);
    }
    if (!ok)
        snprintf(why, WHY_MAX,
                 "the callback lists of this Unbound are not where the headers of Unbound %s have "
                 "them; " ADVICE,
                 PACKAGE_VERSION);
    return ok;
}

/* ---- 5. settings ---- */

static bool settings_ok(char why[WHY_MAX])
{
    struct config_file *cfg = config_create();
    if (!cfg)
        return true;
    /* Settings with setters that have no other effect, spread over the structure from first to
     * last. */
    bool ok =
        config_set_option(cfg, "edns-buffer-size:", "1111") && cfg->edns_buffer_size == 1111 &&
        config_set_option(cfg, "infra-keep-probing:", "yes") && cfg->infra_keep_probing == 1 &&
        config_set_option(cfg, "val-bogus-ttl:", "77") && cfg->bogus_ttl == 77 &&
        config_set_option(cfg, "ratelimit-factor:", "13") && cfg->ratelimit_factor == 13 &&
        config_set_option(cfg, "pad-responses-block-size:", "321") &&
        cfg->pad_responses_block_size == 321;
    config_delete(cfg);
    if (!ok)
        snprintf(why, WHY_MAX,
                 "the settings of this Unbound are not where the headers of Unbound %s have "
                 "them; " ADVICE,
                 PACKAGE_VERSION);
    return ok;
}

/* The mark of host/mark.h is stored in 32 bits that Unbound does not use. */
_Static_assert(sizeof(((struct reply_info *)0)->padding) == sizeof(uint32_t),
               "struct reply_info has no unused member of 32 bits");
_Static_assert(offsetof(struct reply_info, padding) % sizeof(uint32_t) == 0 &&
                   offsetof(struct reply_info, ttl) ==
                       offsetof(struct reply_info, padding) + sizeof(uint32_t),
               "the unused member of struct reply_info is elsewhere");

bool sw_abi_ok(struct module_env *env, int id, const void *this_init, char why[WHY_MAX])
{
    return constants_ok(why) && symbols_ok(why) && modinfo_ok(env, id, this_init, why) &&
           settings_ok(why) && callbacks_ok(env, id, why);
}
