"""The harness's own evidence.py: what a failed test leaves for whoever reads its log."""

import signal

from harness import evidence
from harness.wait import until


def told(resolver):
    return dict(evidence.sections()).get(f"resolver in {resolver.folder}", "")


def test_resolver_that_runs(lists, resolver):
    lists.put("bad", "evil.example", action="nxdomain")
    text = told(resolver)
    for words in (
        "running", f"port {resolver.port}", "sinkhole-ipv4: ", "start of service",
        ":list:bad: {'evil.example': ''}", "'op': 'add', 'list': 'bad'", "'state': 'following'",
    ):  # fmt: skip
        assert words in text, text
    assert "load " in dict(evidence.sections())["circumstances"]


def test_servers_that_ended(make_resolver, own_redis):
    """Neither a resolver that was killed nor a Redis that is away keeps the rest from being told."""
    own_redis.start()
    resolver = make_resolver(own_redis)
    until(lambda: "start of service" in resolver.log(), "the last line of the start")
    own_redis.kill()
    assert "ConnectionError" in told(resolver)
    resolver.process.signal(signal.SIGKILL)
    resolver.process.wait()
    assert "ended, status -9" in told(resolver) and "start of service" in told(resolver)
    resolver.kill()
    assert told(resolver) == ""


def test_long_texts_are_cut():
    text = evidence.tail("\n".join(f"{n} " + "x" * 1000 for n in range(100)))
    assert "(40 lines before)" in text and "99 x" in text and len(text) < 20000
