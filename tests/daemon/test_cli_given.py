"""A policy zone with several actions and local data becomes a list and its parts (D-220)."""

import json
import os
import pty
import random
import subprocess

import dns.rrset
import pytest
from cli_rig import NONE, OK, PARTLY, REDIS, USAGE, bad, sw, text_file  # noqa: F401
from harness.primary import ADDRESS, ZONE, Liar, rule, soa
from harness.wait import FACTOR, until

HEAD = "$ORIGIN policy.example.\n$TTL 60\n@ SOA localhost. h.localhost. 1 3600 600 86400 60\n@ NS localhost.\n"
RULES = """
nx.example CNAME .
*.nx.example CNAME .
nodata.example CNAME *.
pass.example CNAME rpz-passthru.
old.example CNAME old.example.
drop.example CNAME rpz-drop.
tcp.example CNAME rpz-tcp-only.
garden.example CNAME garden.test.
wild.example CNAME *.garden.test.
data.example A 192.0.2.2
data.example A 192.0.2.1
data.example AAAA 2001:db8::1
same.example AAAA 2001:DB8:0::1
same.example A 192.0.2.1
same.example A 192.0.2.2
mail.example MX 10 mail
mail.example TXT "two words" "a \\"quote\\", \\007"
svc.example TYPE65 \\# 3 000100
24.0.2.0.192.rpz-ip CNAME .
24.0.2.0.192.rpz-ip.rpz-nsip CNAME .
32.1.2.0.192.rpz-client-ip CNAME rpz-passthru.
ns.example.rpz-nsdname CNAME .
32.9.2.0.192.rpz-nsip CNAME .
far.example TXT "one"
between.example CNAME .
far.example TXT "other"
""".replace("24.0.2.0.192.rpz-ip.rpz-nsip CNAME .\n", "")


def members(policy):
    return {key: policy[key] for key in ("kind", "action", "records", "cname", "triggers") if key in policy}


def contents(sw, name="bad"):
    """{members of the policy as text: indicators} of the list and its parts."""
    found = {}
    for part in [name, *sw.redis.hkeys(sw.key(f"list:{name}:parts"))]:
        found[json.dumps(members(sw.policy(part)), sort_keys=True)] = set(sw.list(part))
    return found


def expected(**by_action):
    return {json.dumps(json.loads(key), sort_keys=True): value for key, value in by_action.items()}


def ioc(action, **more):
    return json.dumps({"kind": "ioc", "action": action, **more}, sort_keys=True)


def allow(**more):
    return json.dumps({"kind": "allow", "action": "passthru", **more}, sort_keys=True)


def data(*records):
    return ioc("sinkhole", records=sorted(records))


WHOLE = {
    ioc("nxdomain"): {"=nx.example", "*.nx.example", "=between.example", "192.0.2.0/24"},
    ioc("nxdomain", triggers=["nsdname", "nsip"]): {"=ns.example", "192.0.2.9"},
    ioc("nodata"): {"=nodata.example"},
    ioc("drop"): {"=drop.example"},
    ioc("tcp-only"): {"=tcp.example"},
    allow(): {"=pass.example", "=old.example"},
    allow(triggers=["client"]): {"192.0.2.1"},
    ioc("cname", cname="garden.test"): {"=garden.example"},
    ioc("cname", cname="*.garden.test"): {"=wild.example"},
    data("A 192.0.2.1", "A 192.0.2.2", "AAAA 2001:db8::1"): {"=data.example", "=same.example"},
    data("MX 10 mail.policy.example.", 'TXT "two words" "a \\"quote\\", \\007"'): {"=mail.example"},
    data("TYPE65 \\# 3 000100"): {"=svc.example"},
    data('TXT "one"', 'TXT "other"'): {"=far.example"},
}


def replace(sw, path, *words, code=OK):
    return sw.json("import", "--replace", "--given", "--max-shrink=100", *words, "bad", path, code=code)


@pytest.fixture
def zone(text_file):
    return lambda rules, name="zone": text_file(HEAD + rules, name)


