"""The command asks the memories of a fleet: the resolvers are played here, by the interface of
module/REDIS.md."""

import json
import threading
from contextlib import contextmanager

from cli_rig import NONE, OK, PARTLY, REDIS, TIMEOUT, USAGE, sw  # noqa: F401
from harness.wait import FACTOR

START = 1764000000  # 2025-11-24 16:00 UTC


def cof(name, kind, rdata, first=START, last=START + 60, count=1, **more):
    return json.dumps({"rrname": name, "rrtype": kind, "rdata": rdata, "time_first": first,
                       "time_last": last, "count": count, **more})  # fmt: skip


def answer(*lines, end="all", **more):
    return "\n".join([json.dumps({"resolver": "x", "records": len(lines), "end": end, **more}), *lines])


@contextmanager
def fleet(sw, answers):
    """Live resolvers with a memory that answer the next inquiry; None: no answer. The inquiry is
    in the list that is yielded."""
    for name in answers:
        sw.report(name, "0-0", memory='{"folder":"/m","state":"recording"}')
    stream, inquiries = sw.key("memory:inquiries"), []
    last = sw.redis.xrevrange(stream, count=1)

    def play():
        found = sw.redis.xread({stream: last[0][0] if last else "0-0"}, block=20000, count=1)
        for entry, fields in found[0][1] if found else []:
            inquiries.append(json.loads(fields["e"]))
            given = {name: text for name, text in answers.items() if text is not None}
            sw.redis.hset(sw.key(f"memory:answers:{entry}"), mapping=given)

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield inquiries
    finally:
        thread.join()


def test_answers_are_merged(sw):
    one = answer(
        cof("a.example", "A", "192.0.2.1", START, START + 60, 3, bailiwick="example."),
        cof("a.example", "A", "192.0.2.2"))  # fmt: skip
    two = answer(
        cof("a.example", "A", "192.0.2.1", START - 50, START + 10, 4, bailiwick="example."),
        cof("a.example", "A", "192.0.2.1", START - 9, START + 99, 5, bailiwick="example."),
        cof("b.example", "CNAME", "a.example"))  # fmt: skip
    words = ["a.example", "--type", "a", "--since", START - 60, "--until", START + 9, "--limit", 50]
    with fleet(sw, {"ns1": one, "ns2": two}) as inquiries:
        rows = sw.json("memory", *words)
    assert inquiries == [{"what": "a.example", "type": "A", "since": START - 60, "until": START + 9,
                          "limit": 50}]  # fmt: skip
    got = {(r["name"], r["rdata"]): (r["first"][11:19], r["last"][11:19], r["count"], r["resolvers"])
           for r in rows}  # fmt: skip
    assert got == {
        ("a.example", "192.0.2.1"): ("15:59:10", "16:01:39", 12, ["ns1", "ns2"]),
        ("a.example", "192.0.2.2"): ("16:00:00", "16:01:00", 1, ["ns1"]),
        ("b.example", "a.example."): ("16:00:00", "16:01:00", 1, ["ns2"]),
    }
    with fleet(sw, {"ns1": one, "ns2": two}):
        lines = [json.loads(x) for x in sw("memory", "--fleet", "--cof", "a.example").splitlines()]
    assert {x["count"] for x in lines} == {12, 1} and "resolvers" not in lines[0]
    with fleet(sw, {"ns1": answer(), "ns2": answer()}):
        assert "nothing was resolved" in sw("memory", "a.example", code=NONE)


def test_pivot_asks_the_fleet_as_well(sw):
    """D-166: beside the history, and only with the option."""
    row = cof("a.example", "A", "192.0.2.1")
    with fleet(sw, {"ns1": answer(row), "ns2": answer(row)}) as inquiries:
        (found,) = sw.json("pivot", "a.example", "--fleet", "--max", "5")
    assert inquiries[0]["what"] == "a.example" and found["addresses"] == []
    assert found["memory"]["source"] == "resolvers" and not found["memory"]["more"]
    (record,) = found["memory"]["records"]
    assert (record["rdata"], record["count"], record["resolvers"]) == ("192.0.2.1", 2, ["ns1", "ns2"])
    assert "memory" not in sw.json("pivot", "a.example", code=NONE)[0]


def test_what_is_missing_is_said(sw):
    row = cof("a.example", "A", "192.0.2.1")
    with fleet(sw, {"ns1": answer(row), "ns2": None}):
        sw("memory", "--wait", 2 * FACTOR, "a.example", code=TIMEOUT)
    assert f"ns2: no answer within {2 * FACTOR} seconds" in sw.err and "192.0.2.1" in sw.out
    ends = {"size": "more records", "time": "not look at everything", "busy": "busy",
            "refused": "no such thing", "other": "other"}  # fmt: skip
    for end, words in ends.items():
        with fleet(sw, {"ns1": answer(row, end=end, why="no such thing"), "ns2": answer()}):
            sw("memory", "a.example", code=PARTLY)
        assert f"ns1: " in sw.err and words in sw.err and "192.0.2.1" in sw.out
    with fleet(sw, {"ns1": answer(row, end="limit"), "ns2": answer()}):
        sw("memory", "a.example", "--limit", "1", code=OK)
        assert "ns1 has more records" in sw.err
    with fleet(sw, {"ns1": answer(row, end="limit"), "ns2": answer()}):
        sw("memory", "a.example", "--limit", "0", code=PARTLY)


def test_hostile_answers(sw):
    good = cof("a.example", "A", "192.0.2.1")
    bad = ["", "\x1b[2J\n\x1b[2J", "[]", '{"end":7}', "\x00" * 100, "[" * 5000,
           answer("no JSON", good), answer(cof("a.example", "TXT", "x"), good, end="\x1b[2J"),
           answer(*[cof(f"n{i}.example", "A", "192.0.2.2") for i in range(10001)])]  # fmt: skip
    with fleet(sw, {f"ns{i}": text for i, text in enumerate(bad)} | {"\x1b[2Jns": answer(good)}):
        sw("memory", "a.example", code=PARTLY)
    assert sw.out.count("192.0.2.1") == 1 and "\x1b" not in sw.out + sw.err
    assert all(f"ns{i}: " in sw.err for i in range(len(bad)))
    assert "more than the 10000 records" in sw.err


def test_nobody_to_ask(sw):
    sw.report("ns1", "0-0", memory="{}")
    sw.report("ns2", "0-0")
    sw("memory", "a.example", code=NONE)
    assert "no live resolver keeps a memory" in sw.err and "memory-folder" in sw.err
    assert sw.redis.xlen(sw.key("memory:inquiries")) == 0
    sw("memory", "--fleet", "--folder", "/x", "a.example", code=USAGE)
    sw.redis.set(sw.key("memory:inquiries"), "text")
    sw.report("ns1", "0-0", memory='{"folder":"/m"}')
    sw("memory", "a.example", code=REDIS)
    assert "WRONGTYPE" in sw.err
