"""Feeds from threat-intelligence platforms: TAXII 2.1 and MISP, played by servers that follow the
specifications' paging, and by servers that do not (D-175)."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from cli_rig import INPUT, NONE, PARTLY, USAGE, bad, sw, text_file  # noqa: F401
from harness.web import Answer, Web


@pytest.fixture
def web():
    server = Web()
    yield server
    server.stop()


def run(sw, *words, code=0):
    return sw("feed", "run", "bad", *words, code=code)


def status(sw):
    return sw.redis.hgetall(sw.key("feed:bad"))


# ---- TAXII


class Taxii:
    """A collection: objects with the date of adding, in the order of these dates (TAXII 2.1, 3.5 and
    5.4). Pages go on by `next`, which only works with the query of the first page."""

    def __init__(self, web, page=3):
        self.objects, self.page, self.web = [], page, web
        self.path = "/api/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/objects/"
        web.routes[self.path] = self.answer
        self.trap = lambda query, envelope: envelope

    def source(self):
        return "taxii+" + self.web.url(self.path[: -len("objects/")])

    def add(self, name, date, version=1, **more):
        one = {
            "type": "indicator", "spec_version": "2.1", "id": f"indicator--{name}",
            "created": "2026-01-01T00:00:00.000Z", "modified": f"2026-01-0{version}T00:00:00.000Z",
            "pattern_type": "stix", "pattern": f"[domain-name:value = '{name}']",
            "valid_from": "2026-01-01T00:00:00Z", **more,
        }  # fmt: skip
        self.objects = [(d, o) for d, o in self.objects if o["id"] != one["id"]]
        self.objects.append((date, one))
        self.objects.sort(key=lambda pair: pair[0])

    def answer(self, request):
        assert request.headers["Accept"] == "application/taxii+json;version=2.1"
        query = {key: value[0] for key, value in parse_qs(urlsplit(request.path).query).items()}
        found = [pair for pair in self.objects if pair[0] > query.get("added_after", "")]
        begin = 0
        if "next" in query:  # of another query: an error of the client
            state, begin = query["next"].split("!")[0], int(query["next"].split("!")[1])
            if state != query.get("added_after", "all"):
                return Answer('{"title": "next of another query"}', 400)
        part = found[begin : begin + min(self.page, int(query["limit"]))]
        envelope = {"objects": [one for _, one in part]} if part else {}
        if begin + len(part) < len(found):
            # A value with characters that a query has to escape
            envelope |= {"more": True, "next": f"{query.get('added_after', 'all')}!{begin + len(part)}!& ?/%"}
        headers = {"Content_Type": "application/taxii+json;version=2.1"}
        if part:
            headers["X_TAXII_Date_Added_Last"] = part[-1][0]
        return Answer(json.dumps(self.trap(query, envelope)), **headers)

    def queries(self):
        return [parse_qs(urlsplit(one.path).query) for one in self.web.asked]


@pytest.fixture
def taxii(web, bad):
    server = Taxii(web)
    for i in range(8):  # pages of three; all but one have the same date
        server.add(f"n{i}.example", "2026-02-01T00:00:00.000000Z" if i else "2026-01-31T00:00:00Z")
    bad("feed", "add", "bad", server.source())
    return server


def exact(*numbers):
    return {f"=n{i}.example" for i in numbers}


def test_all_pages_and_then_additions(bad, taxii):
    run(bad)
    assert set(bad.list("bad")) == exact(*range(8))
    assert json.loads(status(bad)["state"])["added_after"] == "2026-02-01T00:00:00.000000Z"
    assert len(taxii.queries()) == 3 and not any("added_after" in one for one in taxii.queries())
    taxii.web.asked.clear()
    assert "0 added" in run(bad)
    assert [one["added_after"] for one in taxii.queries()] == [["2026-02-01T00:00:00.000000Z"]]
    for i in range(8, 12):
        taxii.add(f"n{i}.example", f"2026-02-{i:02}T00:00:00.000000Z")
    changes = len(bad.changes())
    run(bad)
    assert set(bad.list("bad")) == exact(*range(12))
    assert bad.changes()[changes:] == [("add", "bad", sorted(exact(*range(8, 12))))]
    assert json.loads(status(bad)["state"])["added_after"] == "2026-02-11T00:00:00.000000Z"
    assert len([one for one in bad.redis.xrange(bad.key("feeds:log"))]) == 2  # no line for no news


def test_indicators_are_no_rules(bad, taxii):
    """The option of policy zones is refused, and in a former definition it makes no exceptions."""
    for option in ("--given", "--override"):
        bad("feed", "add", "bad", taxii.source(), option, code=USAGE)
        assert "indicators only" in bad.err
    definition = json.loads(bad.redis.hget(bad.key("feeds"), "bad"))
    definition["options"] = {"given": True}
    bad.redis.hset(bad.key("feeds"), "bad", json.dumps(definition))
    run(bad)
    taxii.add("n8.example", "2026-03-01T00:00:00Z")
    assert "by changes" in run(bad)
    found = bad.list("bad")
    assert set(found) == exact(*range(9)) and set(bad.redis.hkeys(bad.key("lists"))) == {"bad"}
    assert found["=n8.example"] and found["=n8.example"] == found["=n0.example"].replace("n0", "n8")


def test_revocations_and_new_versions_fetch_all(bad, taxii):
    run(bad)
    taxii.add("n3.example", "2026-03-01T00:00:00Z", version=2, revoked=True)
    run(bad, code=PARTLY)
    assert set(bad.list("bad")) == exact(0, 1, 2, 4, 5, 6, 7)
    taxii.add("n4.example", "2026-03-02T00:00:00Z", version=2, pattern="[domain-name:value = 'other.example']")
    run(bad, code=PARTLY)
    assert set(bad.list("bad")) == exact(0, 1, 2, 5, 6, 7) | {"=other.example"}


def test_additions_are_held_up_to_a_bound(bad, taxii):
    """Beyond, all is fetched: memory does not grow with what a server sends."""
    run(bad)
    for i in range(8, 20):
        taxii.add(f"n{i}.example", "2026-03-01T00:00:00Z", description="x" * 900_000)
    taxii.web.asked.clear()
    run(bad)
    assert set(bad.list("bad")) == exact(*range(20))
    assert {"added_after" in one for one in taxii.queries()} == {True, False}


def test_objects_that_only_vanish_are_found_within_a_day(bad, taxii):
    run(bad)
    taxii.objects.pop()
    run(bad)
    assert len(bad.list("bad")) == 8
    state = json.loads(status(bad)["state"]) | {"whole": "2026-01-01T00:00:00.000Z"}
    bad.redis.hset(bad.key("feed:bad"), "state", json.dumps(state))
    run(bad)
    assert len(bad.list("bad")) == 7


TRAPS = {
    "more without next": lambda q, e: {k: v for k, v in e.items() if k != "next"} | {"more": True},
    "the same page again": lambda q, e: e | {"more": True, "next": q.get("next", "all!0!")},
    "no envelope": lambda q, e: [e],
    "objects are no array": lambda q, e: e | {"objects": {}},
}


def test_servers_that_do_not_follow_the_specification(bad, taxii):
    run(bad)
    before = bad.list("bad")
    for what, trap in TRAPS.items():
        taxii.trap = trap
        run(bad, "--now", code=INPUT)
        assert bad.list("bad") == before and status(bad)["outcome"] == "failed", what
    taxii.trap = lambda q, e: {}
    run(bad, "--now", code=NONE)
    taxii.web.routes[taxii.path] = Answer('{"objects": [')
    run(bad, "--now", code=INPUT)
    assert "no JSON" in bad.err and bad.list("bad") == before


# ---- MISP


def attribute(i, **more):
    return {"type": "domain", "value": f"n{i}.example", "to_ids": True, "uuid": f"u{i}",
            "Event": {"info": "campaign"}, **more}  # fmt: skip


def search(web, attributes, page=4, holes=()):
    """restSearch: pages by number; the server takes entries out after counting (holes)."""

    def answer(request):
        asked = json.loads(request.text)
        assert asked["returnFormat"] == "json" and asked["to_ids"] is True and asked["limit"] >= 1000
        assert request.headers["Accept"] == "application/json" and request.command == "POST"
        begin = (asked["page"] - 1) * page
        part = [one for one in attributes[begin : begin + page] if one["value"] not in holes]
        return Answer(json.dumps({"response": {"Attribute": part}}), Content_Type="application/json")

    web.routes["/attributes/restSearch"] = answer
    return "misp+" + web.url("/attributes/restSearch")


def test_a_search_by_pages(bad, web):
    attributes = [attribute(i) for i in range(10)]
    source = search(web, attributes, holes=["n5.example"])
    bad("feed", "add", "bad", source, '--search={"tags":["tlp:clear"]}')
    run(bad)
    assert set(bad.list("bad")) == {f"n{i}.example" for i in range(10)} - {"n5.example"}
    assert json.loads(bad.list("bad")["n1.example"])["campaign"] == "campaign"
    assert [json.loads(one.text)["page"] for one in web.asked] == [1, 2, 3, 4]
    assert all(json.loads(one.text)["tags"] == ["tlp:clear"] for one in web.asked)
    attributes.pop()
    attributes.append(attribute(99, deleted=True))
    run(bad, code=PARTLY)
    assert "n9.example" not in bad.list("bad") and "n99.example" not in bad.list("bad")


def test_a_search_in_events(bad, web):
    events = [{"Event": {"info": f"c{i}", "Attribute": [attribute(i)]}} for i in range(3)]
    web.routes["/events/restSearch"] = lambda r: Answer(
        json.dumps({"response": events if json.loads(r.text)["page"] == 1 else []}))
    bad("feed", "add", "bad", "misp+" + web.url("/events/restSearch"))
    run(bad)
    assert json.loads(bad.list("bad")["n2.example"])["campaign"] == "campaign"
    assert len(bad.list("bad")) == 3


def test_searches_that_fail_leave_the_list(bad, web):
    source = search(web, [attribute(i) for i in range(30)])
    bad("feed", "add", "bad", source)
    run(bad)
    before = bad.list("bad")
    for answer, code in (
        (Answer('{"response": {"Attribute": []}}'), NONE),
        (Answer(json.dumps({"response": {"Attribute": [attribute(1)]}})), INPUT),  # page is passed over
        (Answer('{"response": {"Event": 1}}'), INPUT),
        (Answer('{"name": "Authentication failed.", "url": "/attributes"}', 403), INPUT),
        (Answer("<html></html>"), INPUT),
        (Answer('[]'), INPUT),
    ):  # fmt: skip
        web.routes["/attributes/restSearch"] = answer
        run(bad, "--now", code=code)
        assert bad.list("bad") == before and status(bad)["problem"], answer.body


def test_a_folder_of_events(bad, web):
    uuids = [f"5a1d5a1d-0000-4000-8000-00000000000{i}" for i in range(3)]
    for i, uuid in enumerate(uuids):
        event = {"Event": {"uuid": uuid, "info": f"c{i}", "Attribute": [attribute(i)]}}
        web.routes[f"/feed/{uuid}.json"] = Answer(json.dumps(event))

    def manifest(request):
        if request.headers.get("If-None-Match") == "m1":
            return Answer(status=304)
        return Answer(json.dumps({**{uuid: {} for uuid in uuids}, "../../etc/passwd": {}}), ETag="m1")

    web.routes["/feed/manifest.json"] = manifest
    bad("feed", "add", "bad", "misp+" + web.url("/feed/"))
    run(bad)
    assert set(bad.list("bad")) == {"n0.example", "n1.example", "n2.example"}
    assert "unchanged" in run(bad) and not any("passwd" in one.path for one in web.asked)
    web.routes[f"/feed/{uuids[1]}.json"] = Answer("gone", 404)
    run(bad, "--now", code=INPUT)
    assert "404" in bad.err and len(bad.list("bad")) == 3


@pytest.mark.parametrize(
    "words",
    [["misp+https://m.example/s", "--search=["], ["misp+https://m.example/s", "--search=[]"],
     ["misp+https://m.example/f/", "--search={}"], ["https://m.example/s", "--search={}"],
     ["misp+https:///x"], ["taxii+https://u:p@t.example/"], ["taxii+ftp://t.example/"],
     ["misp+https://m.example/s", "--given"]],
)  # fmt: skip
def test_definitions_that_cannot_work(bad, words):
    bad("feed", "add", "bad", *words, code=USAGE)