def test_each_rule_keeps_its_action(bad, zone):
    bad("list", "set", "bad", "--priority", "7", "--group", "kids")
    (done,) = replace(bad, zone(RULES))
    assert contents(bad) == WHOLE
    assert done["accepted"] == done["added"] + 1 == sum(map(len, WHOLE.values())) + 1  # far.example twice
    parts = bad.redis.hkeys(bad.key("list:bad:parts"))
    assert len(parts) == len(WHOLE) - 1 and {"bad.passthru", "bad.drop", "bad.nxdomain.ns"} < set(parts)
    assert all(bad.policy(p)["priority"] == 7 and bad.policy(p)["groups"] == ["kids"] for p in parts)
    ops = [op for op, _, _ in bad.changes()]
    replace(bad, zone(RULES))
    assert [op for op, _, _ in bad.changes()] == ops  # nothing new is nothing written
    assert not [key for key in bad.redis.scan_iter(match="*:staging:*")]
    bad("list", "set", "bad", "--shadow", "--priority", "9")
    policies = [bad.policy(p) for p in ["bad", *parts]]
    assert all(p["shadow"] and p["priority"] == 9 and p["kind"] == "ioc" for p in policies)
    assert "part bad.passthru" in bad("list", "show", "bad")
    bad("list", "drop", "bad", "--yes")
    assert not bad.redis.hgetall(bad.key("lists"))
    assert not [key for key in bad.redis.scan_iter(match="*:list:*") if bad.prefix in key]


def test_export_gives_the_zone_again(bad, zone, folder):
    replace(bad, zone(RULES))
    out = folder / "out.rpz"
    bad("export", "bad", "--format=rpz", "--origin=policy.example", "--output", out)
    checked = subprocess.run(["named-checkzone", "-k", "ignore", "policy.example", out], capture_output=True)
    assert checked.returncode == 0, checked.stdout
    before = contents(bad)
    (done,) = replace(bad, out)
    assert contents(bad) == before and (done["diff"]["added"], done["diff"]["removed"]) == (0, 0)


def test_rollback_takes_all_lists_back(bad, zone):
    first = "a.example CNAME .\nb.example CNAME rpz-drop.\nc.example A 192.0.2.1\nkept.example CNAME *.\n"
    second = "a.example CNAME .\nd.example CNAME rpz-passthru.\nc.example A 192.0.2.2\nkept.example CNAME *.\n"
    states = []
    for rules in (first, second):
        replace(bad, zone(rules))
        states.append(contents(bad))
    for before in (states[0], states[1], states[0]):
        bad("rollback", "bad")
        assert contents(bad) == before
        assert set(bad.redis.hkeys(bad.key("lists"))) == {"bad", *bad.redis.hkeys(bad.key("list:bad:parts"))}
    replace(bad, zone("a.example CNAME .\n"))
    assert set(bad.redis.hkeys(bad.key("lists"))) == {"bad"}
    bad("rollback", "bad")
    assert contents(bad) == states[0]


def test_what_no_list_can_say_is_refused_alone(bad, zone):
    many = "".join(f"many.example A 192.0.2.{i}\n" for i in range(17))
    text = many + ("* CNAME .\nd.example DNAME x.\nsig.example RRSIG x\nx.example CNAME rpz-new.\nmx.example MX ten a.\n"
                   "n.example CNAME 192.0.2.1.\ngood.example TXT hello\n")  # fmt: skip
    (done,) = replace(bad, zone(text), code=PARTLY)
    assert {"=good.example"} in contents(bad).values() and sum(map(len, contents(bad).values())) == 1
    reasons = {one["item"]: one["why"] for one in done["refused"]}
    assert set(reasons) == {"=many.example", "*", "d.example", "x.example", "mx.example", "n.example"}
    assert "16 records" in reasons["=many.example"] and "every name" in reasons["*"]


