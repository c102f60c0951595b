"""Other treatments of a query by Unbound: local data, views, RPZ, rebinding protection, forwarding,
minimisation, limits, several threads, and changes by unbound-control at run time."""

import dns.edns
import pytest
from harness.events import NAME
from harness.resolver import SINK4
from harness.wait import until

WWW = "www.evil.example"
TRUE4 = ["192.0.2.66"]
ZONE = """$ORIGIN rpz.test.
$TTL 60
@ SOA ns.rpz.test. h.rpz.test. 1 3600 600 86400 60
@ NS ns.rpz.test.
www.evil.example A 198.18.99.1
www.clean.example CNAME .
32.5.113.0.203.rpz-ip A 198.18.99.2
"""


@pytest.fixture
def run(make_resolver, shared_redis, lists_for):
    """run(server lines, clauses=, chain=): a resolver, an ask function, and lists."""

    def start(server=(), clauses=(), **options):
        resolver = make_resolver(shared_redis, server=server, start=False, **options)
        resolver.clauses += clauses
        resolver.start()
        return resolver, resolver.client.ask, lists_for(resolver, shared_redis)

    return start


@pytest.mark.parametrize("chain", ["respip dynlib", "dynlib respip"])
def test_rpz(run, folder, chain):
    """The names of an RPZ are looked at before any module, the addresses where respip stands."""
    (folder / "rpz.zone").write_text(ZONE)
    rpz = ["rpz:", "  name: rpz.test", f'  zonefile: "{folder}/rpz.zone"']
    _, ask, lists = run(clauses=rpz, chain=f"{chain} validator iterator")
    lists.put("bad", "evil.example", "clean.example", "203.0.113.0/24", action="refused")
    for _ in range(2):
        assert ask(WWW).addresses == ["198.18.99.1"]
        assert ask("www.clean.example").rcode == "NXDOMAIN"
        assert ask("mail.evil.example").rcode == "REFUSED"
        assert ask("net4.address.example").rcode == "REFUSED"
        answer = ask("four.address.example")
        assert "203.0.113.5" not in answer.addresses
        assert answer.rcode == "REFUSED" or answer.addresses == ["198.18.99.2"]
    lists.drop("bad")
    assert ask("four.address.example").addresses == ["198.18.99.2"]
    assert ask("mail.evil.example").addresses == ["192.0.2.67"]


@pytest.mark.parametrize("kind", ["rpz", "response-ip"])
@pytest.mark.parametrize("chain", ["respip dynlib", "dynlib respip"])
@pytest.mark.parametrize("listed", [WWW, *TRUE4])
def test_alias_that_a_policy_gives(run, folder, chain, kind, listed):
    """The policy resolves the target and adds its records; all are judged as in any answer."""
    head = ZONE[: ZONE.index("www")]
    (folder / "rpz.zone").write_text(f"{head}32.5.113.0.203.rpz-ip CNAME {WWW}.\n")
    rpz = ["rpz:", "  name: rpz.test", f'  zonefile: "{folder}/rpz.zone"']
    address = "203.0.113.5/32"
    server = [f"response-ip: {address} redirect", f'response-ip-data: {address} "CNAME {WWW}."']
    policy = {"clauses": rpz} if kind == "rpz" else {"server": server}
    _, ask, lists = run(chain=f"{chain} validator iterator", **policy)
    lists.put("bad", action="nxdomain")
    for _ in range(2):
        answer = ask("four.address.example")
        assert answer.aliases == [WWW] and answer.addresses == TRUE4
    lists.add("bad", listed)
    for _ in range(3):
        answer = ask("four.address.example")
        assert answer.rcode == "NXDOMAIN" and not answer.addresses


@pytest.mark.parametrize("chain", ["respip dynlib", "dynlib respip"])
def test_address_that_a_policy_gives(run, events_for, shared_redis, chain):
    """Unbound gives the address to each cached reply anew. Each query is judged, and no client is left
    with a truncated reply (D-261)."""
    address = "203.0.113.5/32"
    server = [f"response-ip: {address} redirect", f'response-ip-data: {address} "A 198.51.100.77"']
    resolver, ask, lists = run(server, chain=f"{chain} validator iterator")
    lists.put("bad", "198.51.100.77", action="nxdomain")
    events = events_for(resolver, shared_redis)
    for tcp in (False, True) * 4:
        answer = ask("four.address.example", tcp=tcp)
        assert (answer.rcode, answer.tc, answer.addresses) == ("NXDOMAIN", False, [])
    events.wait({NAME: "four.address.example"}, count=8)


@pytest.mark.parametrize("downstream", ["yes", "no"])
def test_auth_zone(run, folder, downstream):
    """With for-downstream Unbound answers before any module: the module says so at its start (D-121)."""
    (folder / "mine.zone").write_text(ZONE.replace("rpz.test", "mine.example") + "bad A 203.0.113.5\n")
    zone = ["auth-zone:", "  name: mine.example", f'  zonefile: "{folder}/mine.zone"']
    zone += [f"  for-downstream: {downstream}", "  for-upstream: yes"]
    resolver, ask, lists = run(clauses=zone)
    if downstream == "yes":
        resolver.says("auth-zone mine.example has for-downstream: yes")
    assert ask("bad.mine.example").addresses == ["203.0.113.5"]
    lists.put("bad", "www.evil.example.mine.example", "203.0.113.5", action="refused")
    wanted = "NOERROR" if downstream == "yes" else "REFUSED"
    assert ask("www.evil.example.mine.example").rcode == wanted
    assert ask("bad.mine.example").rcode == wanted


