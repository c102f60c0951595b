/*
 * Formats of lists: the meaning of each kind of line, in the words of formats_rig.h; that pieces
 * and compression change nothing; that a broken record costs only itself.
 */
#include "formats_rig.h"

#include "suite.h"

#include <zlib.h>
#include <zstd.h>

struct sample {
    enum sw_format format; /* that is recognised */
    const char *text, *outcome;
};

static const struct sample samples[] = {
    {SW_FORMAT_PLAIN,
     "\xef\xbb\xbf"
     "A.example\r\n# c\n; c\n\n=b.example # 1, 2\n*.c.example ; x\n192.0.2.0/24\n"
     "2001:DB8::1\nas64500\nb\xc3\xbc"
     "cher.example.\na..b\nx.example;why;y.example\nnews.example##.x\n"
     "http://u.example/x\nu.example/x\nm@m.example\n1.2.3.4:80\nwinhttp.dll\n"
     "d41d8cd98f00b204e9800998ecf8427e\nd[.]example\n.y.example\nlast.example",
     "+a.example\n+=b.example\n+*.c.example\n+192.0.2.0/24\n+2001:db8::1\n+AS64500\n"
     "+xn--bcher-kva.example\n-no indicator: a..b\n-no indicator: x.example;why;y.example\n"
     "-rule about pages: news.example##.x\n-URL or path: http://u.example/x\n-URL or path: "
     "u.example/x\n"
     "-mail address: m@m.example\n-host with a port: 1.2.3.4:80\n-file name: winhttp.dll\n"
     "-digest: d41d8cd98f00b204e9800998ecf8427e\n-defanged spelling: d[.]example\n"
     "-no indicator: .y.example\n+last.example\n"},
    {SW_FORMAT_HOSTS,
     "# c\n127.0.0.1 localhost localhost.localdomain\n::1 ip6-localhost\nfe80::1%lo0 localhost\n"
     "0.0.0.0 0.0.0.0\n0.0.0.0 a.example B.Example # two\n:: c.example\n0 d.example\n"
     "192.168.1.5 nas.lan\n0.0.0.0 *.e.example\n0.0.0.0 192.0.2.1\n0.0.0.0 f..example g.example\n"
     "h.example\n",
     "+=a.example\n+=b.example\n+=c.example\n+=d.example\n"
     "-host with its own address: 192.168.1.5 nas.lan\n-no indicator: *.e.example\n"
     "-no indicator: 192.0.2.1\n-no indicator: f..example\n+=g.example\n-no indicator: "
     "h.example\n"},
    {SW_FORMAT_PLAIN, "192.0.2.3 c2 server\n192.0.2.1\n192.0.2.2\nbad.example\n",
     "-no indicator: 192.0.2.3 c2 server\n+192.0.2.1\n+192.0.2.2\n+bad.example\n"},
    {SW_FORMAT_RPZ,
     "$TTL 30\n$ORIGIN rpz.local.\n@ SOA ns.local. h.local. (\n 1 300 ; serial\n 1800 604800 30 )\n"
     " NS localhost.\nA.example CNAME .\n*.a.example 60 IN CNAME *.\nb.example IN 1h CNAME "
     "rpz-drop.\n"
     "c.example CNAME rpz-tcp-only.\nd.example CNAME rpz-passthru.\ne.example CNAME e.example.\n"
     "f.example A 192.0.2.1\n AAAA 2001:db8::1\ng.example CNAME garden.example.net.\n"
     "h.example TXT \"no; \\\"way\"\nin.example.rpz.local. CNAME .\nout.example.net. CNAME .\n"
     "24.0.2.0.192.rpz-ip CNAME .\n48.zz.1.db8.2001.rpz-ip CNAME .\n1.0.218.230.rpz-ip CNAME .\n"
     "32.1.2.0.192.rpz-client-ip CNAME .\nns.a.example.rpz-nsdname CNAME .\n"
     "32.1.2.0.192.rpz-nsip CNAME .\n$ORIGIN sub.rpz.local.\ni CNAME .\n$INCLUDE x\nj CNAME\n"
     "k CNAME rpz-new.\n",
     "+=a.example nxdomain\n+*.a.example nodata\n+=b.example drop\n+=c.example tcp-only\n"
     "+=d.example !\n+=e.example !\n+=f.example sinkhole {\"rpz\":\"A 192.0.2.1\"}\n"
     "+=f.example sinkhole {\"rpz\":\"AAAA 2001:db8::1\"}\n"
     "+=g.example cname {\"rpz\":\"CNAME garden.example.net.\"}\n-local data that no list can say: "
     "h.example\n"
     "+=in.example nxdomain\n-outside the zone: out.example.net.\n+192.0.2.0/24 nxdomain @address\n"
     "+2001:db8:1::/48 nxdomain @address\n+230.218.0.1 nxdomain @address\n"
     "+192.0.2.1 nxdomain @client\n+=ns.a.example nxdomain @nsdname\n+192.0.2.1 nxdomain @nsip\n"
     "+=i.sub nxdomain\n-data of another kind: $INCLUDE\n-no indicator: j\n"
     "-local data that no list can say: k\n"},
    {SW_FORMAT_CSV,
     "\"type\",\"value\",\"first_seen\",\"comment\"\ndomain,a.example,2026-01-01,\"one, "
     "\"\"two\"\"\"\n"
     "hostname,b.example,,\nurl,http://c.example/,,\nmd5,x,,\nip,192.0.2.1,,\ndomain,,,\n"
     "domain,\"d.example,,\n",
     "+a.example {\"first_seen\":\"2026-01-01\",\"note\":\"one, \\\"two\\\"\"}\n+=b.example\n"
     "-URL or path: url,http://c.example/,,\n-digest: md5,x,,\n+192.0.2.1\n-no indicator: "
     "domain,,,\n"
     "-no indicator: domain,\"d.example,,\n"},
    {SW_FORMAT_CSV, "domain;note\nbad1.example;c2\n", "+bad1.example {\"note\":\"c2\"}\n"},
    {SW_FORMAT_CSV, "a\tdomain\tpath\n1\tb.example\t\n2\tc.example\t/x\n",
     "+b.example\n-URL or path: 2\tc.example\t/x\n"},
    {SW_FORMAT_CSV,
     "# \"first_seen_utc\",\"ioc_id\",\"ioc_value\"\n\"2026-01-08 "
     "15:23:26\",\"1\",\"c2.example\"\n",
     "+c2.example {\"first_seen\":\"2026-01-08 15:23:26\"}\n"},
    {SW_FORMAT_CSV, "1,a.example,x\n2,b.example,y\n",
     "-no indicator: 1,a.example,x\n"
     "-no indicator: 2,b.example,y\n"},
    {SW_FORMAT_ADBLOCK,
     "[Adblock Plus 2.0]\n! c\n||a.example^\n||*.b.example^\n|c.example^\n@@||d.example^\n"
     "||e.example^$important\n||f.example^$third-party\n||g.example^$dnsrewrite=NXDOMAIN\n"
     "news.example##.banner\nshop.example#@#.ad\ndaily.example#?#.x:has-text(a)\n"
     "bank.example#$#body { x "
     "}\nexample.org#%#//scriptlet(\"x\")\na.example,b.example##.x\n-ad-300x600-\n/banner/*\n/"
     "ad[0-9]/\n||h.example/x^\n"
     "||i*.example^\nplain.example\n0.0.0.0 host.example\n# c\n||192.0.2.1^\n",
     "+a.example\n+*.b.example\n+=c.example\n+d.example !\n+e.example\n"
     "-rule about some requests: ||f.example^$third-party\n+g.example nxdomain\n"
     "-rule about pages: news.example##.banner\n-rule about pages: shop.example#@#.ad\n"
     "-rule about pages: daily.example#?#.x:has-text(a)\n-rule about pages: bank.example#$#body { "
     "x }\n"
     "-rule about pages: example.org#%#//scriptlet(\"x\")\n-rule about pages: "
     "a.example,b.example##.x\n-pattern: -ad-300x600-\n"
     "-URL or path: /banner/*\n-pattern: /ad[0-9]/\n-URL or path: ||h.example/x^\n"
     "-pattern: ||i*.example^\n+=plain.example\n+=host.example\n+192.0.2.1\n"},
    {SW_FORMAT_DNSMASQ,
     "# "
     "c\naddress=/a.example/0.0.0.0\naddress=/.b.example/#\nserver=/c.example/\nlocal=/d.example/"
     "e.example/\n"
     "address=/f.example/\nserver=/g.example/#\nserver=/h.example/192.0.2.1\nport=53\n",
     "+a.example sinkhole\n+b.example sinkhole\n+c.example nxdomain\n+d.example nxdomain\n"
     "+e.example nxdomain\n+f.example nxdomain\n+g.example !\n"
     "-data of another kind: server=/h.example/192.0.2.1\n-data of another kind: port=53\n"},
    {SW_FORMAT_UNBOUND,
     "server:\nlocal-zone: \"a.example.\" always_nxdomain\nlocal-zone: 'b.example' redirect\n"
     "local-data: \"b.example A 0.0.0.0\"\nlocal-data: \"c.example A 0.0.0.0\"\n"
     "local-zone: d.example always_transparent\nlocal-zone: e.example refuse # c\nlocal-zone: "
     "f.example odd\n"
     "verbosity: 1\n",
     "+a.example nxdomain\n+b.example sinkhole\n+=c.example sinkhole\n+d.example !\n"
     "+e.example refused\n-data of another kind: local-zone: f.example odd\n"
     "-data of another kind: verbosity: 1\n"},
    {SW_FORMAT_MALTRAIL,
     "# Copyright (c) 2014-2026 Maltrail developers\n\n# Reference: https://report.example/1\n\n"
     "a.example\n1.2.3.4:443\n/path.php\nb.example/x\n192.0.2.1\n",
     "+a.example {\"reference\":\"https://report.example/1\"}\n-host with a port: 1.2.3.4:443\n"
     "-URL or path: /path.php\n-URL or path: b.example/x\n+192.0.2.1 "
     "{\"reference\":\"https://report.example/1\"}\n"},
    {SW_FORMAT_SURICATA, "YS5leGFtcGxl\nLmIuZXhhbXBsZQ==,5\n", "+=a.example\n+b.example\n"},
    {SW_FORMAT_COF,
     "{\"rrname\":\"a.example.\",\"rrtype\":\"A\",\"rdata\":\"192.0.2.1\",\"time_first\":"
     "1420070400,"
     "\"count\":3}\n{\"rrname\":\"b..example\",\"rrtype\":\"A\"}\n{\"rrtype\":\"A\"}\n",
     "+=a.example {\"first_seen\":\"2015-01-01T00:00:00.000Z\"}\n-no indicator: b..example\n"
     "-data of another kind: {\"rrtype\":\"A\"}\n"},
    {SW_FORMAT_JSON,
     "{\"indicator\":\"a.example\",\"confidence\":80,\"tlp\":\"amber\"}\n{\"hostname\":\"b."
     "example\"}\n"
     "{\"domain\":\"c.example\",}\n{\"asn\":64500}\n{\"url\":\"http://x.example/"
     "\"}\n{\"ip\":\"192.0.2.1\"}",
     "+a.example {\"confidence\":80,\"tlp\":\"amber\"}\n+=b.example\n"
     "-no indicator: {\"domain\":\"c.example\",}\n+AS64500\n-URL or path: "
     "{\"url\":\"http://x.example/\"}\n"
     "+192.0.2.1\n"},
    {SW_FORMAT_JSON,
     "[\"a.example\", \"192.0.2.1\", {\"domain\": \"b.example\"}, 5, \"b\\u0061d.example\"]",
     "+a.example\n+192.0.2.1\n+b.example\n+bad.example\n"},
    {SW_FORMAT_JSON,
     "{\"name\":\"w\",\"list\":[\".a.example\",\"b.example\"],\"types\":[\"host\"]}",
     "+a.example\n+b.example\n"},
    {SW_FORMAT_JSON,
     "{\"status\":\"ok\",\"data\":[{\"ioc\":\"a.example\"},{\"ioc\":\"b.example\"}]}",
     "+a.example\n+b.example\n"},
    {SW_FORMAT_MISP,
     "{\"response\":[{\"Event\":{\"info\":\"Carbanak\",\"Orgc\":{\"name\":\"CERT\"},\"Attribute\":["
     "\n"
     "{\"type\":\"domain\",\"value\":\"a.example\",\"to_ids\":true,\"comment\":\"c2\"},\n"
     "{\"type\":\"hostname\",\"value\":\"b.example\",\"to_ids\":\"1\"},\n"
     "{\"type\":\"domain\",\"value\":\"c.example\",\"to_ids\":false},\n"
     "{\"type\":\"domain\",\"value\":\"d.example\",\"to_ids\":true,\"deleted\":true},\n"
     "{\"type\":\"ip-dst\",\"value\":\"192.0.2.1\",\"to_ids\":true},\n"
     "{\"type\":\"ip-dst|port\",\"value\":\"192.0.2.1|80\",\"to_ids\":true},\n"
     "{\"type\":\"domain|ip\",\"value\":\"e.example|192.0.2.9\",\"to_ids\":true},\n"
     "{\"type\":\"md5\",\"value\":\"x\",\"to_ids\":true},\n{\"type\":\"domain\",},\n"
     "{\"type\":\"AS\",\"value\":\"AS64500\",\"to_ids\":true},\n],\"Object\":[{\"name\":\"o\","
     "\"Attribute\":[\n"
     "{\"type\":\"domain\",\"value\":\"f.example\",\"to_ids\":true}]}],\n"
     "\"RelatedEvent\":[{\"Event\":{\"info\":\"other\"}}],\"Tag\":[{\"name\":\"tlp:amber\"}]}}]}",
     "+a.example "
     "{\"campaign\":\"Carbanak\",\"provider\":\"CERT\",\"tlp\":\"amber\",\"note\":\"c2\"}\n"
     "+=b.example {\"campaign\":\"Carbanak\",\"provider\":\"CERT\",\"tlp\":\"amber\"}\n"
     "-not for detection, or withdrawn: c.example\n-not for detection, or withdrawn: d.example\n"
     "+192.0.2.1 {\"campaign\":\"Carbanak\",\"provider\":\"CERT\",\"tlp\":\"amber\"}\n"
     "-host with a port: 192.0.2.1|80\n"
     "+e.example {\"campaign\":\"Carbanak\",\"provider\":\"CERT\",\"tlp\":\"amber\"}\n-digest: x\n"
     "-no indicator: {\"type\":\"domain\",}\n"
     "+AS64500 {\"campaign\":\"Carbanak\",\"provider\":\"CERT\",\"tlp\":\"amber\"}\n"
     "+f.example {\"campaign\":\"Carbanak\",\"provider\":\"CERT\",\"tlp\":\"amber\"}\n"},
    {SW_FORMAT_STIX,
     "{\"type\":\"bundle\",\"objects\":[{\"type\":\"identity\",\"id\":\"identity--1\",\"name\":"
     "\"CERT\"},\n"
     "{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"created_by_ref\":\"identity--1\","
     "\"confidence\":70,"
     "\"valid_until\":\"2030-01-01T00:00:00Z\","
     "\"object_marking_refs\":[\"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82\"],"
     "\"pattern\":\"[domain-name:value = 'a.example']\"},\n"
     "{\"type\":\"indicator\",\"pattern\":\"[domain-name:value='b.example' OR ipv4-addr:value IN "
     "('192.0.2.1','192.0.2.2')] OR [url:value='http://x/']\"},\n"
     "{\"type\":\"indicator\",\"pattern\":\"[domain-name:value='c.example' AND file:name='x']\"},\n"
     "{\"type\":\"indicator\",\"pattern\":\"[domain-name:value MATCHES 'c']\"},\n"
     "{\"type\":\"indicator\",\"pattern\":\"[domain-name:value='c.example'] FOLLOWEDBY "
     "[file:name='x']\"},\n"
     "{\"type\":\"indicator\",\"pattern\":\"[domain-name:value='c.example'] WITHIN 5 SECONDS\"},\n"
     "{\"type\":\"indicator\",\"revoked\":true,\"pattern\":\"[domain-name:value='d.example']\"},\n"
     "{\"type\":\"indicator\",\"pattern_type\":\"yara\",\"pattern\":\"rule\"},\n"
     "{\"type\":\"indicator\",\"pattern\":\"[autonomous-system:number = 64500]\"},\n"
     "{\"type\":\"indicator\",\"pattern\":\"[ipv4-addr:value ISSUBSET '198.51.100.0/24']\"},\n"
     "{\"type\":\"indicator\",\"pattern\":\"[network-traffic:dst_ref.type = 'ipv4-addr' AND "
     "network-traffic:dst_ref.value = '192.0.2.7']\"},\n"
     "{\"type\":\"indicator\",\"pattern\":\"[domain-name:value = "
     "'e\"},\n{\"type\":\"domain-name\",\"value\":\"f.example\"}]}",
     "+=a.example "
     "{\"confidence\":70,\"expires\":\"2030-01-01T00:00:00Z\",\"tlp\":\"amber\",\"provider\":"
     "\"CERT\"}\n"
     "+=b.example\n+192.0.2.1\n+192.0.2.2\n-URL or path: http://x/\n"
     "-pattern: [domain-name:value='c.example' AND file:name='x']\n-pattern: [domain-name:value "
     "MATCHES 'c']\n"
     "-pattern: [domain-name:value='c.example'] FOLLOWEDBY [file:name='x']\n"
     "-pattern: [domain-name:value='c.example'] WITHIN 5 SECONDS\n"
     "-not for detection, or withdrawn: [domain-name:value='d.example']\n-pattern: rule\n+AS64500\n"
     "+198.51.100.0/24\n+192.0.2.7\n-pattern: [domain-name:value = 'e\n"
     "-data of another kind: {\"type\":\"domain-name\",\"value\":\"f.example\"}\n"},
};

