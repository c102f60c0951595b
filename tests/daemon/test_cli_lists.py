"""The command changes lists: list, add, remove, and waiting for resolvers."""

import json
import os
import pty
import re

import pytest
from cli_rig import NONE, OK, PARTLY, TIMEOUT, USAGE, bad, sw, text_file  # noqa: F401
from harness.wait import FACTOR, until

# ---- lists ----


def test_set_creates_then_changes_what_is_named(sw):
    sw("list", "set", "feed", "--action", "sinkhole", "--priority", "5", "--note", "n")
    assert sw.policy("feed") == {"kind": "ioc", "action": "sinkhole", "priority": 5, "note": "n"}
    sw("list", "set", "feed", "--shadow", "--observe", "--ttl", "9", "--ede", "17")
    sw("list", "set", "feed", "--sinkhole4", "192.0.2.9", "--sinkhole6", "2001:DB8::9")
    assert sw.policy("feed") == {
        "kind": "ioc",
        "action": "sinkhole",
        "priority": 5,
        "note": "n",
        "shadow": True,
        "observe": True,
        "ttl": 9,
        "ede": 17,
        "sinkhole4": "192.0.2.9",
        "sinkhole6": "2001:db8::9",
    }
    sw("list", "set", "feed", "--no-shadow", "--no-observe", "--ede", "auto", "--note", "")
    assert not {"shadow", "observe", "ede", "note"} & sw.policy("feed").keys()
    assert [op for op, *_ in sw.changes()] == ["policy"] * 4


def test_two_changes_of_one_policy_at_once(bad):
    """Each command reads the policy before the other one writes: both changes are in the policy."""
    bad.redis.client_pause(60000, all=False)
    try:
        running = [bad.start("list", "set", "bad", *words) for words in (["--ttl", "77"], ["--priority", "7"])]
        held = lambda one: "b" in one["flags"] and one["cmd"] in ("hset", "exec")  # noqa: E731
        waiting = lambda: sum(map(held, bad.redis.client_list()))  # noqa: E731
        until(lambda: waiting() == 2, "two commands that are about to write")
    finally:
        bad.redis.client_unpause()
    for process in running:
        out, err = process.communicate(timeout=30 * FACTOR)
        assert process.returncode == OK, out + err
    assert (bad.policy("bad")["ttl"], bad.policy("bad")["priority"]) == (77, 7)


def test_owners_and_limits_of_a_watch_list(sw):
    """D-140; what the strongest rule needs can be said on the command line."""
    words = ["--owners", "AS64500", "--owners", "Example Agency", "--ns-owners", "192.0.2.0/24"]
    sw("list", "set", "ours", "--kind", "watch", *words, "--flux-as-min", "9")
    sw("list", "set", "ours", "--baseline-days", "0", "--baseline-count", "5")
    assert sw.policy("ours") == {
        "kind": "watch",
        "action": "monitor",
        "owners": ["AS64500", "Example Agency"],
        "ns_owners": ["192.0.2.0/24"],
        "flux_as_min": 9,
        "baseline_days": 0,
        "baseline_count": 5,
    }
    sw("list", "set", "ours", "--owners", "", "--flux-as-min", "")
    assert not {"owners", "flux_as_min"} & sw.policy("ours").keys()
    sw("list", "set", "ours", "--flux-as-percent", "101", code=NONE)
    assert "flux_as_percent" not in sw.policy("ours")


def test_groups_are_named_anew_each_time(sw):
    sw("list", "set", "feed", "--group", "kids", "--group", "guests")
    assert sw.policy("feed")["groups"] == ["kids", "guests"]
    sw("list", "set", "feed", "--group", "staff")
    assert sw.policy("feed")["groups"] == ["staff"]
    sw("list", "set", "feed", "--group", "")
    assert "groups" not in sw.policy("feed")


def test_triggers_are_named_anew_each_time(sw):
    sw("list", "set", "feed", "--trigger", "client", "--trigger", "qname")
    assert sw.policy("feed")["triggers"] == ["qname", "client"]
    sw("list", "set", "feed", "--trigger", "nsip")
    assert sw.policy("feed")["triggers"] == ["nsip"]
    sw("list", "set", "feed", "--trigger", "")
    assert "triggers" not in sw.policy("feed")


def test_what_structured_errors_say(sw):
    sw("list", "set", "feed", "--justification", 'mal"ware', "--sub-error", "1")
    assert (sw.policy("feed")["justification"], sw.policy("feed")["sub_error"]) == ('mal"ware', 1)
    sw("list", "set", "feed", "--justification", "", "--sub-error", "0")
    assert not {"justification", "sub_error"} & set(sw.policy("feed"))