def test_an_owner_with_too_many_records_is_on_no_list(bad, zone):
    """Also where the record too many comes later, and where it is repeated without end."""
    many = [f"many.example A 192.0.2.{i}\n" for i in range(18)]
    text = "".join(many[:16]) + "other.example CNAME .\n" + many[16] + "more.example A 192.0.2.1\n" + many[17]
    (done,) = replace(bad, zone(text), code=PARTLY)
    assert contents(bad) == {ioc("nxdomain"): {"=other.example"}, data("A 192.0.2.1"): {"=more.example"}}
    assert [one["item"] for one in done["refused"]] == ["=many.example"] * 2
    before = contents(bad)
    replace(bad, zone("".join(many)), code=NONE)
    assert "nothing in" in bad.err and contents(bad) == before
    replace(bad, zone("x.example A 192.0.2.1\nx.example A 192.0.2.2\n" * 20_000))
    assert contents(bad) == {ioc("nxdomain"): set(), data("A 192.0.2.1", "A 192.0.2.2"): {"=x.example"}}


def test_words_that_do_not_fit(bad, zone, text_file):
    path = zone("a.example CNAME .\nb.example CNAME rpz-drop.\n")
    bad("import", "--given", "bad", path, code=USAGE)
    bad("list", "set", "bad.drop", "--action", "drop")
    bad("import", "--replace", "--given", "bad", path, code=PARTLY)
    assert "no part" in bad.err and set(bad.list("bad")) == {"=a.example"}
    bad("list", "drop", "bad.drop", "--yes")
    replace(bad, path)
    bad("import", "--replace", "bad", path, code=NONE)
    assert "has parts" in bad.err
    bad("import", "--replace", "bad.drop", text_file("a.example\n", "plain"), code=NONE)
    assert "is a part of the list 'bad'" in bad.err
    bad("list", "set", "other", "--action", "nxdomain")
    bad("import", "--replace", "--given", "--dry-run", "other", path)
    assert set(bad.redis.hkeys(bad.key("lists"))) == {"bad", "bad.drop", "other"}
    assert not bad.list("other")


def test_exceptions_of_a_feed_are_no_names_of_the_operator(bad, zone, text_file):
    path = zone("x.good.example CNAME rpz-passthru.\n*.good.example CNAME .\n")
    replace(bad, path)
    replace(bad, path)
    bad("list", "set", "other", "--action", "nxdomain")
    bad("import", "--replace", "other", text_file("x.good.example\n", "plain"))


# ---- transfers ----


def record(owner, rdtype, *texts):
    return dns.rrset.from_text(f"{owner}.{ZONE}.", 60, "IN", rdtype, *texts)


@pytest.fixture
def liar(bad, folder):
    server = Liar()
    bad("feed", "add", "bad", f"rpz://{ADDRESS}:{server.port}/{ZONE}", "--given", "--max-shrink=100")
    server.folder = folder
    server.run = lambda code=OK: bad("feed", "run", "bad", "--files", folder, code=code)
    yield server
    server.stop()


def step(serial, removed, added):
    return [soa(serial - 1), *removed, soa(serial), *added]


def change(liar, serial, removed=(), added=(), code=OK):
    """Run the feed with an IXFR of one step. Returns the types of its questions."""
    liar.questions.clear()
    liar.script = [[soa(serial), *step(serial, removed, added), soa(serial)]]
    liar.run(code=code)
    return [q.question[0].rdtype for q in liar.questions]


CHOICES = [[("CNAME", target)] for target in (".", "*.", "rpz-passthru.", "rpz-drop.", "g.test.", "*.g.test.")]
RECORDS = [("A", "192.0.2.1"), ("A", "192.0.2.2"), ("AAAA", "2001:db8::1"), ("TXT", '"x y"')]
OWNERS = ["a.example", "b.example", "*.b.example", "c.example", "n.example.rpz-nsdname", "24.0.2.0.192.rpz-ip", "32.1.2.0.192.rpz-client-ip"]


