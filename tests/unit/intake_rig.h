/*
 * intake_rig.h - a folder for the files of a test, and names.
 */
#ifndef SW_TESTS_UNIT_INTAKE_RIG_H
#define SW_TESTS_UNIT_INTAKE_RIG_H

#include "base/name.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64]; /* of a test, with all its files */

static void make_folder(void)
{
    snprintf(folder, sizeof(folder), "/tmp/sw-intake-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static struct sw_name name_of(const char *text)
{
    struct sw_name name;
    ck_assert_int_eq(sw_name_parse(text, strlen(text), &name, NULL), SW_OK);
    return name;
}

#endif