@pytest.mark.parametrize(
    "words, member",
    [
        (("--trigger", "ip"), "triggers"),
        (("--kind", "watch", "--trigger", "client"), "triggers"),
        (("--justification", "x" * 200), "justification"),
        (("--action", "explode"), "action"),
        (("--kind", "strange"), "kind"),
        (("--sinkhole4", "2001:db8::1"), "sinkhole4"),
        (("--cname", "a..b"), "cname"),
        (("--kind", "allow", "--action", "drop"), "action"),
        (("--note", "x" * 200), "note"),
    ],
)
def test_a_policy_that_is_not_allowed_changes_nothing(bad, words, member):
    before = bad.policy("bad")
    bad("list", "set", "bad", *words, code=NONE)
    assert member in bad.err
    assert bad.policy("bad") == before and len(bad.changes()) == 1


def test_a_new_kind_does_not_keep_an_action_that_it_may_not_have(bad):
    bad("list", "set", "bad", "--kind", "allow")
    assert bad.policy("bad") == {"kind": "allow", "action": "passthru"}


def test_a_list_name_that_is_not_allowed(sw):
    for name in ["Bad", "a b", "", "x" * 64, "ü"]:
        sw("list", "set", name, code=NONE)
        assert "list name" in sw.err
    assert not sw.redis.exists(sw.key("lists"))


def test_sinkhole_without_a_landing_address_is_said(sw):
    conf = sw.conf.read_text()
    sw.conf.write_text(re.sub(r"(?m)^sinkhole-.*\n", "", conf))
    sw("list", "set", "feed", "--action", "sinkhole")
    assert "landing address" in sw.err
    assert "--observe" in sw.err, "a list that blocks sees no owners"
    sw("list", "set", "feed", "--sinkhole4", "192.0.2.9")
    assert sw.err == ""


def test_list_shows_all_and_what_is_wrong(bad):
    bad("add", "bad", "a.example", "b.example")
    bad.redis.hset(bad.key("lists"), "broken", '{"action":"explode"}')
    out = bad("list")
    assert re.search(r"^bad +ioc +nxdomain +1000 +2", out, re.M)
    assert re.search(r"^broken +not in force.*explode", out, re.M)
    rows = {row["name"]: row for row in bad.json("list")}
    assert rows["bad"]["count"] == 2 and rows["bad"]["policy"]["action"] == "nxdomain"
    assert rows["broken"]["policy"] is None and "explode" in rows["broken"]["problem"]


def test_a_span_has_a_unit(bad):
    for words in (["add", "bad", "a.example", "--for"], ["list", "set", "bad", "--lifetime"], ["feed", "add", "x", "file:/x", "--every"]):
        bad(*words, "30", code=USAGE)
        assert "'30' has no unit; such as 30s, 30m, 30h or 30d" in bad.err
    bad("list", "set", "bad", "--lifetime", "0")


def test_no_lists(sw):
    assert "no lists" in sw("list")
    assert sw.json("list") == []
    sw("check", "a.example", code=NONE)  # as after FLUSHALL: resolvers may go on with their lists
    assert "there is no list in Redis at" in sw.err and "sinkwatch status" in sw.err
    assert sw.json("check", "a.example", code=NONE)[0]["verdict"] is None


def test_show_with_facts_and_limit(bad):
    bad("add", "bad", "a.example", "--facts", '{"campaign": "x"}')
    bad("add", "bad", "b.example", "c.example")
    out = bad("list", "show", "bad", "--limit", "2")
    assert "3 indicators" in out and "--limit 0" in out
    (shown,) = bad.json("list", "show", "bad", "--limit", "0")
    assert shown["count"] == 3 and shown["policy"]["action"] == "nxdomain"
    assert shown["indicators"] == {"a.example": {"campaign": "x"}, "b.example": {}, "c.example": {}}


def test_drop(bad):
    bad("add", "bad", "a.example")
    bad("list", "drop", "bad")
    assert not bad.redis.exists(bad.key("list:bad")) and not bad.redis.exists(bad.key("lists"))
    assert bad.changes()[-1] == ("drop", "bad", [])
    bad("list", "drop", "bad", code=NONE)


@pytest.mark.parametrize("answer, code", [("n", NONE), ("y", OK), ("", NONE)])
def test_drop_asks_on_a_terminal(bad, answer, code):
    ours, theirs = pty.openpty()
    process = bad.start("list", "drop", "bad", stdin=theirs)
    os.close(theirs)
    os.write(ours, answer.encode() + b"\n")
    out, err = process.communicate(timeout=30 * FACTOR)
    os.close(ours)
    assert "[y/N]" in err
    assert process.returncode == code, out + err
    assert bad.redis.hexists(bad.key("lists"), "bad") == (code != OK)


