"""Redis Functions for feeds (conf/sinkwatch.lua): a change and the entry in a single step, by any
client."""

import pytest
import redis
from cli_rig import NONE, ROOT, bad, sw  # noqa: F401
from harness.resolver import SINK4
from harness.wait import until

WWW = "www.evil.example"


@pytest.fixture
def functions(resolver, lists):
    """FCALL with this resolver's keys, after `sinkwatch setup`."""
    resolver.command("setup", check=False)

    def call(name, keys, *words):
        return lists.client.fcall(name, len(keys), *[lists.key(key) for key in keys], *words)

    return call


def test_each_function_is_enforced(functions, lists, ask):
    functions("sinkwatch_policy", ["lists", "changes"], "bad", '{"action":"sinkhole"}')
    done = functions("sinkwatch_add", ["list:bad", "changes"], "bad", "evil.example", "")
    lists.wait_applied(done)
    assert ask(WWW).addresses == [SINK4]
    done = functions("sinkwatch_remove", ["list:bad", "changes"], "bad", "evil.example")
    lists.wait_applied(done)
    assert ask(WWW).addresses == ["192.0.2.66"]
    lists.client.hset(lists.key("list:bad:staging:mine"), "evil.example", "")
    keys = ["list:bad:staging:mine", "list:bad", "list:bad:previous", "changes"]
    lists.wait_applied(functions("sinkwatch_replace", keys, "bad"))
    assert ask(WWW).addresses == [SINK4]
    keys = ["lists", "list:bad", "list:bad:previous", "changes"]
    lists.wait_applied(functions("sinkwatch_drop", keys, "bad"))
    assert ask(WWW).addresses == ["192.0.2.66"]
    assert not lists.client.exists(lists.key("list:bad"))


def test_many_indicators_and_their_ends(functions, lists, ask):
    functions("sinkwatch_policy", ["lists", "changes"], "bad", '{"action":"sinkhole"}')
    many = [word for i in range(2500) for word in (f"n{i}.big.example", "")]
    past = '{"expires":"2020-01-01T00:00:00Z"}'
    ends = ["evil.example", past, "clean.example", '{"expires":4102444800}']
    lists.wait_applied(functions("sinkwatch_add", ["list:bad", "changes"], "bad", *many, *ends))
    assert ask(WWW).addresses == ["192.0.2.66"]
    assert ask("www.clean.example").addresses == [SINK4]
    entries = lists.client.xrevrange(lists.key("changes"), count=3)
    assert sum(len(fields) > 3 for _, fields in entries) == 3  # 1,000, 1,000, 502


def test_facts_that_cannot_be_read_are_reported(functions, lists, ask):
    """Their indicators are in force without an end, and resolvers are made to look at the facts."""
    functions("sinkwatch_policy", ["lists", "changes"], "bad", '{"action":"sinkhole"}')
    odd = ["no json", "[1]", '{"expires":true}', '{"expires":"soon"}']
    words = [word for i, facts in enumerate(odd) for word in (f"n{i}.evil.example", facts)]
    good = ["clean.example", '{"expires":null}']
    lists.wait_applied(functions("sinkwatch_add", ["list:bad", "changes"], "bad", *words, *good))
    assert ask("n0.evil.example").addresses == [SINK4]
    assert ask("www.clean.example").addresses == [SINK4]
    until(lambda: all(f"n{i}.evil" in lists.state()["refused"] for i in range(len(odd))), "reports")


@pytest.mark.parametrize(
    "name, keys, words, said",
    [
        ("sinkwatch_policy", ["lists", "changes"], ["bad", "{"], "no JSON"),
        ("sinkwatch_add", ["list:bad", "changes"], ["bad", "one"], "pairs"),
        ("sinkwatch_add", ["list:bad"], ["bad", "one", ""], "2 keys"),
        ("sinkwatch_remove", ["list:bad", "changes"], ["bad"], "INDICATOR"),
        ("sinkwatch_replace", ["nothing", "list:bad", "x", "changes"], ["bad"], "no hash"),
    ],
)
def test_wrong_calls_change_nothing(functions, lists, name, keys, words, said):
    before = lists.client.xlen(lists.key("changes"))
    with pytest.raises(redis.exceptions.ResponseError, match=said):
        functions(name, keys, *words)
    assert lists.client.xlen(lists.key("changes")) == before
    assert not lists.client.exists(lists.key("list:bad"))


def test_setup_and_check(sw):
    sw.redis.function_flush()
    assert "not loaded" in sw("setup", "--check", code=NONE)
    assert "loaded" in sw("setup")
    (found,) = sw.json("setup", "--check")
    assert found["functions"] == "loaded" and found["version"]
    assert sw("setup", "--print") == (ROOT / "conf" / "sinkwatch.lua").read_text()