def test_chains_of_changes_are_the_zone(bad, liar, folder):
    """After random IXFRs of several steps, list and parts are those of an AXFR of the same zone."""
    chance = random.Random(220)
    bad("list", "set", "whole", "--action", "nxdomain")
    bad("feed", "add", "whole", f"rpz://{ADDRESS}:{liar.port}/{ZONE}", "--given", "--max-shrink=100")
    rules = {owner: CHOICES[0] for owner in OWNERS}

    def records(changes):
        return [record(owner, *one) for owner, found in changes for one in found]

    def next_step(serial):
        owners = chance.sample(OWNERS[1:], chance.randint(1, 4))
        then = {o: chance.choice([[], chance.choice(CHOICES), chance.sample(RECORDS, chance.randint(1, 4))])
                for o in owners}  # fmt: skip
        pairs = [(o, rules.get(o, []), then[o]) for o in owners]
        rules.update(then)
        return step(serial, records((o, [r for r in old if r not in new]) for o, old, new in pairs),
                    records((o, [r for r in new if r not in old]) for o, old, new in pairs))  # fmt: skip

    liar.script, serial = [[soa(1), *records(rules.items()), soa(1)]], 1
    liar.run()
    for steps in (1, 8, 2, 30, 3, 1, 5, 12):
        chain = [one for i in range(steps) for one in next_step(serial + 1 + i)]
        serial += steps
        liar.script = [[soa(serial), *chain, soa(serial)]]
        liar.run()
        assert liar.questions[-1].question[0].rdtype == 251 and "unchanged" not in bad.out
        liar.script = [[soa(serial), *records(rules.items()), soa(serial)]]
        bad("feed", "run", "whole", "--now", "--files", folder)
        assert contents(bad) == contents(bad, "whole"), f"serial {serial}: {rules}"
        assert bad.redis.hlen(bad.key("list:bad:parts")) + 1 == len(contents(bad))  # no two parts of one rule


def test_changes_of_an_owner_with_too_many_records(bad, liar):
    """A refused owner is on no list: the next zone comes whole, and no rule has some of the records."""
    many = [record("many.example", "A", f"192.0.2.{i}") for i in range(18)]
    sixteen = {data(*(f"A 192.0.2.{i}" for i in range(2, 18))): {"=many.example"}}
    liar.script = [[soa(1), rule("a.example"), *many, soa(1)]]
    liar.run(code=PARTLY)
    assert contents(bad) == {ioc("nxdomain"): {"=a.example"}}
    liar.script = [[soa(1)]]
    liar.run()
    assert "unchanged" in bad.out
    liar.questions.clear()
    whole = [soa(2), rule("a.example"), *many[2:], soa(2)]
    liar.by_type = {251: [[soa(2), *step(2, many[:2], []), soa(2)]], 252: [whole]}
    liar.run()
    assert [q.question[0].rdtype for q in liar.questions] == [251, 252]
    assert contents(bad) == {ioc("nxdomain"): {"=a.example"}, **sixteen}
    liar.by_type = {}
    assert change(liar, 3, added=many[:1], code=PARTLY) == [251]
    assert contents(bad) == {ioc("nxdomain"): {"=a.example"}, **sixteen}  # refused, and in force as before
    liar.questions.clear()
    liar.script = [[soa(3), rule("a.example"), many[0], *many[2:], soa(3)]]
    liar.run(code=PARTLY)
    assert [q.question[0].rdtype for q in liar.questions] == [252]
    assert contents(bad) == {ioc("nxdomain"): {"=a.example"}}


def test_changes_and_the_policy_of_the_list(bad, liar):
    """Another action of the list: the rules of this action are on the list now, and on no part."""
    liar.script = [[soa(1), rule("a.example"), rule("b.example", "rpz-drop."), soa(1)]]
    liar.run()
    bad("list", "set", "bad", "--action", "drop")
    liar.questions.clear()
    liar.script = [[soa(2), rule("b.example", "rpz-drop."), soa(2)]]
    liar.run()
    assert [q.question[0].rdtype for q in liar.questions] == [252]
    assert contents(bad) == {ioc("drop"): {"=b.example"}}
    added = [*step(3, [], [rule("c.example", "t.test.")]), *step(4, [rule("c.example", "t.test.")], [rule("d.example", "rpz-drop.")])]
    liar.script = [[soa(4), *added, soa(4)]]
    liar.run()
    assert set(bad.redis.hkeys(bad.key("lists"))) == {"bad"}  # no list for a rule that came and went
    assert contents(bad) == {ioc("drop"): {"=b.example", "=d.example"}}