def test_drop_of_a_list_whose_key_is_no_hash(bad):
    bad.redis.set(bad.key("list:bad"), "a string")
    bad("list", "drop", "bad")
    assert not bad.redis.exists(bad.key("list:bad"))


# ---- add, remove ----


def test_add_writes_canonical_forms_and_one_entry(bad):
    bad("add", "bad", "EXAMPLE.net.", "=b.example", "*.c.example", "2001:DB8::/32", "as64500",
        "bücher.example")  # fmt: skip
    wanted = ["example.net", "=b.example", "*.c.example", "2001:db8::/32", "AS64500",
              "xn--bcher-kva.example"]  # fmt: skip
    assert set(bad.list("bad")) == set(wanted)
    assert bad.changes()[-1] == ("add", "bad", wanted)


def test_add_keeps_facts_unless_new_ones_are_given(bad):
    bad("add", "bad", "a.example", "--facts", '{"n": 1}')
    assert "there already" in bad("add", "bad", "a.example", "b.example")
    assert bad.list("bad") == {"a.example": '{"n":1}', "b.example": ""}
    bad("add", "bad", "a.example", "--facts", '{"n": 2}')
    assert json.loads(bad.list("bad")["a.example"]) == {"n": 2}


def test_add_refuses_one_by_one(bad):
    (done,) = bad.json("add", "bad", "a..b", "AS0", "ok.example", "10.0.0.1/8", code=PARTLY)
    assert set(bad.list("bad")) == {"ok.example"}
    assert [one["item"] for one in done["refused"]] == ["a..b", "AS0", "10.0.0.1/8"]
    assert all(one["why"] for one in done["refused"])
    assert (done["added"], done["list"]) == (1, "bad")
    assert "'a..b'" in bad.err and "host bits" in bad.err


def test_add_refuses_what_would_hurt_unless_allowed(bad):
    bad("add", "bad", "com", "github.io", "=github.io", code=PARTLY)
    assert set(bad.list("bad")) == {"=github.io"}
    assert "--allow-suffix com" in bad.err and "public suffix" in bad.err
    bad("add", "bad", "com", "--allow-suffix", "com")
    assert "com" in bad.list("bad")
    bad("add", "bad", ".", code=NONE)
    bad("add", "bad", "net", "--allow-suffix=com", code=NONE)


HOLDERS = ["registrant:Acme GmbH", "class:government", "country:RU"]


@pytest.mark.parametrize("kind", ["ioc", "allow", "watch", "protected", "known"])
def test_holders_are_taken_by_the_kinds_that_ask_for_holders(sw, text_file, kind):
    sw("list", "set", "some", "--kind", kind)
    takes = kind in ("protected", "known")
    wanted = {"registrant:acme", "class:government", "country:RU"} if takes else set()
    sw("add", "some", *HOLDERS, "a.example", code=OK if takes else PARTLY)
    assert set(sw.list("some")) == {*wanted, "a.example"}
    said = "matches on lists of kind protected and known only"
    assert sw.err.count(said) == (0 if takes else 3)
    sw("remove", "some", *sw.list("some"))
    path = text_file("\n".join([*HOLDERS, "b.example", ""]))
    (done,) = sw.json("import", "some", path, code=OK if takes else PARTLY)
    assert set(sw.list("some")) == {*wanted, "b.example"}
    assert done["covers"]["holders"] == len(wanted) and done["covers"]["both"] == 1
    assert sum(done["covers"].values()) == done["accepted"]
    assert [one["line"] for one in done["refused"]] == ([] if takes else [1, 2, 3])
    assert all(said in one["why"] for one in done["refused"])
    if takes:
        assert "1 names and all below them, 3 holders of addresses" in sw("import", "some", path)


@pytest.mark.parametrize("kind", ["ioc", "allow", "watch", "protected", "known"])
def test_a_list_with_holders_keeps_a_kind_that_asks_for_holders(sw, kind):
    takes = kind in ("protected", "known")
    for before in ("protected", "known"):
        sw("list", "set", before, "--kind", before)
        sw("add", before, *HOLDERS, "a.example")
        sw("list", "set", before, "--kind", kind, code=OK if takes else NONE)
        assert sw.policy(before)["kind"] == (kind if takes else before)
        if not takes:
            assert "3 indicators of the list would match nothing" in sw.err
            sw("list", "set", before, "--note", "kept")
            sw("remove", before, *HOLDERS)
            sw("list", "set", before, "--kind", kind)
            assert sw.policy(before)["kind"] == kind


