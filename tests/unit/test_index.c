/*
 * test_index.c - the index by example: forms, labels, letter case, prefixes, AS numbers, bad
 * input. Lists and sizes: test_index_lists.c. Random transactions: test_index_model.c.
 */
#include "index_words.h"

#include "index/hash.h"
#include "index/table.h"
#include "suite.h"

/* ---- names ---- */

START_TEST(an_empty_index_finds_nothing)
{
    struct sw_view view = sw_index_view(ix);
    ck_assert(!view.any_domain && !view.any_prefix && !view.any_asn);
    ck_assert_str_eq(name_hits("systemsvc.net"), "");
    ck_assert_str_eq(addr_hits("213.24.76.23"), "");
    ck_assert_str_eq(asn_hits(8342), "");
    ck_assert_ptr_null(sw_view_list(&view, 0));
    ck_assert_ptr_null(sw_view_list(&view, SW_LISTS_MAX));
}
END_TEST

START_TEST(the_three_forms)
{
    sw_list_id l = list("l");
    must_add(l, "sub.test");
    must_add(l, "=exact.test");
    must_add(l, "*.below.test");
    ck_assert_str_eq(name_hits("sub.test"), "l sub.test");
    ck_assert_str_eq(name_hits("a.b.sub.test"), "l sub.test");
    ck_assert_str_eq(name_hits("exact.test"), "l =exact.test");
    ck_assert_str_eq(name_hits("a.exact.test"), "");
    ck_assert_str_eq(name_hits("below.test"), "");
    ck_assert_str_eq(name_hits("a.below.test"), "l *.below.test");
    ck_assert_str_eq(name_hits("test"), "");
    ck_assert_str_eq(name_hits(""), "");
}
END_TEST

START_TEST(label_boundaries_count)
{
    must_add(list("l"), "systemsvc.net");
    ck_assert_str_eq(name_hits("winsystemsvc.net"), "");
    ck_assert_str_eq(name_hits("systemsvc.net.example"), "");
    ck_assert_str_eq(name_hits("system.svc.net"), "");
    ck_assert_str_eq(name_hits("systemsvc.ne"), "");
    ck_assert_str_eq(name_hits("win.systemsvc.net"), "l systemsvc.net");
}
END_TEST

START_TEST(letter_case_does_not_count)
{
    must_add(list("l"), "SystemSvc.Net");
    ck_assert_str_eq(name_hits("sYSTEMsVC.nET"), "l systemsvc.net");
    ck_assert_str_eq(name_hits("WWW.SYSTEMSVC.NET"), "l systemsvc.net");
    ck_assert_str_eq(name_hits("[ystemsvc.net"), ""); /* '[' is 'Z' + 1, as '{' is 'z' + 1 */
}
END_TEST

/* Every octet value at every place of a name of every length, and zeros behind the name. */
START_TEST(only_letters_are_folded)
{
    for (unsigned c = 0; c < 256; c++) {
        for (size_t at = 0, len = 1; len <= SW_NAME_MAX; at + 1 < len ? at++ : (at = 0, len++)) {
            uint8_t in[SW_NAME_MAX], out[SW_NAME_MAX + 17], want[SW_NAME_MAX + 17] = {0};
            if (len > 100 && at % 16 > 1)
                continue;
            memset(in, 'a', len);
            memset(want, 'a', len);
            in[at] = (uint8_t)c;
            want[at] = (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
            sw_hash_fold(out, in, len);
            if (memcmp(out, want, len + 16) != 0)
                ck_abort_msg("octet %u at %zu of %zu", c, at, len);
        }
    }
}
END_TEST

/* A label's hash depends on each octet of the label and on no other, at any place of the name. */
START_TEST(labels_are_hashed_whole)
{
    static const size_t sizes[] = {1, 2, 7, 8, 9, 14, 15, 16, 17, 31, 62, 63};
    struct sw_hash_key key;
    ck_assert_int_eq(sw_hash_key_init(&key), SW_OK);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        uint8_t label[64 + 16] = {(uint8_t)sizes[i]};
        memset(label + 1, 'x', sizes[i]);
        struct sw_sum sum = sw_hash_start(&key, 0), other;
        sw_hash_label(&sum, key.factor[0][5], label);
        for (size_t at = 0; at < sizeof(label); at++) {
            label[at] ^= at == 0 ? 0 : 1; /* the length octet stays */
            other = sw_hash_start(&key, 0);
            sw_hash_label(&other, key.factor[0][5], label);
            label[at] ^= at == 0 ? 0 : 1;
            bool same = sw_hash_upper_half(&other) == sw_hash_upper_half(&sum);
            ck_assert_msg(same == (at == 0 || at > sizes[i]), "label of %zu, octet %zu", sizes[i],
                          at);
        }
        struct sw_sum shorter = sw_hash_start(&key, 0);
        label[0]--;
        sw_hash_label(&shorter, key.factor[0][5], label);
        ck_assert(sw_hash_upper_half(&shorter) != sw_hash_upper_half(&sum));
    }
}
END_TEST