def test_changes_of_every_kind_of_rule(bad, liar):
    """AXFR, then IXFR alone: records of an owner come and go, rules change their action."""
    zone = [rule("a.example"), rule("b.example", "rpz-drop."), record("d.example", "A", "192.0.2.1", "192.0.2.2"),
            record("e.example", "MX", f"10 mail.{ZONE}."), rule("n.example.rpz-nsdname"), rule("n.example")]  # fmt: skip
    liar.script = [[soa(1), *zone, soa(1)]]
    liar.run()
    assert contents(bad) == {
        ioc("nxdomain"): {"=a.example", "=n.example"},
        ioc("nxdomain", triggers=["nsdname", "nsip"]): {"=n.example"},
        ioc("drop"): {"=b.example"},
        data("A 192.0.2.1", "A 192.0.2.2"): {"=d.example"},
        data("MX 10 mail.policy.example."): {"=e.example"},
    }
    removed = [rule("a.example"), record("d.example", "A", "192.0.2.1"), rule("n.example.rpz-nsdname"),
               record("e.example", "MX", f"10 mail.{ZONE}.")]  # fmt: skip
    added = [rule("a.example", "rpz-passthru."), record("d.example", "TXT", '"x y"'), rule("g.example", "g.test.")]
    liar.script = [[soa(2), soa(1), *removed, soa(2), *added, soa(2)]]
    liar.run()
    assert [q.question[0].rdtype for q in liar.questions] == [252, 251]
    assert contents(bad) == {
        ioc("nxdomain"): {"=n.example"},
        ioc("drop"): {"=b.example"},
        allow(): {"=a.example"},
        data("A 192.0.2.2", 'TXT "x y"'): {"=d.example"},
        ioc("cname", cname="g.test"): {"=g.example"},
    }
    assert {op for op, _, _ in bad.changes()[-8:]} <= {"policy", "add", "remove", "drop"}
    assert "indicators    5" in bad("feed", "show", "bad")
    liar.script = [[soa(2)]]
    liar.run()
    assert "unchanged" in bad.out
    stale = bad.redis.hset(bad.key("feed:bad"), "last_success", "2026-01-01T00:00:00Z")
    assert stale == 0
    bad("feed", "add", "bad", f"rpz://{ADDRESS}:{liar.port}/{ZONE}", "--given", "--stale=drop", "--stale-after=1h")
    before = contents(bad)
    liar.script = [5]
    liar.run(code=7)
    assert set().union(*contents(bad).values()) == set()
    bad("rollback", "bad")
    assert contents(bad) == before


def test_rollback_of_what_was_changed_since(bad, liar):
    """A content that a replacement kept has no copy: after an IXFR it is not the former one."""
    drops = [rule("x.example", "rpz-drop."), rule("y.example", "rpz-drop.")]
    liar.script = [[soa(1), rule("a.example"), *drops, soa(1)]]
    liar.run()
    liar.script = [[soa(2), rule("b.example"), *drops, soa(2)]]
    liar.run()
    liar.script = [[soa(3), soa(2), rule("x.example", "rpz-drop."), soa(3), rule("x.example"),
                    rule("z.example", "rpz-drop."), soa(3)]]  # fmt: skip
    liar.run()
    before = contents(bad)
    assert before == {ioc("nxdomain"): {"=b.example", "=x.example"}, ioc("drop"): {"=y.example", "=z.example"}}
    bad("rollback", "bad", code=NONE)
    assert "kept the content of 'bad.drop'" in bad.err and contents(bad) == before
    liar.script = [[soa(4), rule("b.example"), soa(4)]]
    liar.run()
    bad("feed", "add", "bad", f"rpz://{ADDRESS}:{liar.port}/{ZONE}", "--given", "--stale=drop", "--stale-after=1h")
    bad.redis.hset(bad.key("feed:bad"), "last_success", "2026-01-01T00:00:00Z")
    liar.script = [5]
    liar.run(code=7)
    assert contents(bad) == {ioc("nxdomain"): set()}
    bad("rollback", "bad")
    assert contents(bad) == {ioc("nxdomain"): {"=b.example"}} and set(bad.redis.hkeys(bad.key("lists"))) == {"bad"}


