"""The users of conf/users.acl, and the users in module/REDIS.md: commands of the documented table
are allowed, and of all commands of the server nothing else; and the product works with just these
(D-096)."""

import re

import pytest
import redis
from cli_rig import REDIS, ROOT, Command
from harness.desk import OURS, Desk
from harness.resolver import SINK4
from harness.wait import until

PREFIX = "{sinkwatch}:"
# A key of each kind, and two that are none of ours. Behind each key the patterns of the table that
# cover the key.
KEYS = [
    "lists",
    "list:ads",
    "list:ads:previous",
    "list:ads:staging:x",
    "list:other",
    "list:adservers",
    "changes",
    "feeds",
    "feeds:lease",
    "feeds:log",
    "feed:ads",
    "feed:ads:lease",
    "resolvers",
    "resolvers:tracked",
    "resolver:ns1",
    "resolver:ns2",
    "events",
    "anomalies",
    "notices",
    "notices:state",
    "notify:soc",
    "notify:soc:holder",
    "tracked",
    "written:ns1",
    "written:ns2",
    "seen:name:x.example",
    "seen:zone:x.example",
    "seen:addr:192.0.2.1",
    "memory:inquiries",
    "memory:answers:1-0",
]
FOREIGN = ["foreign", "{sinkwatch}x"]
CONFINED = {
    "resolver-ns1": ("resolver", {"resolver:*": "resolver:ns1", "written:*": "written:ns1"}),
    "feed-ads": ("feed", {"list:*": "list:ads"}),
}
# Commands with arguments that are not keys: the arguments with KEY in the place of the key.
FORMS = {
    "xread": "STREAMS KEY 0",
    "psubscribe": "__keyspace@0__:{sinkwatch}:list*",
    "xreadgroup": "GROUP g c STREAMS KEY >",
    "migrate": "127.0.0.1 1 KEY 0 1000",
    "sort": "KEY STORE KEY",
    "georadius": "KEY 1 1 1 m STORE KEY",
    "georadiusbymember": "KEY m 1 m STORE KEY",
    "memory|usage": "KEY",
    "set": "KEY v",
    "bitfield": "KEY SET u8 0 1",
    "bitop": "AND KEY KEY",
    "blpop": "KEY 0",
    "brpop": "KEY 0",
    "bzpopmin": "KEY 0",
    "bzpopmax": "KEY 0",
}


def documented():
    """{user: [(patterns, commands)]} of the table."""
    rights = {}
    text = (ROOT / "module/REDIS.md").read_text()
    section = text[text.index("## Rights of each role") :]
    section = section[: section.index("\n## ", 5)]
    for line in section.splitlines():
        found = re.match(r"\| `([a-z]+)` \| (.*?) \| (.*) \|$", line)
        if found:
            user, keys, commands = found.groups()
            patterns = None if keys == "-" else re.findall(r"`(.*?)`", keys)
            rights.setdefault(user, []).append((patterns, commands.replace("\\", "").split()))
    lines = re.findall(r"^user .*$", section, re.M)
    assert {line.split()[1] for line in lines} == set(CONFINED)
    return rights, lines


def covers(pattern, key):
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), key) is not None


def allowed(rights, user, command, key):
    """The table in the document."""
    if command in ("hello", "quit", "reset"):
        return True  # Redis asks for no right
    role, narrower = CONFINED.get(user, (user, {}))
    rows = list(rights[role])
    if user == "feed-ads":
        writes = next(commands for patterns, commands in rows if patterns == ["lists", "list:*"])
        rows = [row for row in rows if row[0] not in (["lists", "list:*"], ["changes"])]
        rows += [(["list:ads", "list:ads:*"], writes), (["changes"], ["xadd", "fcall"])]
        rows += [(["lists"], ["hget", "hmget", "hgetall", "hexists", "hlen", "hkeys"])]
    for patterns, commands in rows:
        if command in commands and (patterns is None) == (key is None):
            mine = [narrower.get(p, p) for p in patterns or []]
            if key is None or any(covers(p, key) for p in mine):
                return True
    return False


def commands_of(client):
    """[(name, arguments with KEY, or None)] of every command and sub-command of the server."""
    found = []

    def one(info):
        subs = info[9] if len(info) > 9 else []
        name = str(info[0])
        for sub in subs:
            one(sub)
        if not subs:
            found.append((name, int(info[1]), info[8] if len(info) > 8 else []))

    path = client.connection_pool.connection_kwargs["path"]
    raw = redis.Redis(unix_socket_path=path, decode_responses=True)
    raw.response_callbacks.clear()
    for info in raw.execute_command("COMMAND"):
        one(info)
    return found