#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static void check_sample(const struct sample *sample, const char *how)
{
    ck_assert_msg(outcome.format == sample->format, "%s: taken for %s, is %s:\n%s", how,
                  sw_format_name(outcome.format), sw_format_name(sample->format), sample->text);
    ck_assert_msg(outcome.status == SW_OK, "%s: status %d of\n%s", how, outcome.status,
                  sample->text);
    ck_assert_msg(strcmp(outcome.text, sample->outcome) == 0, "%s: read\n%s\ngave\n%s\nand not\n%s",
                  how, sample->text, outcome.text, sample->outcome);
}

START_TEST(each_kind_of_line_means_what_its_format_says)
{
    const struct sample *sample = &samples[_i];
    read_pieces(&(struct sw_reader_options){0}, sample->text, strlen(sample->text), SIZE_MAX / 2);
    check_sample(sample, "whole");
}
END_TEST

START_TEST(pieces_of_any_length_change_nothing)
{
    const struct sample *sample = &samples[_i];
    static const size_t pieces[] = {1, 2, 3, 7, 64};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        read_pieces(&(struct sw_reader_options){0}, sample->text, strlen(sample->text), pieces[i]);
        check_sample(sample, "in pieces");
        read_pieces(&(struct sw_reader_options){.format = sample->format}, sample->text,
                    strlen(sample->text), pieces[i]);
        check_sample(sample, "by name of the format");
    }
}
END_TEST

