"""scripts/make-asn-mmdb and scripts/make-owner-mmdb: tables in, files that mmdblookup reads out."""

import gzip
import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASN = "autonomous_system_number"
ORG = "autonomous_system_organization"


def run(maker, *arguments, **options):
    command = [ROOT / "scripts" / maker, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def table(folder, text, name="table.tsv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def lookup(path, address):
    """The record as a dictionary, or None. mmdblookup prints JSON with <type> after values."""
    command = ["mmdblookup", "-f", str(path), "-i", address]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        return None
    text = re.sub(r"<\w+>", "", result.stdout)
    return json.loads(re.sub(r'(["\d])\s*\n(\s*")', r"\1,\n\2", text.replace(": \n", ": ")))


def prefix_length(path, address):
    command = ["mmdblookup", "-v", "-f", str(path), "-i", address]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return int(re.search(r"Record prefix length: (\d+)", output).group(1))


@pytest.fixture
def make(folder):
    """make(maker, table text, option...) -> the file, which has to be made without complaint."""

    def maker(name, text, *options):
        out = folder / "out.mmdb"
        result = run(name, *options, table(folder, text), out)
        assert result.returncode == 0, result.stderr
        assert result.stderr == ""
        return out

    return maker


def test_asn_table(make):
    out = make(
        "make-asn-mmdb",
        "# network\tasn\torganization\n"
        "\n"
        "213.24.0.0/16\t8342\tJSC RTComm.RU\n"
        "2001:db8::/32\tAS64499\tExämple\n"
        "192.0.2.1\tas64496\n",
    )
    assert lookup(out, "213.24.76.23") == {ASN: 8342, ORG: "JSC RTComm.RU"}
    assert lookup(out, "2001:db8:ffff::1") == {ASN: 64499, ORG: "Exämple"}
    assert lookup(out, "192.0.2.1") == {ASN: 64496}
    assert lookup(out, "192.0.2.2") is None
    assert lookup(out, "213.25.0.0") is None
    assert prefix_length(out, "213.24.76.23") == 96 + 16


def test_table_of_caida(make):
    """routeviews-prefix2as: address, length, origins."""
    rows = ["1.0.0.0\t24\t13335", "192.0.2.0\t25\t64496_64497", "2001:db8::\t32\t64499,64500",
            "198.51.100.0\t24\t{64501,64502}"]  # fmt: skip
    out = make("make-asn-mmdb", "\n".join(rows))
    found = ("1.0.0.255", 13335), ("192.0.2.1", 64496), ("2001:db8::1", 64499), ("198.51.100.9", 64501)
    for address, asn in found:
        assert lookup(out, address) == {ASN: asn}
    assert prefix_length(out, "1.0.0.255") == 96 + 24 and lookup(out, "192.0.2.128") is None


def test_longest_prefix_wins_in_any_order(make):
    rows = ["192.0.2.0/24\t1", "192.0.2.128/25\t2", "192.0.2.200/32\t3", "192.0.0.0/16\t4"]
    for order in (rows, rows[::-1]):
        out = make("make-asn-mmdb", "\n".join(order))
        found = [lookup(out, f"192.0.{rest}")[ASN] for rest in ("2.1", "2.129", "2.200", "3.1")]
        assert found == [1, 2, 3, 4]


def test_ranges(make):
    out = make(
        "make-asn-mmdb",
        "198.51.100.3 - 198.51.100.9\t64497\n2001:db8::5-2001:db8:1::\t64499\n"
        "0.0.0.5 - 0.0.0.5\t64500\n255.255.255.254 - 255.255.255.255\t64501\n",
    )
    inside = ["198.51.100.3", "198.51.100.8", "198.51.100.9", "2001:db8::5", "2001:db8:1::"]
    outside = ["198.51.100.2", "198.51.100.10", "2001:db8::4", "2001:db8:1::1", "0.0.0.4"]
    assert all(lookup(out, address) for address in inside)
    assert not any(lookup(out, address) for address in outside)
    assert lookup(out, "255.255.255.255") == {ASN: 64501}
    assert lookup(out, "0.0.0.5") == {ASN: 64500}


def test_iptoasn_table(make):
    out = make(
        "make-asn-mmdb",
        "1.0.0.0\t1.0.0.255\t13335\tUS\tCLOUDFLARENET\n1.0.1.0\t1.0.3.255\t0\tNone\tNot routed\n",
    )
    assert lookup(out, "1.0.0.77") == {ASN: 13335, ORG: "CLOUDFLARENET"}
    assert lookup(out, "1.0.1.1") is None


@pytest.mark.parametrize("compressed", [False, True])
def test_pyasn_table_with_names(folder, compressed):
    rows = b"; IP-ASN32-DAT file\n; Prefixes : 2\n213.24.0.0/16\t8342\n192.0.2.0/24\t64496\n"
    names = json.dumps({"8342": "RTCOMM-AS OJSC RTComm.RU, RU", "1": "Läb"}).encode()
    if compressed:
        source = table(folder, gzip.compress(rows), "ipasn.dat.gz")
        names = table(folder, gzip.compress(names), "names.json.gz")
    else:
        source, names = table(folder, rows, "ipasn.dat"), table(folder, names, "names.json")
    out = folder / "out.mmdb"
    result = run("make-asn-mmdb", "--names", names, source, out)
    assert result.returncode == 0, result.stderr
    assert lookup(out, "213.24.76.23") == {ASN: 8342, ORG: "RTCOMM-AS OJSC RTComm.RU, RU"}
    assert lookup(out, "192.0.2.1") == {ASN: 64496}


def test_owner_table(make):
    out = make(
        "make-owner-mmdb",
        "213.24.76.0 - 213.24.76.255\tAn agency\tSOME-NET\tru\n"
        "192.0.2.0/24\t\tTEST-NET-1\n198.51.100.0/24\t\t\tDE\n",
    )
    everything = {"registrant": "An agency", "netname": "SOME-NET", "country": "RU"}
    assert lookup(out, "213.24.76.23") == everything
    assert lookup(out, "192.0.2.1") == {"netname": "TEST-NET-1"}
    assert lookup(out, "198.51.100.1") == {"country": "DE"}


RPSL = """\
% This is the RIPE Database copy.

inetnum:        213.24.76.0 - 213.24.76.255
netname:        AGENCY-NET   # a comment
descr:          An agency
descr:          Moscow
country:        RU
org:            ORG-AG1-RIPE
status:         ASSIGNED PA
source:         RIPE

inetnum:        213.24.0.0 - 213.24.255.255
netname:        RTCOMM-NET
descr:          RTComm.RU
                and a second line
country:        RU

inetnum:        0.0.0.0 - 255.255.255.255
netname:        IANA-BLK
descr:          The whole IPv4 address space
country:        EU # Country field is actually all countries in the world

inet6num:       2001:db8::/32
netname:        DOC-V6
org:            ORG-NOT-THERE

organisation:   ORG-AG1-RIPE
org-name:       Federal Agen\u00e7y
org-type:       OTHER

person:         Somebody
nic-hdl:        SB1-RIPE
"""


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1"])
def test_registry_dump(make, encoding):
    out = make("make-owner-mmdb", RPSL.encode(encoding))
    agency = {"registrant": "Federal Agen\u00e7y", "netname": "AGENCY-NET", "country": "RU"}
    assert lookup(out, "213.24.76.23") == agency
    assert lookup(out, "213.24.77.1")["registrant"] == "RTComm.RU"
    assert lookup(out, "192.0.2.1") is None, "the whole address space is nobody's"
    assert lookup(out, "2001:db8::1") == {"netname": "DOC-V6"}


def test_organisations_in_a_dump_of_their_own(folder):
    networks, organisations = RPSL.split("organisation:")
    first = table(folder, networks, "ripe.db.inetnum")
    second = table(folder, gzip.compress(f"organisation:{organisations}".encode()), "org.gz")
    out = folder / "out.mmdb"
    result = run("make-owner-mmdb", first, second, out)
    assert result.returncode == 0, result.stderr
    assert lookup(out, "213.24.76.23")["registrant"] == "Federal Agen\u00e7y"


def test_smaller_range_has_a_prefix_that_both_are_made_of(make):
    """64-255 and 64-511 are both made of .64/26 and .128/25."""
    ranges = {"inner": "10.0.0.64 - 10.0.0.255", "outer": "10.0.0.64 - 10.0.1.255"}
    for order in (["inner", "outer"], ["outer", "inner"]):
        text = "".join(f"inetnum: {ranges[name]}\nnetname: {name}\n\n" for name in order)
        out = make("make-owner-mmdb", text)
        owners = [lookup(out, f"10.0.{rest}")["netname"] for rest in ("0.70", "0.200", "1.7")]
        assert owners == ["inner", "inner", "outer"]


def test_bad_objects_of_a_dump(folder):
    source = table(
        folder,
        "inetnum: 192.0.2.0 - 192.0.2.300\nnetname: A\n\n"
        "inetnum: 198.51.100.0 - 198.51.100.255\nnetname: B\nthis is no attribute\n\n"
        "inetnum: 200.3.12/22\nnetname: C\n",
    )
    out = folder / "out.mmdb"
    result = run("make-owner-mmdb", source, out)
    assert result.returncode == 0
    said = result.stderr.splitlines()
    assert [line.split(": ")[0].rsplit(":", 1)[1] for line in said] == ["1", "6", "8"]
    assert "no address" in said[0] and "name: value" in said[1] and "no address" in said[2]
    assert lookup(out, "198.51.100.1") == {"netname": "B"}


def test_csv_with_names_in_the_first_line(make):
    out = make(
        "make-owner-mmdb",
        "Start Address,End Address,CIDR Count,OrgName,NetName,Country\r\n"
        '192.0.2.0,192.0.2.255,1,"Example, Inc.",EXAMPLE-1,us\r\n'
        "2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff,1,Example,,\r\n",
    )
    record = {"registrant": "Example, Inc.", "netname": "EXAMPLE-1", "country": "US"}
    assert lookup(out, "192.0.2.77") == record
    assert lookup(out, "2001:db8::1") == {"registrant": "Example"}
    out = make("make-owner-mmdb", "cidr,org_name\n192.0.2.0/24,Example\n")
    assert lookup(out, "192.0.2.1") == {"registrant": "Example"}


def test_bad_lines_of_csv(folder):
    source = table(
        folder,
        'network,organization,country\n192.0.2.0/24,"open\n192.0.2.0/24,A\n'
        "192.0.2.0/33,A,\n192.0.2.0/24,A,USA\n198.51.100.0/24,B,\n",
    )
    out = folder / "out.mmdb"
    result = run("make-owner-mmdb", source, out)
    said = result.stderr.splitlines()
    assert [line.split(": ")[0].rsplit(":", 1)[1] for line in said] == ["2", "3", "4", "5"]
    for line, words in zip(said, ("no CSV", "2 fields", "prefix length", "country")):
        assert words in line
    assert lookup(out, "198.51.100.1") == {"registrant": "B"}
    assert lookup(out, "192.0.2.1") is None


def test_statistics_of_a_registry(make):
    out = make(
        "make-owner-mmdb",
        "2|ripencc|1500000000|4|19830705|20150519|+0200\n"
        "ripencc|*|ipv4|*|3|summary\n"
        "ripencc|RU|ipv4|213.24.0.0|768|19990520|allocated\n"
        "ripencc|DE|ipv6|2001:db8::|32|20150101|assigned\n"
        "ripencc||ipv4|192.0.2.0|256||available\n"
        "ripencc|FR|asn|64500|1|20150101|allocated\n",
    )
    assert lookup(out, "213.24.2.255") == {"country": "RU"}
    assert lookup(out, "213.24.3.0") is None
    assert lookup(out, "2001:db8::1") == {"country": "DE"}
    assert lookup(out, "192.0.2.1") is None


def test_several_tables_and_standard_input(folder):
    first = table(folder, "192.0.2.0/24\t1\n", "first.tsv")
    out = folder / "out.mmdb"
    result = run("make-asn-mmdb", first, "-", out, input="198.51.100.0/24\t2\n")
    assert result.returncode == 0, result.stderr
    assert lookup(out, "192.0.2.1") == {ASN: 1}
    assert lookup(out, "198.51.100.1") == {ASN: 2}


def test_windows_line_ends_and_byte_order_mark(make):
    out = make("make-asn-mmdb", b"\xef\xbb\xbf192.0.2.0/24\t64496\tA\r\n198.51.100.0/24\t2\r\n")
    assert lookup(out, "192.0.2.1") == {ASN: 64496, ORG: "A"}
    assert lookup(out, "198.51.100.1") == {ASN: 2}


BAD_ASN = {
    "nonsense\t1": "no address",
    "192.0.2.0/24": "fields",
    "192.0.2.0/24\t1\tname\tmore": "fields",
    "192.0.2.1/24\t1": "host bits",
    "192.0.2.0/33\t1": "prefix length",
    "192.0.2.0/x\t1": "prefix length",
    "0.0.0.0/0\t1": "prefix length",
    "::/0\t1": "prefix length",
    "::ffff:0:0/129\t1": "prefix length",
    "::192.0.2.0/120\t1": "::/96",
    "300.1.1.1/24\t1": "no address",
    "192.0.2.0/24\tASX": "no AS number",
    "192.0.2.0/24\t4294967296": "no AS number",
    "192.0.2.0/24\t-1": "no AS number",
    "192.0.2.0/24\t1_2": "no AS number",
    "192.0.2.0/24\t0": "AS 0",
    "192.0.2.9 - 192.0.2.3\t1": "ends before",
    "192.0.2.9 - 2001:db8::\t1": "one family",
    "192.0.2.0/24\t1\tbell\a": "control character",
    "203.0.113.0/24\t2": "already",
}
BAD_OWNER = {
    "192.0.2.0/24": "fields",
    "192.0.2.0/24\t\t\t": "no registrant",
    "192.0.2.0/24\tA\tB\tRUS": "country",
    "192.0.2.0/24\tA\tB\tDE\tbank\tmore": "fields",
}


@pytest.mark.parametrize(
    "maker, bad",
    [("make-asn-mmdb", BAD_ASN), ("make-owner-mmdb", BAD_OWNER)],
)
def test_bad_lines_are_named_and_skipped(folder, maker, bad):
    source = table(folder, "\n".join(["203.0.113.0/24\t1", *bad, "198.51.100.0/24\t7"]))
    out = folder / "out.mmdb"
    result = run(maker, source, out)
    assert result.returncode == 0
    said = result.stderr.splitlines()
    assert len(said) == len(bad)
    for number, (line, words) in enumerate(zip(said, bad.values()), 2):
        assert line.startswith(f"{source}:{number}: ") and words in line
    assert f"{len(bad)} bad lines" in result.stdout
    assert lookup(out, "203.0.113.1") and lookup(out, "198.51.100.1")
    assert lookup(out, "192.0.2.1") is None


def test_text_that_is_no_utf8(folder):
    source = table(folder, b"192.0.2.0/24\t1\t\xff\xfe\n198.51.100.0/24\t2\n")
    result = run("make-asn-mmdb", source, folder / "out.mmdb")
    assert f"{source}:1: text is no UTF-8" in result.stderr


def test_strict_writes_nothing(folder):
    out = folder / "out.mmdb"
    out.write_text("former")
    source = table(folder, "192.0.2.0/24\t1\nbad\n")
    result = run("make-asn-mmdb", "--strict", source, out)
    assert result.returncode == 3
    assert out.read_text() == "former"
    assert run("make-asn-mmdb", "--strict", table(folder, "192.0.2.0/24\t1\n"), out).returncode == 0
    assert lookup(out, "192.0.2.1") == {ASN: 1}


def test_failures_leave_the_former_file_and_no_scraps(folder):
    out = folder / "out.mmdb"
    out.write_text("former")
    nothing = table(folder, "# only a comment\n")
    broken = table(folder, gzip.compress(b"192.0.2.0/24\t1\n" * 1000)[:40], "broken.tsv.gz")
    names = table(folder, "[1]", "names.json")
    good = table(folder, "192.0.2.0/24\t1\n", "good.tsv")
    before = sorted(os.listdir(folder))
    for arguments, words in (
        ([nothing, out], "no network"),
        ([folder / "missing.tsv", out], "No such file"),
        ([broken, out], "broken"),
        (["--names", names, good, out], "names.json"),
        ([good, folder / "no" / "such" / "out.mmdb"], "No such file"),
    ):
        result = run("make-asn-mmdb", *arguments)
        assert result.returncode == 1, arguments
        assert words in result.stderr
    assert out.read_text() == "former"
    assert sorted(os.listdir(folder)) == before


@pytest.mark.parametrize("maker", ["make-asn-mmdb", "make-owner-mmdb"])
def test_usage(folder, maker):
    shown = run(maker, "--help")
    assert shown.returncode == 0 and shown.stdout.startswith(f"usage: {maker}")
    for arguments in ([], ["only-one"], ["--unknown", "a", "b"]):
        result = run(maker, *arguments)
        assert result.returncode == 2
        assert "usage:" in result.stderr


def test_progress_on_a_terminal_only(folder):
    rows = "".join(f"10.{n >> 8}.{n & 255}.0/24\t{n + 1}\n" for n in range(5000))
    command = [ROOT / "scripts" / "make-asn-mmdb", table(folder, rows), folder / "out.mmdb"]
    ours, theirs = pty.openpty()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=theirs, check=True)
    os.close(theirs)
    drawn = b""
    try:
        while chunk := os.read(ours, 4096):
            drawn += chunk
    except OSError:  # Linux ends a terminal so
        pass
    os.close(ours)
    assert b"[####" in drawn or b"[...." in drawn
    assert drawn.endswith(b"\r\x1b[K")
    assert subprocess.run(command, capture_output=True, check=True).stderr == b""


@pytest.mark.parametrize(
    "maker, name, kind",
    [
        ("make-asn-mmdb", "demo-asn.tsv", "Sinkwatch-ASN"),
        ("make-owner-mmdb", "demo-owner.tsv", "Sinkwatch-Owner"),
    ],
)
def test_tables_of_the_demonstration(folder, maker, name, kind):
    out = folder / "out.mmdb"
    result = run(maker, "--strict", ROOT / "conf" / name, out)
    assert result.returncode == 0, result.stderr
    record = lookup(out, "213.24.76.23")
    assert record.get(ASN, 8342) == 8342 and record.get("country", "RU") == "RU"
    assert kind.encode() in out.read_bytes()
    assert out.stat().st_mode & 0o777 == 0o666 & ~umask()


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_class_table_from_what_others_say(folder):
    """ASdb, PeeringDB, a registry's dump and plain rows; the first that speaks of an AS counts."""
    asdb = table(
        folder,
        "ASN,Category 1 - Layer 1,Category 1 - Layer 2\n"
        "AS3320,Computer and Information Technology,Internet Service Provider (ISP)\n"
        'AS680,Education and Research,"Colleges, Universities, and Professional Schools"\n'
        "ASx,Computer and Information Technology,Internet Service Provider (ISP)\n"
        "AS9,Community Groups and Nonprofits,\n",
        "asdb.csv",
    )
    networks = [{"asn": 13335, "info_type": "Content"}, {"asn": 3320, "info_type": "Content"}, 7]
    dump = table(folder, json.dumps({"net": {"data": networks}}), "peeringdb.json")
    rpsl = table(
        folder, "organisation: ORG-1\norg-name: Acme Net\norg-type: LIR\n", "registry.db"
    )
    rows = table(folder, "AS64500\tbusiness\nB\xe4cker GmbH\tcdn\nX\tnothing\n", "rows.tsv")
    out = folder / "classes.tsv"
    done = run("make-class-table", asdb, dump, rpsl, rows, out)
    assert done.returncode == 0
    assert [line.split("\t")[:2] for line in out.read_text().splitlines()[1:]] == [
        ["isp", "AS3320"],
        ["education", "AS680"],
        ["content", "AS13335"],
        ["isp", "^Acme Net$"],
        ["enterprise", "AS64500"],
        ["content", "^B\xe4cker GmbH$"],
    ]
    for words in ('asdb.csv:4: "ASx" is no AS number', "network 3 is no object", "rows.tsv:3:"):
        assert words in done.stderr
    before = out.read_bytes()
    assert run("make-class-table", "--strict", rows, out).returncode == 3
    assert out.read_bytes() == before


def test_class_of_a_network(make):
    made = make("make-owner-mmdb", "192.0.2.0/24\tAcme\t\tFI\tbanking\n")
    assert lookup(made, "192.0.2.1") == {"registrant": "Acme", "country": "FI", "class": "banking"}