@pytest.mark.parametrize("minimal", ["yes", "no"])
def test_records_beside_an_answer(run, minimal):
    """The additional section is not judged, as RPZ does not judge it; the address itself is (D-121)."""
    _, ask, lists = run([f"minimal-responses: {minimal}"])
    lists.put("bad", "192.0.2.67", action="nxdomain")
    for _ in range(2):
        answer = ask("evil.example", "MX")
        assert answer.rcode == "NOERROR"
        assert ("192.0.2.67" in str(answer.message)) == (minimal == "no")
        assert ask("mail.evil.example").rcode == "NXDOMAIN"
    lists.add("bad", "127.0.0.1")
    for _ in range(2):
        answer = ask("clean.example", "NS")
        assert answer.rcode == "NOERROR" and "127.0.0.1" in str(answer.message)
        assert ask("ns.clean.example").rcode == "NXDOMAIN"


def test_views(run):
    """A view's local data goes first, for the view's clients; the lists hold for everybody."""
    server = ["access-control-view: 127.0.0.2/32 inside"]
    view = ["view:", "  name: inside", f'  local-data: "{WWW}. A 10.1.1.1"', "  view-first: yes"]
    _, ask, lists = run(server, view)
    lists.put("bad", "evil.example", action="sinkhole")
    for _ in range(2):
        assert ask(WWW, source="127.0.0.2").addresses == ["10.1.1.1"]
        assert ask(WWW, source="127.0.0.3").addresses == [SINK4]
        assert ask("mail.evil.example", source="127.0.0.2").addresses == [SINK4]


def test_local_data_changed_while_it_runs(run):
    resolver, ask, lists = run()
    lists.put("bad", "evil.example", action="sinkhole")
    assert ask(WWW).addresses == [SINK4]
    resolver.control("local_data", f"{WWW}. A 10.1.1.1")
    assert ask(WWW).addresses == ["10.1.1.1"]
    resolver.control("local_data_remove", f"{WWW}.")
    resolver.control("local_zone_remove", f"{WWW}.")
    assert ask(WWW).addresses == [SINK4]
    resolver.control("local_zone", "mail.evil.example.", "always_refuse")
    assert ask("mail.evil.example").rcode == "REFUSED"
    resolver.control("local_zone_remove", "mail.evil.example.")
    assert ask("mail.evil.example").addresses == [SINK4]


@pytest.mark.parametrize("words", [("flush", WWW), ("flush_type", WWW, "A"),
                                   ("flush_zone", "evil.example"), ("flush_bogus",),
                                   ("flush_negative",), ("flush_infra", "all"),
                                   ("flush_requestlist",)], ids=lambda w: w[0])  # fmt: skip
def test_flush(run, words):
    resolver, ask, lists = run()
    lists.put("bad", "evil.example", "203.0.113.5", action="sinkhole", observe=True)
    for _ in range(2):
        assert ask(WWW).addresses == [SINK4]
        assert ask("four.address.example").addresses == [SINK4]
        assert ask("www.clean.example").addresses == ["198.51.100.10"]
        resolver.control(*words)


def test_cache_that_is_loaded_is_judged(run, env, folder):
    """load_cache loads answers that were dumped before the listing."""
    resolver, ask, lists = run()
    names = [WWW, "to-evil.clean.example", "four.address.example", "as1.network.example"]
    true = [ask(name).addresses for name in names]
    dump = resolver.control("dump_cache")
    resolver.forget_answers()
    lists.put("bad", "evil.example", "203.0.113.0/24", "AS8342", action="sinkhole")
    resolver.load_cache(dump)
    lists.put("more", "winsystemsvc.net", action="sinkhole")
    wrong = [name for name in names if ask(name).addresses != [SINK4]]
    assert wrong == []
    lists.drop("bad")
    assert [ask(name).addresses for name in names] == true


def test_private_address(run):
    """Rebinding protection drops the address, the list acts on the rest."""
    _, ask, lists = run(["private-address: 203.0.113.0/24"])
    assert ask("both.address.example").addresses == ["198.51.100.20"]
    lists.put("bad", "203.0.113.5", action="sinkhole")
    assert ask("both.address.example").addresses == ["198.51.100.20"]
    lists.add("bad", "198.51.100.20")
    assert ask("both.address.example").addresses == [SINK4]