START_TEST(most_specific_first)
{
    sw_list_id a = list("a"), b = list("b");
    must_add(a, "test");
    must_add(b, "=x.y.test");
    must_add(a, "*.y.test");
    must_add(b, "y.test");
    ck_assert_str_eq(name_hits("x.y.test"), "b =x.y.test, a *.y.test, b y.test, a test");
    ck_assert_str_eq(name_hits("y.test"), "b y.test, a test");
}
END_TEST

START_TEST(several_lists_and_forms_on_one_name)
{
    sw_list_id a = list("a"), b = list("b");
    must_add(b, "n.test");
    must_add(a, "*.n.test");
    must_add(a, "=n.test");
    must_add(a, "n.test");
    ck_assert_str_eq(name_hits("n.test"), "a n.test, a =n.test, b n.test");
    ck_assert_str_eq(name_hits("x.n.test"), "a n.test, a *.n.test, b n.test");
    ck_assert_int_eq(del(a, "n.test"), SW_OK);
    ck_assert_str_eq(name_hits("n.test"), "a =n.test, b n.test");
    ck_assert_int_eq(del(b, "n.test"), SW_OK);
    ck_assert_int_eq(del(a, "=n.test"), SW_OK);
    ck_assert_str_eq(name_hits("n.test"), "");
    ck_assert_str_eq(name_hits("x.n.test"), "a *.n.test");
}
END_TEST

START_TEST(surplus_hits_drop_the_least_specific)
{
    sw_list_id l = list("l");
    char text[128] = "z";
    for (int i = 0; i < 20; i++) {
        must_add(l, text);
        memmove(text + 2, text, strlen(text) + 1);
        memcpy(text, "z.", 2);
    }
    struct sw_hit hits[HITS_MAX];
    uint8_t wire[SW_NAME_MAX];
    size_t len = wire_of(text, wire);
    ck_assert_uint_eq(find_wire(wire, len, hits, HITS_MAX), HITS_MAX);
    for (unsigned i = 0; i < HITS_MAX; i++)
        ck_assert_uint_eq(hits[i].labels, 20 - i);
    ck_assert_uint_eq(find_wire(wire, len, hits, 3), 3);
    ck_assert_uint_eq(hits[2].labels, 18);
    ck_assert_uint_eq(find_wire(wire, len, NULL, 0), 0);
}
END_TEST

/* Every label length at every distance from the ends of the name: tails are read whole words. */
START_TEST(label_lengths)
{
    sw_list_id l = list("l");
    for (size_t n = 1; n <= SW_LABEL_MAX; n++) {
        for (size_t m = 1; m <= 9; m++) {
            struct sw_indicator i = {.type = SW_INDICATOR_DOMAIN, .form = SW_FORM_EXACT};
            i.name.len = (uint8_t)(n + m + 3);
            i.name.wire[0] = (uint8_t)n;
            memset(i.name.wire + 1, 'a', n);
            i.name.wire[n + 1] = (uint8_t)m;
            memset(i.name.wire + n + 2, 'b', m);
            struct sw_hit hits[HITS_MAX];
            ck_assert_uint_eq(find_wire(i.name.wire, i.name.len, hits, HITS_MAX), 0);
            ck_assert_int_eq(sw_index_add(ix, l, &i), SW_OK);
            i.name.wire[1] = 'A';
            ck_assert_uint_eq(find_wire(i.name.wire, i.name.len, hits, HITS_MAX), 1);
            i.name.wire[n] = 'x';
            ck_assert_uint_eq(find_wire(i.name.wire, i.name.len, hits, HITS_MAX), 0);
        }
    }
}
END_TEST

START_TEST(the_deepest_name)
{
    struct sw_indicator i = {.type = SW_INDICATOR_DOMAIN, .form = SW_FORM_SUBTREE};
    for (unsigned k = 0; k < SW_LABELS_MAX; k++) {
        i.name.wire[2 * k] = 1;
        i.name.wire[2 * k + 1] = (uint8_t)('a' + k % 26);
    }
    i.name.len = SW_NAME_MAX;
    ck_assert_int_eq(sw_index_add(ix, list("l"), &i), SW_OK);
    must_add(list("l"), "v.w"); /* the last labels: 125 % 26, 126 % 26 */
    struct sw_hit hits[HITS_MAX];
    ck_assert_uint_eq(find_wire(i.name.wire, SW_NAME_MAX, hits, HITS_MAX), 2);
    ck_assert_uint_eq(hits[0].labels, SW_LABELS_MAX);
    ck_assert_uint_eq(hits[1].labels, 2);
}
END_TEST