def arguments(name, arity, specs):
    """Words behind the command for ACL DRYRUN; KEY in the place of each key."""
    least = abs(arity) - 1 - (1 if "|" in name else 0)
    if name in FORMS:
        return FORMS[name].split()
    if not specs:
        return ["x"] * least
    kind = str(specs)
    if "keynum" in kind:
        first = "1" in kind and name in ("zunionstore", "zinterstore", "zdiffstore")
        words = ["KEY", "1", "KEY"] if first else ["1", "KEY"]
        if name.startswith(("eval", "fcall")):
            words = ["f", "1", "KEY"]
        elif name in ("blmpop", "bzmpop"):
            words = ["0", "1", "KEY"]
        return words + ["LEFT"] * max(0, least - len(words)) + ["LEFT"]
    if name.startswith("object") or name.startswith("xinfo") or name.startswith("xgroup"):
        return ["KEY"] + ["x"] * max(0, least - 1)
    if name == "xinfo|stream":
        return ["KEY"]
    return ["KEY"] * max(1, least)


@pytest.fixture
def users(own_redis):
    """Every user is on, with the password pw."""
    own_redis.start()
    rights, lines = documented()
    for line in (ROOT / "conf/users.acl").read_text().splitlines() + lines:
        _, user, *rules = line.split()
        if user not in ("default", "admin"):
            rules = [re.sub("^off$", "on", re.sub("^>.*", ">pw", rule)) for rule in rules]
            own_redis.client.execute_command("ACL", "SETUSER", user, *rules)
    return rights


ROLES = ["feed", "subscriber", "resolver", "sweep", "reader", "desk", "notifier", "analyst", *CONFINED]


@pytest.mark.parametrize("user", ROLES)
def test_every_command_against_every_key(users, own_redis, user):
    client = own_redis.client
    commands = commands_of(client)
    assert len(commands) > 350
    asked, wrong = [], []
    pipeline = client.pipeline(transaction=False)
    for name, arity, specs in commands:
        words = arguments(name, arity, specs)
        for key in KEYS + FOREIGN if "KEY" in words else [None]:
            full = key if key in FOREIGN or key is None else PREFIX + key
            pipeline.execute_command(
                "ACL", "DRYRUN", user, *name.split("|"), *[full if w == "KEY" else w for w in words]
            )
            asked.append((name, key))
    replies = pipeline.execute(raise_on_error=False)
    for (name, key), reply in zip(asked, replies):
        assert not isinstance(reply, Exception), f"{name} {key}: {reply}"
        yes = reply in (b"OK", "OK", True)
        if yes != allowed(users, user, name, None if key is None else key) and key not in FOREIGN:
            wrong.append((name, key, reply))
        if key in FOREIGN and yes:
            wrong.append((name, key, reply))
    assert not wrong, f"{len(wrong)} of {len(asked)} differ from the table: {wrong[:20]}"


@pytest.mark.parametrize(
    "words",
    [
        "COPY {sinkwatch}:events {sinkwatch}:list:ads",
        "RENAME {sinkwatch}:events {sinkwatch}:list:ads",
        "COPY {sinkwatch}:anomalies {sinkwatch}:list:ads",
        "SORT {sinkwatch}:tracked BY nosort STORE {sinkwatch}:list:ads",
        "XREAD STREAMS {sinkwatch}:changes {sinkwatch}:events 0 0",
        "RESTORE {sinkwatch}:list:ads 0 x",
        "DUMP {sinkwatch}:list:ads",
        "FCALL_RO f 1 {sinkwatch}:events",
        "FCALL f 2 {sinkwatch}:list:ads {sinkwatch}:events",
        "EVAL return 0",
        "OBJECT ENCODING {sinkwatch}:events",
        "MONITOR",
        "SUBSCRIBE x",
        "KEYS *",
        "SCAN 0",
        "CLIENT LIST",
        "SLOWLOG GET",
        "ACL WHOAMI",
        "CONFIG GET *",
        "FUNCTION DUMP",
    ],
)
@pytest.mark.parametrize("user", ["feed", "feed-ads"])
def test_ways_round_for_a_feed(users, own_redis, user, words):
    """Executed, not only asked for: no way to the events of resolvers."""
    own_redis.client.xadd("{sinkwatch}:events", {"e": "secret"})
    own_redis.client.function_load(
        "#!lua name=f\nredis.register_function('f', function(k) return redis.call('XRANGE', k[2], '-', '+') end)"
    )
    link = redis.Redis(unix_socket_path=str(own_redis.socket), username=user, password="pw")
    with pytest.raises(redis.exceptions.RedisError, match="(?i)no permission|NOPERM|arity|wrong number"):
        link.execute_command(*words.split())
    link.close()