def test_a_list_that_others_changed_to_the_same_size(bad, liar):
    """The changes of a zone are for the zone, not for any content of as many rules (D-248)."""
    for serial, last in ((1, "b.example"), (2, "c.example")):
        liar.script = [[soa(serial), rule("a.example"), rule(last), soa(serial)]]
        bad("feed", "run", "bad", "--now", "--files", liar.folder)
    zone = ["a.example", "c.example"]

    def swap_by_hand():
        bad("remove", "bad", "=a.example")
        bad("add", "bad", "=x.example")

    for serial, others in ((3, lambda: bad("rollback", "bad")), (4, swap_by_hand), (5, None)):
        if others:
            others()
        new = rule(f"n{serial}.example")
        zone.append(f"n{serial}.example")
        whole = [soa(serial), *map(rule, zone), soa(serial)]
        liar.by_type = {251: [[soa(serial), *step(serial, [], [new]), soa(serial)]], 252: [whole]}
        liar.questions.clear()
        liar.run()
        assert [q.question[0].rdtype for q in liar.questions] == [252 if others else 251]
        assert contents(bad) == {ioc("nxdomain"): {f"={one}" for one in zone}}


def test_a_list_that_others_change_during_a_run(bad, liar):
    """Changes of others are seen also where they come while the run fetches; those of the run are its own."""
    redis, changes = bad.redis, bad.key("changes")
    liar.script = [[soa(1), rule("a.example"), rule("b.example"), soa(1)]]
    bad("feed", "run", "bad", "--now", "--files", liar.folder)

    def remove_a():
        liar.meanwhile = None
        redis.hdel(bad.key("list:bad"), "=a.example")
        redis.xadd(changes, {"op": "remove", "list": "bad", "i": "=a.example"})

    zone = ["a.example", "b.example"]
    for serial, wanted in ((2, 251), (3, 252), (4, 251), (5, 251)):
        liar.meanwhile = remove_a if serial == 2 else None
        new = rule(f"n{serial}.example")
        zone.append(f"n{serial}.example")
        liar.by_type = {251: [[soa(serial), *step(serial, [], [new]), soa(serial)]],
                        252: [[soa(serial), *map(rule, zone), soa(serial)]]}  # fmt: skip
        liar.questions.clear()
        liar.run()
        assert [q.question[0].rdtype for q in liar.questions] == [wanted], serial
    assert contents(bad) == {ioc("nxdomain"): {f"={one}" for one in zone}}


def test_a_change_stream_of_others_of_any_size(bad, liar):
    """More entries than a reply may hold together, and an entry of 65 MiB: the feed reads on. On a busy
    machine Redis takes longer for these than the tests' redis-timeout."""
    bad.conf.write_text(bad.conf.read_text().replace('redis-timeout: "500"', 'redis-timeout: "10000"'))
    assert 'redis-timeout: "10000"' in bad.conf.read_text()
    redis, changes = bad.redis, bad.key("changes")
    liar.script = [[soa(1), rule("a.example"), soa(1)]]
    bad("feed", "run", "bad", "--now", "--files", liar.folder)
    with redis.pipeline(transaction=False) as many:
        for _ in range(600):
            many.execute_command("XADD", changes, "*", "op", "add", "list", "other", *["i", "x.example"] * 1000)
        many.execute()
    redis.xadd(changes, {"op": "add", "list": "other", "i": "x" * (65 << 20)})
    assert change(liar, 2, added=[rule("n2.example")]) == [251]
    redis.xtrim(changes, maxlen=0)
    liar.by_type = {251: [[soa(3), *step(3, [], [rule("n3.example")]), soa(3)]],
                    252: [[soa(3), rule("a.example"), rule("n2.example"), rule("n3.example"), soa(3)]]}  # fmt: skip
    liar.questions.clear()
    liar.run()
    assert [q.question[0].rdtype for q in liar.questions] == [252]
    assert contents(bad) == {ioc("nxdomain"): {"=a.example", "=n2.example", "=n3.example"}}


