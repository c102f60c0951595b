#include "journal/fields.h"

#include <assert.h>

static const char *const paths[] = {
#define SW_FIELD_PATH(id, path) path,
    SW_FIELDS(SW_FIELD_PATH)
#undef SW_FIELD_PATH
};

const char *sw_field_path(enum sw_field field)
{
    assert(field < SW_FIELD_END);
    return paths[field];
}
