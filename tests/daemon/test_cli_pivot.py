"""sinkwatch pivot by prefix, AS number, holder, class and country; counts, anomalies, limits."""

import json
import re
import subprocess

import pytest
from cli_rig import NONE, ROOT, Command

DAY = "2026-11-%02dT00:00:00.000Z"
NETWORKS = "213.24.0.0/16\t8342\tJSC RTComm.RU\n198.51.100.0/24\t64500\tPlain Hosting\n"
REGISTRANTS = "213.24.76.0/23\tFederal Security Service\t\tRU\n"


@pytest.fixture(scope="module")
def made(session_folder):
    """Databases of the project's makers."""
    paths = {}
    for script, key, text in (("make-asn-mmdb", "asn-mmdb", NETWORKS), ("make-owner-mmdb", "owner-mmdb", REGISTRANTS)):
        table, out = session_folder / f"pivot-{key}.tsv", session_folder / f"pivot-{key}.mmdb"
        table.write_text(text)
        subprocess.run([ROOT / "scripts" / script, "--quiet", table, out], check=True, capture_output=True)
        paths[key] = out
    return paths


@pytest.fixture
def sw(env, folder, shared_redis, settings_for, made):
    settings = {**settings_for(shared_redis, folder), **made, "history-max": 5}
    command = Command(env, folder, shared_redis, settings)
    yield command
    keys = list(shared_redis.client.scan_iter(match=command.prefix.replace("{", "?") + "*"))
    if keys:
        shared_redis.client.delete(*keys)


def see(sw, name, address, day, list="", count=3, sweeps=0, anomalies=(), here=(), asn=8342):
    """A sight as resolvers keep it: from the name's side, from the address's side, tracked."""
    both = {"first": DAY % day, "last": DAY % (day + 1), "count": count}
    if sweeps:
        both["sweeps"] = sweeps
    of_name = {**both, "asn": asn, "anomalies": [*anomalies]}
    of_addr = {**both, "list": list, "anomalies": [*here]}
    sw.redis.hset(sw.key(f"seen:name:{name}"), address, json.dumps(of_name))
    sw.redis.hset(sw.key(f"seen:addr:{address}"), name, json.dumps(of_addr))
    sw.redis.zadd(sw.key("tracked"), {address: day})


@pytest.fixture
def case(sw):
    agency = ["protected-owner - class:government @2026-11-09T00:00:00.000Z"]
    see(sw, "evil.example", "213.24.76.23", 9, "bad", 7, 4, agency)
    see(sw, "registry.example", "213.24.76.23", 8)
    see(sw, "evil.example", "213.24.99.1", 5, "bad")
    see(sw, "worse.example", "198.51.100.7", 6, "bad", asn=64500)
    return sw


def addresses(sw, question, **more):
    (found,) = sw.json("pivot", question, **more)
    return found["addresses_known"], [one["address"] for one in found["addresses"]]


def test_each_kind_of_question(case):
    agency, carrier, hoster = "213.24.76.23", "213.24.99.1", "198.51.100.7"
    wanted = {
        "213.24.76.0/23": [agency],
        "213.24.0.0/16": [agency, carrier],  # seen last comes first
        "AS8342": [agency, carrier],
        "as64500": [hoster],
        "registrant:FEDERAL SECURITY SERVICE": [agency],
        "registrant:RTComm.RU OJSC": [carrier],  # no registrant: the organisation of the AS
        "class:government": [agency],
        "class:hosting": [hoster],
        "country:ru": [agency],
    }
    for question, where in wanted.items():
        assert addresses(case, question) == (len(where), where), question
    for question in ("203.0.113.0/24", "AS1", "registrant:Nobody", "class:bank", "country:FI"):
        assert addresses(case, question, code=NONE) == (0, []), question


def test_table_of_a_class(case):
    out = case("pivot", "class:government")
    assert out.startswith("class:government: 1 address of listed or watched names, 2 names on them")
    assert re.search(
        r"213\.24\.76\.23 +AS8342 +Federal Security Service +government +evil\.example +bad +"
        r"2026-11-10 00:00 +3 +4 +protected-owner", out
    )  # fmt: skip
    (found,) = case.json("pivot", "class:government")
    (place,) = found["addresses"]
    assert place["holder"]["class"] == "government" and "classes.tsv:" in place["holder"]["reason"]
    names = {one["name"]: one for one in place["names"]}
    assert names["evil.example"]["sweeps"] == 4 and names["evil.example"]["count"] == 7
    assert names["evil.example"]["list"] == "bad" and "anomalies" not in names["registry.example"]