START_TEST(what_is_no_name_finds_nothing)
{
    static const struct {
        size_t len;
        uint8_t wire[12];
    } bad[] = {
        {0, {0}},
        {1, {1}},
        {3, {1, 'a', 1}},
        {2, {1, 'a'}},
        {7, {1, 'a', 3, 'n', 'e', 't', 1}},
        {6, {1, 'a', 3, 'n', 'e', 't'}},          /* no root label */
        {8, {1, 'a', 0xc0, 0, 3, 'n', 'e', 't'}}, /* compressed */
        {4, {64, 'a', 'a', 0}},
    };
    sw_list_id l = list("l");
    must_add(l, "net");
    for (size_t b = 0; b < sizeof(bad) / sizeof(*bad); b++) {
        struct sw_hit hits[HITS_MAX];
        ck_assert_uint_eq(find_wire(bad[b].wire, bad[b].len, hits, HITS_MAX), 0);
        struct sw_indicator i = {.type = SW_INDICATOR_DOMAIN};
        i.name.len = (uint8_t)bad[b].len;
        memcpy(i.name.wire, bad[b].wire, bad[b].len);
        ck_assert_int_eq(sw_index_add(ix, l, &i), SW_EINVAL);
    }
    uint8_t longest[300];
    memset(longest, 1, sizeof(longest));
    longest[299] = 0;
    struct sw_hit hits[HITS_MAX];
    ck_assert_uint_eq(find_wire(longest, sizeof(longest), hits, HITS_MAX), 0);
}
END_TEST

/* ---- prefixes, AS numbers ---- */

START_TEST(prefixes_longest_first)
{
    sw_list_id a = list("a"), b = list("b");
    must_add(a, "213.24.0.0/16");
    must_add(b, "213.24.76.23");
    must_add(a, "213.24.76.0/24");
    must_add(a, "128.0.0.0/1");
    ck_assert_str_eq(addr_hits("213.24.76.23"),
                     "b 213.24.76.23, a 213.24.76.0/24, a 213.24.0.0/16, a 128.0.0.0/1");
    ck_assert_str_eq(addr_hits("213.24.77.1"), "a 213.24.0.0/16, a 128.0.0.0/1");
    ck_assert_str_eq(addr_hits("127.255.255.255"), "");
    ck_assert_str_eq(addr_hits("213.24.76.0/24"),
                     "a 213.24.76.0/24, a 213.24.0.0/16, a 128.0.0.0/1");
}
END_TEST