/* A member of gzip around a text; returns its length. */
static size_t gzip(const char *text, char *out, size_t room)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)text,
                  .avail_in = (uInt)strlen(text),
                  .next_out = (Bytef *)out,
                  .avail_out = (uInt)room};
    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

START_TEST(compression_changes_nothing_and_a_cut_is_told)
{
    const struct sample *sample = &samples[_i];
    static char packed[16384];
    for (int zstd = 0; zstd < 2; zstd++) {
        size_t len =
            zstd ? ZSTD_compress(packed, sizeof(packed), sample->text, strlen(sample->text), 3)
                 : gzip(sample->text, packed, sizeof(packed));
        for (size_t piece = 1; piece < 40; piece += 19) {
            read_pieces(&(struct sw_reader_options){0}, packed, len, piece);
            check_sample(sample, "packed");
        }
        read_pieces(&(struct sw_reader_options){0}, packed, len - 1, 100);
        ck_assert_int_eq(outcome.status, SW_EFORMAT);
    }
}
END_TEST

START_TEST(two_members_of_gzip_are_one_text)
{
    static char packed[1000];
    size_t len = gzip("a.example\nb.ex", packed, sizeof(packed));
    len += gzip("ample\n", packed + len, sizeof(packed) - len);
    read_pieces(&(struct sw_reader_options){0}, packed, len, 5);
    ck_assert_str_eq(outcome.text, "+a.example\n+b.example\n");
}
END_TEST