# ---- guards ----


def rules(numbers, target):
    return "".join(f"n{i}.example CNAME {target}\n" for i in numbers)


def test_guards_see_rules_that_become_exceptions(bad, zone):
    """Rules that act and exceptions are two sums: each may shrink and grow so much (D-246)."""
    guarded = ["import", "--replace", "--given", "bad"]
    replace(bad, zone(rules(range(100), ".")))
    before = contents(bad)
    bad(*guarded, zone(rules(range(60), "rpz-passthru.") + rules(range(60, 100), ".")), code=NONE)
    assert "the rules of the list that act would shrink from 100 to 40, by more than 50 %" in bad.err
    forty = zone(rules(range(40), "rpz-passthru.") + rules(range(40, 100), "."))
    bad(*guarded, "--max-growth=100", forty, code=NONE)
    assert "the exceptions of the list would grow from 0 to 40, by more than 100 %" in bad.err
    assert contents(bad) == before
    bad(*guarded, "--max-growth=200", forty)
    bad(*guarded, zone(rules(range(40, 100), ".") + rules(range(100, 140), "rpz-drop.")), code=NONE)
    assert "the exceptions of the list would shrink from 40 to 0" in bad.err
    bad("list", "drop", "bad", "--yes")
    bad("list", "set", "bad", "--action", "nxdomain")
    bad(*guarded, "--max-growth=1", forty)  # a list without rules grows by any number


def test_guards_see_changes_into_exceptions(bad, liar):
    liar.script = [[soa(1), *(rule(f"n{i}.example") for i in range(100)), soa(1)]]
    liar.run()
    bad("feed", "add", "bad", f"rpz://{ADDRESS}:{liar.port}/{ZONE}", "--given", "--max-growth=100")
    liar.run()
    before = contents(bad)
    for number, word in ((60, "act would shrink from 100 to 40"), (40, "exceptions of the list would grow from 0 to 40")):
        owners = [f"n{i}.example" for i in range(number)]
        change(liar, 2, [rule(o) for o in owners], [rule(o, "rpz-passthru.") for o in owners], code=NONE)
        assert word in bad.err and contents(bad) == before
    owners = [f"n{i}.example" for i in range(20)]
    change(liar, 2, [rule(o) for o in owners], [rule(o, "rpz-passthru.") for o in owners])
    assert contents(bad)[allow()] == {f"={o}" for o in owners}


def test_exceptions_come_first_and_go_last(bad, liar):
    liar.script = [[soa(1), rule("a.example"), rule("*.b.example", "rpz-passthru."), soa(1)]]
    liar.run()
    seen = len(bad.changes())
    change(liar, 2, [rule("a.example"), rule("*.b.example", "rpz-passthru.")],
           [rule("*.c.example"), rule("x.c.example", "rpz-passthru.")])  # fmt: skip
    steps = [(op, name) for op, name, _ in bad.changes()[seen:]]
    assert steps == [("add", "bad.passthru"), ("add", "bad"), ("remove", "bad"), ("remove", "bad.passthru")]


def test_no_more_lists_than_a_resolver_takes(bad, zone, liar):
    replace(bad, zone("a.example CNAME .\nb.example CNAME rpz-drop.\n"))
    bad.redis.hset(bad.key("lists"), mapping={f"l{i}": '{"kind":"watch"}' for i in range(1021)})
    before = contents(bad)
    new = zone("a.example CNAME rpz-passthru.\nb.example CNAME rpz-tcp-only.\nc.example CNAME g.test.\n")
    for more in (["--dry-run"], []):
        bad("import", "--replace", "--given", "--max-shrink=100", *more, "bad", new, code=NONE)
        assert "with 2 parts more of 'bad' there would be 1025 lists, and a resolver takes 1024" in bad.err
    assert contents(bad) == before and len(bad.redis.hkeys(bad.key("lists"))) == 1023
    replace(bad, zone("a.example CNAME rpz-passthru.\nb.example CNAME rpz-tcp-only.\n"))
    assert len(bad.redis.hkeys(bad.key("lists"))) == 1024
    bad("list", "set", "one-more", "--action", "nxdomain", code=NONE)
    assert "there are 1024 lists" in bad.err
    bad("list", "set", "bad", "--priority", "3")
    liar.script = [[soa(1), rule("a.example", "rpz-passthru."), rule("b.example", "rpz-tcp-only."), soa(1)]]
    liar.run()
    before = contents(bad)
    change(liar, 2, added=[rule("c.example", "g.test.")], code=NONE)
    assert "with 1 part more" in bad.err and contents(bad) == before