@pytest.mark.parametrize("how", ["qname-minimisation: no", "qname-minimisation-strict: yes"])
def test_minimisation(run, upstream, how):
    """The resolver's own shorter questions are no hits and are not acted on."""
    upstream.forget()
    resolver, ask, lists = run(["qname-minimisation: yes", how])
    lists.put("bad", "=sub.evil.example", "=wild.signed.example", action="nxdomain")
    assert ask("deep.sub.evil.example").addresses == TRUE4
    assert ask("a.wild.signed.example").addresses == ["198.51.100.62"]
    assert ask("sub.evil.example").rcode == "NXDOMAIN"
    lists.put("bad", "evil.example", action="nxdomain", observe=True)
    assert ask("deep.sub.evil.example").rcode == "NXDOMAIN"


def test_forwarding(run, authority):
    forward = ["forward-zone:", '  name: "."', f"  forward-addr: 127.0.0.1@{authority.port}"]
    resolver, ask, lists = run(clauses=forward, stubs=())
    assert ask(WWW).addresses == ask("to-evil.clean.example").addresses == TRUE4
    lists.put("bad", "evil.example", "203.0.113.5", action="sinkhole")
    for name in (WWW, "to-evil.clean.example", "four.address.example"):
        assert [ask(name).addresses for _ in range(2)] == [[SINK4]] * 2
    resolver.control("forward_remove", ".")
    assert ask(WWW).addresses == [SINK4]


def test_listed_name_while_its_servers_may_not_be_asked(make_resolver, shared_redis, lists_for):
    resolver = make_resolver(shared_redis, ["do-not-query-address: 127.0.0.1"], start=False)
    ask, lists = resolver.client.ask, lists_for(resolver, shared_redis)
    resolver.launch()
    lists.wait_state(state="following")
    until(resolver.listens, "unbound to listen")
    assert ask(WWW).rcode == "SERVFAIL"
    lists.put("bad", "evil.example", action="sinkhole")
    assert ask(WWW).addresses == [SINK4]


def test_rate_limit_of_a_zone(run):
    """An answer at once uses nothing up; a resolution for us counts as ever."""
    _, ask, lists = run(["ratelimit: 1", "ratelimit-factor: 0"])
    lists.put("bad", "evil.example", action="sinkhole")
    assert [ask(f"n{n}.many.evil.example").addresses for n in range(20)] == [[SINK4]] * 20
    assert "SERVFAIL" in {ask(f"n{n}.many.clean.example").rcode for n in range(40)}


@pytest.mark.parametrize("reuse", ["yes", "no"])
def test_many_threads(run, events_for, shared_redis, reuse):
    resolver, _, lists = run([f"so-reuseport: {reuse}"], options={"threads": 8})
    lists.put("bad", "evil.example", "203.0.113.5", action="sinkhole")
    events = events_for(resolver, shared_redis)
    names = [WWW, "four.address.example", "to-evil.clean.example"] * 40
    answers = resolver.client.ask_many([{"name": name} for name in names])
    assert {tuple(answer.addresses) for answer in answers} == {(SINK4,)}
    for name in set(names):
        assert len(events.wait({NAME: name}, count=40)) == 40


def test_cookies(run, env):
    if tuple(map(int, env.unbound_version().split(".")[:2])) < (1, 18):
        pytest.skip("Unbound knows DNS cookies since 1.18")
    _, ask, lists = run(["answer-cookie: yes"])
    lists.put("bad", "evil.example", action="sinkhole")
    cookie = dns.edns.GenericOption(10, b"12345678")
    for name in (WWW, "www.clean.example"):
        options = {int(o.otype): o for o in ask(name, extra=[cookie]).message.options}
        assert options[10].to_wire().startswith(b"12345678")
        assert (15 in options) == (name == WWW)


@pytest.mark.parametrize("name", [WWW, "four.address.example"])
def test_question_without_recursion(run, name):
    """RD=0 looks at the cache only: the cache has nothing there that a rule touches."""
    _, ask, lists = run(["access-control: 127.0.0.0/8 allow_snoop"])
    true = ask(name).addresses
    assert ask(name, rd=False).addresses == true
    lists.put("bad", "evil.example", "203.0.113.5", action="sinkhole")
    for _ in range(2):
        assert ask(name, rd=False).addresses in ([], [SINK4])
        assert ask(name).addresses == [SINK4]


REWRITTEN = {"name": ("evil.example", WWW), "alias": ("evil.example", "to-evil.clean.example"),
             "address": ("203.0.113.5", "four.address.example")}  # fmt: skip


def test_counters_of_unbound(run):
    """Every rewritten answer is a cache miss and a recursive reply; a recorded one counts as without a list."""
    resolver, ask, lists = run()

    def counted(name):
        """Cache hits, misses and recursive replies of three questions, after a first one."""
        fields = ("cachehits", "cachemiss", "recursivereplies")
        ask(name)
        before = [resolver.statistic(f"total.num.{field}") for field in fields]
        for _ in range(3):
            ask(name)
        return [resolver.statistic(f"total.num.{field}") - n for field, n in zip(fields, before)]

    for by, (indicator, name) in REWRITTEN.items():
        lists.put("bad", indicator, action="sinkhole")
        assert counted(name) == [0, 3, 3], by
        lists.policy("bad", action="monitor")
        assert counted(name) == [3, 0, 0], by