START_TEST(what_is_no_list_is_told)
{
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        {"<!DOCTYPE html>\n<html><body>moved</body></html>\n", 48},
        {"\n  <html>", 9},
        {"\xff\xfe"
         "a\0.\0",
         6},
        {"\x1f\x8b\x08\x00 broken and broken and broken", 35},
        {"\x28\xb5\x2f\xfd broken and broken", 22},
        {"{\"objects\":[{\"type\":\"indicator\"", 30},
        {"[\"a.example\"", 12},
        {"$TTL 1\n@ SOA a b ( 1 2 3", 24},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        read_pieces(&(struct sw_reader_options){0}, cases[i].text, cases[i].len, 4);
        ck_assert_msg(outcome.status == SW_EFORMAT, "case %zu is taken: %s", i, outcome.text);
    }
}
END_TEST

START_TEST(a_line_or_object_over_the_limit_costs_only_itself)
{
    size_t len = 3 * 1024 * 1024;
    char *text = malloc(len);
    ck_assert_ptr_nonnull(text);
    for (size_t piece = 1000; piece < len; piece *= 40) {
        memset(text, 'a', len);
        memcpy(text, "a.example\n", 10);
        memcpy(text + len - 12, "\nb.example\n\n", 12);
        read_pieces(&(struct sw_reader_options){0}, text, len, piece);
        ck_assert_uint_eq(outcome.entries, 2);
        ck_assert_uint_eq(outcome.rejects, 1);
        memset(text, 'a', len);
        memcpy(text, "{\"domain\":\"a.example\"}\n{\"x\":\"", 29);
        memcpy(text + len - 26, "\"}\n{\"domain\":\"b.example\"}\n", 26);
        read_pieces(&(struct sw_reader_options){0}, text, len, piece);
        ck_assert_uint_eq(outcome.entries, 2);
        ck_assert_uint_eq(outcome.rejects, 1);
    }
    free(text);
}
END_TEST