START_TEST(every_prefix_length)
{
    sw_list_id l = list("l");
    struct sw_indicator i = ind("255.255.255.255");
    struct sw_indicator j = ind("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    struct sw_addr whole[2] = {i.addr, j.addr};
    for (unsigned f = 0; f < 2; f++) {
        unsigned bits = sw_addr_bits(&whole[f]);
        for (unsigned plen = 0; plen <= bits; plen++) {
            i.addr = whole[f];
            sw_addr_mask(&i.addr, plen);
            ck_assert_int_eq(sw_index_add(ix, l, &i), SW_OK);
            ck_assert_int_eq(sw_index_add(ix, l, &i), SW_EEXIST);
        }
        struct sw_hit hits[129];
        struct sw_view view = sw_index_view(ix);
        ck_assert_uint_eq(find_addr(&view, &whole[f], hits, 129), bits + 1);
        for (unsigned plen = 0; plen <= bits; plen++)
            ck_assert_uint_eq(hits[plen].plen, bits - plen);
        for (unsigned flip = 0; flip < bits; flip++) {
            struct sw_addr other = whole[f];
            other.octets[flip / 8] ^= (uint8_t)(0x80 >> flip % 8);
            ck_assert_uint_eq(find_addr(&view, &other, hits, 129), flip + 1);
        }
    }
    ck_assert_uint_eq(sw_index_count(ix, l), 33 + 129);
}
END_TEST

START_TEST(families_are_apart)
{
    sw_list_id l = list("l");
    must_add(l, "::/1");
    must_add(l, "32.0.0.0/3");
    ck_assert_str_eq(addr_hits("32.1.13.184"), "l 32.0.0.0/3");
    ck_assert_str_eq(addr_hits("2001:db8::1"), "l ::/1");
    struct sw_addr none = {.family = 0};
    struct sw_hit hits[1];
    struct sw_view view = sw_index_view(ix);
    ck_assert_uint_eq(find_addr(&view, &none, hits, 1), 0);
}
END_TEST

START_TEST(bad_prefixes_are_refused)
{
    sw_list_id l = list("l");
    struct sw_indicator i = ind("192.0.2.0/24");
    i.addr.octets[3] = 1; /* a host bit */
    ck_assert_int_eq(sw_index_add(ix, l, &i), SW_EINVAL);
    i = ind("192.0.2.0/24");
    i.addr.plen = 33;
    ck_assert_int_eq(sw_index_add(ix, l, &i), SW_EINVAL);
    i.addr.family = 5;
    ck_assert_int_eq(sw_index_add(ix, l, &i), SW_EINVAL);
    ck_assert_int_eq(sw_index_remove(ix, l, &i), SW_ENOTFOUND);
    i.type = (enum sw_indicator_type)7;
    ck_assert_int_eq(sw_index_add(ix, l, &i), SW_EINVAL);
    ck_assert_uint_eq(sw_index_count(ix, l), 0);
}
END_TEST

START_TEST(as_numbers)
{
    sw_list_id a = list("a"), b = list("b");
    must_add(a, "AS8342");
    must_add(b, "AS8342");
    must_add(b, "AS4294967295");
    ck_assert_str_eq(asn_hits(8342), "a AS8342, b AS8342");
    ck_assert_str_eq(asn_hits(4294967295), "b AS4294967295");
    ck_assert_str_eq(asn_hits(8343), "");
    ck_assert_str_eq(asn_hits(0), "");
}
END_TEST

START_TEST(any_says_what_shown_lists_have)
{
    sw_list_id a = list("a"), staged;
    must_add(a, "n.test");
    must_add(a, "AS1");
    struct sw_view view = sw_index_view(ix);
    ck_assert(view.any_domain && !view.any_prefix && view.any_asn);
    ck_assert_int_eq(del(a, "AS1"), SW_OK);
    view = sw_index_view(ix);
    ck_assert(view.any_domain && !view.any_prefix && !view.any_asn);
    ck_assert_int_eq(sw_index_stage_begin(ix, a, &staged), SW_OK);
    must_add(staged, "192.0.2.1");
    view = sw_index_view(ix);
    ck_assert(view.any_domain && !view.any_prefix);
    ck_assert_int_eq(sw_index_stage_swap(ix, &a, staged), SW_OK);
    view = sw_index_view(ix);
    ck_assert(!view.any_domain && view.any_prefix);
    ck_assert_int_eq(sw_index_list_drop(ix, a), SW_OK);
    view = sw_index_view(ix);
    ck_assert(!view.any_domain && !view.any_prefix && !view.any_asn);
}
END_TEST

/* A shard of 16 MiB and more has too many pages for the shard's reference: then the header is
 * asked. */
START_TEST(blocks_of_any_size)
{
    static _Alignas(SW_PAGE) uint8_t page[SW_PAGE];
    struct sw_block *block = (struct sw_block *)(void *)page;
    block->buckets = 4096 * SW_BUCKETS_PER_PAGE - 1;
    ck_assert_ptr_eq(sw_block_at((sw_block_ref)block), block);
    ck_assert_ptr_eq(sw_block_at((sw_block_ref)block | 4095), block);
    ck_assert_uint_eq(sw_block_buckets((sw_block_ref)block), block->buckets);
    ck_assert_uint_eq(sw_block_buckets((sw_block_ref)block | 1), SW_BUCKETS_PER_PAGE - 1);
    ck_assert_uint_eq(sw_block_buckets((sw_block_ref)block | 4095), 4095 * SW_BUCKETS_PER_PAGE - 1);
}
END_TEST

int main(void)
{
    return RUN_SUITE("index", TIMEOUT(120), FIXTURE(setup, teardown),
                     TESTS(an_empty_index_finds_nothing, the_three_forms, label_boundaries_count,
                           letter_case_does_not_count, only_letters_are_folded,
                           labels_are_hashed_whole, most_specific_first,
                           several_lists_and_forms_on_one_name,
                           surplus_hits_drop_the_least_specific, label_lengths, the_deepest_name,
                           what_is_no_name_finds_nothing, prefixes_longest_first,
                           every_prefix_length, families_are_apart, bad_prefixes_are_refused,
                           as_numbers, any_says_what_shown_lists_have, blocks_of_any_size));
}