def test_address_has_class_and_the_anomalies_of_the_name(case):
    """protected-owner is kept with the name, and the table of an address shows it as well."""
    out = case("pivot", "213.24.76.23")
    assert re.search(r"class +government: .*\(classes\.tsv:\d+\)", out)
    assert re.search(r"evil\.example +bad .* 3 +4 +protected-owner", out)
    assert re.search(r"registry\.example +2026-11-08 00:00 +2026-11-09 00:00 +3 *$", out, re.M)


def test_anomalies_only_where_they_were_raised(sw):
    """Flux is about the name, and no address has it; a change to an AS is about that AS."""
    of_name = ["owner-flux @2026-11-05T00:00:00.000Z", "owner-change AS64500 @2026-11-05T00:00:00.000Z"]
    see(sw, "evil.example", "198.51.100.7", 6, "bad", asn=64500, anomalies=of_name)
    see(sw, "evil.example", "213.24.99.1", 5, "bad", anomalies=of_name, here=["shared-address"])
    sw.redis.hset(sw.key("seen:name:evil.example"), "holder none", json.dumps({"anomalies": ["woke"]}))
    (found,) = sw.json("pivot", "evil.example")
    by = {one["address"]: one.get("anomalies") for one in found["addresses"]}
    assert by == {"198.51.100.7": [of_name[1]], "213.24.99.1": None}
    assert found["anomalies"] == ["woke", of_name[0]]
    out = sw("pivot", "evil.example")
    assert "about the name: woke, owner-flux" in out
    assert re.search(r"213\.24\.99\.1 .* 3 *$", out, re.M)
    (found,) = sw.json("pivot", "213.24.99.1")
    assert found["names"][0]["anomalies"] == ["shared-address"]
    tree = sw("pivot", "AS64500", "--hops", "2").splitlines()
    assert tree[0] == "AS64500: 1 address" and tree[1].startswith("198.51.100.7")
    assert "owner-flux" not in tree[1] and tree[2].startswith("  evil.example")


def test_limits_are_said(sw):
    for i in range(6):
        see(sw, f"n{i}.example", f"213.24.76.{i}", 1 + i, "bad")
    out = sw("pivot", "AS8342", "--max", "4")
    assert "AS8342: 6 addresses" in out and "stopped at --max 4: 2 addresses were left out" in out
    (found,) = sw.json("pivot", "AS8342", "--max", "4")
    assert found["addresses_known"] == 6
    assert [one["address"] for one in found["addresses"]] == [f"213.24.76.{i}" for i in (5, 4, 3, 2)]
    assert "history-max" not in out
    for i in range(5):
        see(sw, f"m{i}.example", "198.51.100.7", 1 + i, asn=64500)
    for question in ("198.51.100.7", "AS64500"):
        assert "(history-max)" in sw("pivot", question), question
    (found,) = sw.json("pivot", "198.51.100.7")
    assert found["full"] is True and len(found["names"]) == 5


def test_what_cannot_be_answered(case):
    settings = case.conf.read_text()
    case.conf.write_text(re.sub(r"(?m)^(asn|owner)-mmdb: .*\n", "", settings))
    for question, remedy in [("AS8342", "set asn-mmdb"), ("class:bank", "asn-mmdb or owner-mmdb")]:
        case("pivot", question, code=NONE)
        assert remedy in case.err
    assert "2 names on them" in case("pivot", "213.24.76.0/23")
    case.redis.zadd(case.key("tracked"), {"no \x1b[31maddress": 1})
    assert "\x1b" not in case("pivot", "213.24.76.0/23") and "1 entry is" in case.err
    for word in ["10.0.0.1/8", "class:nonsense", "country:Russia", "a..b", "0.0.0.0/0"]:
        case("pivot", word, code=NONE)
        assert f"'{word}'" in case.err