static void read_with(const struct sw_reader_options *options, const char *text)
{
    read_pieces(options, text, strlen(text), 5);
}

START_TEST(options_do_what_they_say)
{
    read_with(&(struct sw_reader_options){.refang = true},
              "a[.]example\nb(dot)example\nhxxp://c[.]example/x\n192[.]0[.]2[.]1\n");
    ck_assert_str_eq(outcome.text,
                     "+a.example\n+b.example\n-URL or path: hxxp://c[.]example/x\n+192.0.2.1\n");
    read_with(&(struct sw_reader_options){.scope = SW_SCOPE_BOTH, .format = SW_FORMAT_HOSTS},
              "0.0.0.0 a.example\n");
    ck_assert_str_eq(outcome.text, "+a.example\n");
    read_with(&(struct sw_reader_options){.scope = SW_SCOPE_EXACT}, "*.a.example\n192.0.2.1\n");
    ck_assert_str_eq(outcome.text, "+=a.example\n+192.0.2.1\n");
    read_with(&(struct sw_reader_options){.format = SW_FORMAT_CSV, .columns = ",,indicator,,note"},
              "1|2|a.example|x|c2\n1|2||x|c2\n");
    ck_assert_str_eq(outcome.text, "+a.example {\"note\":\"c2\"}\n-no indicator: 1|2||x|c2\n");
    read_with(&(struct sw_reader_options){.format = SW_FORMAT_RPZ, .origin = "rpz.local"},
              "a.example.rpz.local. CNAME .\nb.example CNAME .\n");
    ck_assert_str_eq(outcome.text, "+=a.example nxdomain\n+=b.example nxdomain\n");
    read_with(
        &(struct sw_reader_options){.format = SW_FORMAT_RPZ, .given = true},
        "$ORIGIN rpz.local.\na TXT \"no; \\\"way\" two\nb MX 10 mail\n SRV 1 2 3 @\nc CNAME g\n"
        "d CNAME *.G.example.\n* CNAME .\ne AAAA 2001:DB8:0::1\nf A 1\ng TYPE65 \\# 1 0A\n"
        "h CNAME rpz-passthru.\n");
    ck_assert_str_eq(
        outcome.text,
        "+=a sinkhole TXT \"no; \\\"way\" \"two\"\n+=b sinkhole MX 10 mail.rpz.local.\n"
        "+=b sinkhole SRV 1 2 3 rpz.local.\n+=c cname g.rpz.local\n"
        "+=d cname *.g.example\n-pattern: *\n+=e sinkhole AAAA 2001:db8::1\n"
        "-local data that no list can say: f\n+=g sinkhole TYPE65 \\# 1 0a\n+=h !\n");
    read_with(&(struct sw_reader_options){.given = true},
              "$TTL 60\n@ SOA a. b. 1 2 3 4 5\n*.a PTR b.\n*.a TYPE65 \\# 0\n");
    ck_assert_str_eq(outcome.text, "+*.a sinkhole PTR b.\n+*.a sinkhole TYPE65 \\# 0\n");
    read_with(&(struct sw_reader_options){.whole = true}, "a.example\nc8");
    ck_assert_int_eq(outcome.status, SW_EFORMAT);
    ck_assert_str_eq(outcome.text, "+a.example\n");
}
END_TEST