def test_a_file_alone_may_have_holders(sw, text_file):
    """Without a list there is no kind that could refuse."""
    (done,) = sw.json("import", "--dry-run", "-", text_file("\n".join([*HOLDERS, ""])))
    assert done["accepted"] == done["covers"]["holders"] == 3


def test_kinds_that_are_never_acted_on_may_hold_public_suffixes(sw):
    sw("list", "set", "seen", "--kind", "watch")
    sw("add", "seen", "github.io")


def test_add_to_a_list_that_is_not_there(bad):
    bad("add", "bat", "a.example", code=NONE)
    assert "'bad'" in bad.err and "list set bat" in bad.err
    assert not bad.redis.exists(bad.key("list:bat")) and len(bad.changes()) == 1


def test_more_than_one_batch(bad):
    names = [f"n{i}.example" for i in range(2500)]
    bad("add", "bad", *names)
    assert len(bad.list("bad")) == 2500
    told = [len(indicators) for op, _, indicators in bad.changes() if op == "add"]
    assert sum(told) == 2500 and max(told) <= 1000


def test_remove(bad):
    bad("add", "bad", "a.example", "b.example")
    assert "1 indicator removed" in bad("remove", "bad", "A.EXAMPLE.")
    assert set(bad.list("bad")) == {"b.example"}
    assert bad.changes()[-1] == ("remove", "bad", ["a.example"])
    bad("remove", "bad", "a.example", "b.example", code=PARTLY)
    assert "'a.example' is not on" in bad.err and bad.list("bad") == {}


def test_remove_of_fields_that_others_wrote(bad):
    bad.redis.hset(bad.key("list:bad"), mapping={"UPPER.example": "", "no indicator": ""})
    bad("remove", "bad", "UPPER.example", "no indicator")
    assert bad.list("bad") == {}
    before = len(bad.changes())
    bad("remove", "bad", "never there!", code=NONE)
    assert len(bad.changes()) == before


# ---- --wait ----


def test_wait_returns_when_every_live_resolver_has_applied(bad):
    bad.report("one", "0-0")
    bad.report("two", "99999999999999-0")
    bad.redis.zadd(bad.key("resolvers"), {"gone": 1})  # no hash: not live
    process = bad.start("add", "bad", "a.example", "--wait=20")
    until(lambda: "a.example" in bad.list("bad"), "the change in Redis")
    assert process.poll() is None
    bad.report("one", bad.last_change())
    out, err = process.communicate(timeout=30 * FACTOR)
    assert process.returncode == OK, err
    assert "enforced by 2 resolvers: one, two" in out or "two, one" in out


def test_wait_names_those_that_are_late(bad):
    bad.report("slow", "0-0")
    bad.report("fast", "99999999999999-0")
    (done,) = bad.json("list", "set", "bad", "--action", "drop", "--wait=1", code=TIMEOUT)
    assert (done["applied_by"], done["not_applied_by"]) == (["fast"], ["slow"])
    assert "slow" in bad.err and "fast" not in bad.err
    assert bad.policy("bad")["action"] == "drop"


def test_wait_without_a_live_resolver_says_so(bad):
    bad("add", "bad", "a.example", "--wait")
    assert "no resolver is live" in bad.err


def test_seconds_of_wait_need_an_equals_sign(bad):
    bad("add", "bad", "a.example", "--wait", "5", code=PARTLY)
    assert "'5'" in bad.err and set(bad.list("bad")) == {"a.example"} and "--wait=5" in bad.err
    bad("remove", "bad", "a.example", "--wait", "5", code=PARTLY)
    assert "--wait=5" in bad.err


def test_the_end_that_was_set_is_said(bad):
    for words in (["--for", "30d"], ["--expires", "2035-01-02T03:04:05Z"]):
        out = bad("add", "bad", "a.example", *words)
        assert json.loads(bad.list("bad")["a.example"])["expires"] in out
        (said,) = bad.json("add", "bad", "a.example", *words)
        assert said["expires"] == json.loads(bad.list("bad")["a.example"])["expires"]
    assert "until" not in bad("add", "bad", "b.example") and "expires" not in bad.json("add", "bad", "c.example")[0]
    bad("list", "set", "bad", "--lifetime", "7d")
    assert json.loads(bad.redis.hget(bad.key("lists"), "bad"))["lifetime"] and "until" in bad("add", "bad", "d.example")