def test_an_owner_of_which_a_guard_refused_a_record(bad, liar):
    """The owner is on no list: when the guard allows a later record, the zone comes whole."""
    bad("list", "set", "ours", "--kind", "allow")
    bad("add", "ours", "data.example")
    both = [record("data.example", "A", "192.0.2.1"), record("data.example", "A", "192.0.2.2")]
    liar.script = [[soa(1), rule("a.example"), both[0], soa(1)]]
    liar.run(code=PARTLY)
    bad("remove", "ours", "data.example")
    liar.questions.clear()
    liar.by_type = {251: [[soa(2), *step(2, [], both[1:]), soa(2)]], 252: [[soa(2), rule("a.example"), *both, soa(2)]]}
    liar.run()
    assert contents(bad)[data("A 192.0.2.1", "A 192.0.2.2")] == {"=data.example"}


# ---- other writers ----

OTHER = "b.example CNAME .\nc.example CNAME rpz-drop.\nd.example CNAME rpz-passthru.\n"


def is_whole(sw):
    """The lists in Redis are `bad` and the parts of its registry."""
    parts = sw.redis.hkeys(sw.key("list:bad:parts"))
    return set(sw.redis.hkeys(sw.key("lists"))) == {"bad", *parts}


@pytest.mark.parametrize("given", [["--given"], []])
def test_an_import_that_another_one_overtakes(bad, zone, given):
    process = bad.start("import", "--replace", *given, "--format=rpz", "bad", "-")
    process.stdin.write(HEAD + "".join(f"n{i}.example CNAME .\n" for i in range(9000)))
    process.stdin.flush()
    until(lambda: any(bad.redis.scan_iter(match="*list:bad:staging:*")), "staged rules")
    replace(bad, zone(OTHER))
    before = contents(bad)
    _, err = process.communicate("", timeout=30 * FACTOR)
    assert process.returncode == REDIS and ("another program" in err or "has parts" in err), err
    assert contents(bad) == before and len(before) == 3 and is_whole(bad)


def test_a_drop_takes_the_parts_of_the_answer(bad, zone):
    ours, theirs = pty.openpty()
    process = bad.start("list", "drop", "bad", stdin=theirs)
    os.close(theirs)
    said = ""
    for one in iter(lambda: process.stderr.read(1), ""):
        said += one
        if said.endswith("[y/N]"):
            break
    replace(bad, zone(OTHER))
    os.write(ours, b"y\n")
    out, err = process.communicate(timeout=30 * FACTOR)
    os.close(ours)
    assert process.returncode == OK and "with 3 indicators" in out, out + err
    assert not [key for key in bad.redis.scan_iter(match="*:list*") if bad.prefix in key]


def test_rollback_without_a_note_of_the_former_parts(bad, zone):
    replace(bad, zone("a.example CNAME .\n"))
    replace(bad, zone(OTHER))
    for part in ("bad.drop", "bad.passthru"):
        bad("rollback", part, code=NONE)
        assert f"'{part}' is a part of the list 'bad'" in bad.err
        bad("list", "drop", part, "--yes", code=NONE)
        assert "takes its parts along" in bad.err
    before = contents(bad)
    bad.redis.delete(bad.key("list:bad:parts:previous"))
    bad("rollback", "bad")
    assert contents(bad) == {ioc("nxdomain"): {"=a.example"}} and is_whole(bad)
    bad("rollback", "bad")
    assert contents(bad) == before and is_whole(bad)
