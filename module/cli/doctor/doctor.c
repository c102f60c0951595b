/* doctor.c - options, the order of the checks, and the printing of findings. See doctor.h. */
#include "cli/doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEY_UNBOUND = 300, KEY_CONF, KEY_UNIT, KEY_ROOT, KEY_RESOLVER, KEY_CANARY };

static const struct argp_option options[] = {
    {"unbound", KEY_UNBOUND, "PROGRAM", 0, "the Unbound to look at (default: unbound in PATH)", 0},
    {"unbound-conf", KEY_CONF, "FILE", 0, "its settings (default: the program's own)", 0},
    {"unit", KEY_UNIT, "NAME", 0, "its unit of systemd (default: unbound.service)", 0},
    {"system-root", KEY_ROOT, "DIR", 0, "look for AppArmor's files below this folder", 0},
    {"resolver", KEY_RESOLVER, "ADDRESS[@PORT]", 0,
     "ask this resolver for the canary (default: the first interface of unbound.conf)", 0},
    {"canary", KEY_CANARY, "NAME", 0, "a listed name to ask for (default: from the list canary)",
     0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct doctor *d = state->input;
    switch (key) {
    case KEY_UNBOUND:
        d->unbound = arg;
        return 0;
    case KEY_CONF:
        d->conf = arg;
        return 0;
    case KEY_UNIT:
        d->unit = arg;
        return 0;
    case KEY_ROOT:
        d->system_root = arg;
        return 0;
    case KEY_RESOLVER:
        d->resolver = arg;
        return 0;
    case KEY_CANARY:
        d->canary = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct cli_usage usage = {
    .words = "",
    .doc = "Look at each part of an installation that can be broken: Unbound, the module, the "
           "settings as Unbound's user reads them, MMDB files, folders, AppArmor, systemd, the "
           "clock, Redis with the rights of the settings' user, the services beside the "
           "resolver, the feeds, the lists, and the answer to a canary: a listed name. Each "
           "finding has a reason, and a command that mends the fault. "
           "Nothing is changed."
           "\vRun as root: only root can try the rights of Unbound's user. The exit code is 8 when "
           "there is a failure, and 0 with warnings only. A canary:\n"
           "  sinkwatch list set canary --action sinkhole --sinkhole4 192.0.2.1\n"
           "  sinkwatch add canary =canary.example\n\n"
           "Examples:\n"
           "  sinkwatch doctor\n"
           "  sinkwatch doctor --unbound /opt/unbound/sbin/unbound --unbound-conf /etc/u.conf\n"
           "  sinkwatch --json doctor",
    .options = options,
    .parser = parse,
    .max = 0,
};

/* ---- the whole ---- */

static void finish(struct doctor *d)
{
    if (d->cli->json)
        cli_json(json_pack("{s:o,s:i,s:i,s:i}", "findings", d->findings, "ok",
                           (int)d->count[DOCTOR_OK], "warnings", (int)d->count[DOCTOR_WARNING],
                           "failures", (int)d->count[DOCTOR_FAILURE]));
    else
        printf("%u ok, %s, %s\n", d->count[DOCTOR_OK],
               cli_count(d->count[DOCTOR_WARNING], "warning", "warnings"),
               cli_count(d->count[DOCTOR_FAILURE], "failure", "failures"));
    if (!d->cli->json)
        json_decref(d->findings);
    free(d->version);
    free(d->configured);
    free(d->chroot);
    free(d->user);
    free(d->listens);
    free(d->modules);
}

int cli_doctor(struct cli *cli, int argc, char **argv)
{
    struct doctor d = {.cli = cli, .unit = "unbound.service", .system_root = ""};
    char **words;
    cli_parse(cli, &usage, &d, argc, argv, &words);
    d.findings = json_array();
    doctor_unbound(&d);
    doctor_settings(&d);
    doctor_memory(&d);
    doctor_host(&d);
    doctor_redis(&d);
    doctor_services(&d);
    doctor_canary(&d);
    finish(&d);
    return d.count[DOCTOR_FAILURE] ? CLI_FAULT : CLI_OK;
}