START_TEST(zones_as_compilers_of_zones_write_them)
{
    read_with(&(struct sw_reader_options){0},
              "rpz.local.\t30 IN SOA\tlocalhost. root.localhost. 1 2 3 4 5\n"
              "rpz.local.\t30 IN NS\tlocalhost.\na.example.rpz.local.\t30 IN CNAME\t.\n"
              "b.example.other.\t30 IN CNAME\t.\n");
    ck_assert_int_eq(outcome.format, SW_FORMAT_RPZ);
    ck_assert_str_eq(outcome.text, "+=a.example nxdomain\n-outside the zone: b.example.other.\n");
    read_with(&(struct sw_reader_options){0}, "$ORIGIN .\n$TTL 30\nrpz.local IN SOA localhost "
                                              "root.localhost ( 1 2 3 4 5 )\n NS localhost\n"
                                              "$ORIGIN rpz.local.\na.example CNAME .\n");
    ck_assert_str_eq(outcome.text, "+=a.example nxdomain\n");
}
END_TEST

START_TEST(names_of_formats)
{
    enum sw_format format = SW_FORMAT_AUTO;
    for (int i = 0; i < SW_FORMAT_COUNT; i++) {
        ck_assert_int_eq(sw_format_parse(sw_format_name((enum sw_format)i), &format), SW_OK);
        ck_assert_int_eq(format, i);
        ck_assert(i == 0 || sw_format_meaning(format)[0]);
    }
    ck_assert_int_eq(sw_format_parse("Hosts", &format), SW_ENOTFOUND);
    for (int i = 0; i < SW_REJECT_COUNT; i++)
        ck_assert_str_ne(sw_reject_name((enum sw_reject)i), "");
}
END_TEST

int main(void)
{
    return RUN_SUITE("formats", LOOP(each_kind_of_line_means_what_its_format_says, SAMPLES),
                     TESTS(zones_as_compilers_of_zones_write_them, names_of_formats), TIMEOUT(120),
                     LOOP(pieces_of_any_length_change_nothing, SAMPLES),
                     LOOP(compression_changes_nothing_and_a_cut_is_told, SAMPLES),
                     TESTS(two_members_of_gzip_are_one_text, what_is_no_list_is_told,
                           a_line_or_object_over_the_limit_costs_only_itself,
                           options_do_what_they_say));
}