def the_desk_adds(desk, resolvers):
    """sinkwatch web --allow-changes: every view, and a change that the resolvers enforce."""
    with Desk(desk, "--allow-changes") as server:
        body = {"list": "ads", "indicators": ["added.many.clean.example"]}
        assert server.ask("api/preview", body, **OURS).json["items"][0]["accepted"]
        added = server.ask("api/add", body, **OURS)
        assert added.json and added.json["added"] == 1, added.text
        for path in ("card?q=four.address.example", "card?q=192.0.2.0/24", "card?q=10.0.0.0/7", "search?q=four", "find?q=four",
                     "graph?q=four.address.example", "clients?list=ads", "anomalies", "fleet", "feeds", "lists"):  # fmt: skip
            answer = server.ask(f"api/{path}")
            assert answer.status == 200, f"{path}: {answer.text}"
        assert "NOPERM" not in server.end()
    for resolver in resolvers:
        until(lambda r=resolver: r.client.ask("added.many.clean.example").addresses == [SINK4], "the change of the desk")


LARGE = b"x" * (65 << 20)  # over the limit of a reply: module/REDIS.md


def test_no_size_keeps_lists_away(users, own_redis, make_resolver, lists_for):
    """Each user writes an entry, a field or a member that no reply holds, wherever the user may
    write. A resolver that reads the streams goes on to follow the lists, and so does a resolver that
    begins then. The policy of a list that is too large costs that list alone."""

    def link(user):
        path = str(own_redis.socket)
        return redis.Redis(unix_socket_path=path, username=user, password="pw")

    def may(user, *words):
        return own_redis.client.execute_command("ACL", "DRYRUN", user, *words) in (b"OK", "OK", True)

    settings = {"redis_prefix": "{sinkwatch}", "redis_user": "resolver", "redis_password": "pw"}
    settings |= {"redis_timeout": 20000}  # a server on a busy machine takes seconds for such a value
    resolver = make_resolver(own_redis, **settings, resolver_id="ns1", memory_folder="/nowhere")
    lists = lists_for(resolver, own_redis)
    lists.put("bad", "evil.example", action="sinkhole")
    names = (f"n{i}.many.clean.example" for i in range(100))

    def follows(what):
        name = next(names)
        own_redis.client.hset(PREFIX + "list:bad", name, "")
        own_redis.client.xadd(PREFIX + "changes", {"op": "add", "list": "bad", "i": name})
        until(lambda: resolver.client.ask(name).addresses == [SINK4], what, 60)

    written = set()
    for user in ["sweep", "analyst", "feed", *ROLES]:
        for key in (PREFIX + key for key in KEYS):
            if key in written or not may(user, "XADD", key, "*", "e", "v"):
                continue
            written.add(key)
            with link(user) as client:
                client.xadd(key, {"e": LARGE})
            follows(f"{user} wrote to {key}")
            if key not in (PREFIX + "changes", PREFIX + "resolvers:tracked", PREFIX + "memory:inquiries"):
                own_redis.client.delete(key)  # no resolver reads the stream
    assert len(written) >= 7
    with link("desk") as client:  # each state of the stream is 65 MiB from here on
        client.xadd(PREFIX + "changes", {"e": LARGE})
        follows("the stream begins with a large entry")
        own_redis.client.xtrim(PREFIX + "changes", maxlen=2, approximate=False)
        asked = lambda: own_redis.client.info("commandstats")["cmdstat_xinfo|stream"]["calls"]  # noqa: E731
        before = asked()
        pipeline = client.pipeline(transaction=False)
        for _ in range(200):
            pipeline.xadd(PREFIX + "changes", {"op": "policy", "list": "bad"})
        pipeline.execute()
    follows("the desk wrote 200 entries about a policy")
    assert asked() - before < 20, "the state of the stream is asked for at a pace"
    with link("sweep") as client:
        client.zadd(PREFIX + "tracked", {LARGE: 1})
    with link("feed") as client:
        client.hset(PREFIX + "lists", "large", LARGE)
        client.xadd(PREFIX + "changes", {"op": "policy", "list": "large"})
    follows("feed wrote a policy")
    problem = lambda: "longer than 131,072 octets" in lists.state().get("lists", "")  # noqa: E731
    until(problem, "the problem of the list", 60)
    resolver.stop()
    resolver.start()
    follows("all of this was there before the start")


def test_the_product_works_with_these_users(
    env, folder, users, own_redis, make_resolver, lists_for, events_for, settings_for, authority
):
    def settings(user, **more):
        return {"redis_prefix": "{sinkwatch}", "redis_user": user, "redis_password": "pw", **more}

    def command(user):
        path = folder / user
        path.mkdir()
        # On a busy machine Redis may need more than the half second of the tests.
        return Command(env, path, own_redis, settings_for(own_redis, path, **settings(user, redis_timeout=10000)))

    own_redis.client.config_set("notify-keyspace-events", "Kgh")
    resolvers = [
        make_resolver(own_redis, **settings("resolver", resolver_id="ns2")),
        make_resolver(own_redis, **settings("resolver-ns1", resolver_id="ns1", memory_folder=folder / "memory")),
    ]
    feed, ads, reader, sweep = map(command, ("feed", "feed-ads", "reader", "sweep"))
    notifier, analyst = command("notifier"), command("analyst")
    feed("list", "set", "ads", "--action", "sinkhole")
    feed("list", "set", "watched", "--kind", "watch")
    feed("add", "watched", "four.address.example", "--wait=20")
    ads("add", "ads", "evil.example", "--wait=20")
    words = ("--replace", "--max-shrink=100", "ads", "-")
    ads("import", *words, stdin="evil.example\n", seconds=60)
    assert "names of list watched are not guarded: this user may not read the list" in ads.err
    ads("add", "other", "clean.example", code=1)  # there is no such list
    for i, resolver in enumerate(resolvers):
        assert resolver.client.ask(f"n{i}.many.evil.example").addresses == [SINK4]
        assert resolver.client.ask("four.address.example").addresses
    own_redis.client.hset("{sinkwatch}:list:ads", "plain.many.clean.example", "")
    for resolver in resolvers:
        until(
            lambda r=resolver: r.client.ask("plain.many.clean.example").addresses == [SINK4],
            "a plain write to be noticed by keyspace notifications",
        )
        events_for(resolver, own_redis).wait({"observer.name": resolver.settings["resolver-id"]})
        lists_for(resolver, own_redis).wait_state(state="following", last_error="")
    subscriber = command("subscriber")
    (folder / "names.txt").write_text("fetched.example\n")
    subscriber("list", "set", "fetched", "--action", "nxdomain")
    subscriber("feed", "add", "fetched", f"file:{folder}/names.txt")
    subscriber("feed", "run", "fetched", "--files", folder)
    subscriber("feed", "run", "fetched", "--files", folder)
    subscriber("feed", "pause", "fetched")
    for who in (subscriber, reader):
        assert "paused" in who("feed", "list") and who("feed", "log") and who("feed", "show", "fetched")
    subscriber("feed", "remove", "fetched")
    assert set(feed.list("fetched")) == {"fetched.example"}
    assert "ns1" in reader("status") and "ns2" in reader("status")
    until(lambda: own_redis.client.exists("{sinkwatch}:seen:name:four.address.example"), lambda: f"the history: {[r.log() for r in resolvers]}")
    assert reader("events") and reader("pivot", "four.address.example")
    until(lambda: own_redis.client.hget("{sinkwatch}:resolver:ns1", "memory") not in (None, "{}"), "the memory")
    assert "four.address.example" in analyst("memory", "four.address.example")
    for user in feed, ads, reader, sweep, subscriber, notifier:
        user("memory", "--fleet", "four.address.example", code=REDIS)
        assert "NOPERM" in user.err or "no permissions" in user.err
    analyst("events", code=REDIS)
    the_desk_adds(command("desk"), resolvers)
    words = ["--forward", f"127.0.0.1@{authority.port}", "--no-dnssec", "--events"]
    sweep("sweep", "--list", "watched", *words, "--observer", "swept")
    assert own_redis.client.zcard("{sinkwatch}:tracked") > 0
    assert own_redis.client.xlen("{sinkwatch}:resolvers:tracked") > 0
    targets = folder / "notify.conf"
    targets.write_text("target: soc\nvia: command\ncommand: /bin/true\n")
    notifier("notify", "--file", targets, "--once")
    own_redis.client.xadd("{sinkwatch}:anomalies", {"e": '{"event":{"action":"woke"}}'})
    own_redis.client.hset("{sinkwatch}:resolver:ns1", "last_error", "a fault")
    notifier("notify", "--file", targets, "--once")
    assert own_redis.client.hget("{sinkwatch}:notify:soc", "handed") in ("1", "2")  # reports overwrite the fault
    assert "NOPERM" not in notifier.err
    for resolver in resolvers:
        resolver.stop()  # in order: state and place go
    denied = [line for r in resolvers for line in r.log().splitlines() if "NOPERM" in line]
    assert denied == []
    assert own_redis.client.keys("{sinkwatch}:resolver:*") == []
