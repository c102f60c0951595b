"""Each hit as a dnstap message with the part Policy. Readers of others: fstrm_capture takes the
frames, dnstap-read reads the messages, the protobuf library reads Policy (D-191)."""

import ipaddress
import signal
import subprocess

import dns.message
import dns.name
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from harness.process import Process
from harness.wait import until

# Numbers of dnstap.proto, written anew: (name, number, type), the last a message of this schema.
FIELDS = {
    "Policy": [("type", 1, "STRING"), ("rule", 2, "BYTES"), ("action", 3, "INT32"),
               ("match", 4, "INT32"), ("value", 5, "BYTES")],
    "Message": [("type", 1, "INT32"), ("family", 2, "INT32"), ("protocol", 3, "INT32"),
                ("address", 4, "BYTES"), ("port", 6, "UINT32"), ("sec", 8, "UINT64"),
                ("nsec", 9, "FIXED32"), ("query", 10, "BYTES"), ("policy", 15, "Policy")],
    "Dnstap": [("identity", 1, "BYTES"), ("version", 2, "BYTES"), ("extra", 3, "BYTES"),
               ("message", 14, "Message"), ("type", 15, "INT32")],
}  # fmt: skip
NXDOMAIN, NODATA, PASS, DROP, TRUNCATE, LOCAL_DATA = range(1, 7)
QNAME, CLIENT_IP, RESPONSE_IP, NS_NAME, NS_IP = range(1, 6)
SOURCE = "127.0.0.42"


def dnstap_class():
    file = descriptor_pb2.FileDescriptorProto(name="tap.proto", package="tap", syntax="proto2")
    for name, fields in FIELDS.items():
        one = file.message_type.add(name=name)
        for field, number, kind in fields:
            made = one.field.add(name=field, number=number, label=1)
            if kind in FIELDS:
                made.type, made.type_name = 11, f".tap.{kind}"
            else:
                made.type = getattr(descriptor_pb2.FieldDescriptorProto, f"TYPE_{kind}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName("tap.Dnstap")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(found)
    return message_factory.MessageFactory(pool).GetPrototype(found)


def messages(path):
    """The messages of a file of Frame Streams: data frames have a length before them."""
    data, at, found, kind = path.read_bytes(), 0, [], dnstap_class()
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        at += 4
        if length == 0:  # a control frame
            at += 4 + int.from_bytes(data[at : at + 4], "big")
            continue
        found.append(kind.FromString(data[at : at + length]))
        assert found[-1].SerializeToString() == data[at : at + length]  # no field is unknown, all are in order
        at += length
    return found


def wire(name):
    return dns.name.from_text(name).to_wire()


def octets(text):
    return ipaddress.ip_address(text).packed


# list, policy, indicator; name and type of a question; action, match and value of Policy
HITS = [
    ("nx", {"action": "nxdomain"}, "evil.example", "www.evil.example", NXDOMAIN, QNAME,
     wire("www.evil.example")),
    ("nod", {"action": "nodata"}, "=b.second.example", "chain.clean.example", NODATA, QNAME,
     wire("b.second.example")),
    ("ref", {"action": "refused"}, "203.0.113.5", "four.address.example", None, RESPONSE_IP,
     octets("203.0.113.5")),
    ("sink", {"action": "sinkhole"}, "s.many.evil2.example", "s.many.evil2.example", LOCAL_DATA,
     QNAME, wire("s.many.evil2.example")),
    ("tc", {"action": "tcp-only"}, "t.many.clean.example", "t.many.clean.example", TRUNCATE, QNAME,
     wire("t.many.clean.example")),
    ("mon", {"action": "monitor"}, "m.many.clean.example", "m.many.clean.example", PASS, QNAME,
     wire("m.many.clean.example")),
    ("shade", {"action": "nxdomain", "shadow": True}, "h.many.clean.example",
     "h.many.clean.example", PASS, QNAME, wire("h.many.clean.example")),
    ("client", {"action": "nxdomain", "triggers": ["client"]}, "127.0.0.99", "c.clean.example",
     NXDOMAIN, CLIENT_IP, octets("127.0.0.99")),
]  # fmt: skip


def test_each_hit_is_a_message_that_other_programs_read(
    make_resolver, shared_redis, lists_for, events_for, folder
):
    sock, out = folder / "tap.sock", folder / "taps"
    resolver = make_resolver(shared_redis, event_dnstap=sock, event_window=60000)
    lists, status = lists_for(resolver, shared_redis), lambda name: int(
        shared_redis.client.hget(lists.key(f"resolver:{resolver.settings['resolver-id']}"), name)
    )
    lists.put_all({name: (policy, [indicator]) for name, policy, indicator, *_ in HITS})
    lists.put("gone", "d.many.clean.example", action="drop")

    def ask_all():
        for name, _, _, question, *_ in HITS:
            source = "127.0.0.99" if name == "client" else SOURCE
            resolver.client.ask(question, source=source)

    ask_all()  # no reader yet: the messages wait
    resolver.client.send("d.many.clean.example", source=SOURCE)
    capture = Process(
        ["fstrm_capture", "-t", "protobuf:dnstap.Dnstap", "-u", sock, "-w", out], folder, "capture"
    )
    wanted = len(HITS) + 1
    until(lambda: status("dnstap_sent") == wanted, "the messages of the first questions", 30)
    capture.signal(signal.SIGTERM)
    capture.wait()
    first = messages(out)
    assert len(first) == wanted and status("dnstap_lost") == 0
    by_list = {one.message.policy.rule.decode().split("/")[0]: one for one in first}
    for name, policy, indicator, question, action, match, value in HITS:
        one = by_list[name]
        message, found = one.message, one.message.policy
        assert found.type == "sinkwatch" and found.rule.decode() == f"{name}/{indicator}"
        assert (found.action if found.HasField("action") else None) == action, name
        assert (found.match, found.value) == (match, value), name
        source = "127.0.0.99" if name == "client" else SOURCE
        assert (message.type, message.family, message.protocol) == (5, 1, 1)
        assert message.address == octets(source) and message.port > 0
        asked = dns.message.from_wire(message.query)
        assert asked.question[0].to_text() == f"{question}. IN A"
        assert one.identity.decode() == resolver.settings["resolver-id"]
        taken = "monitor" if "shadow" in policy else policy["action"]
        assert f"wanted={policy['action']} taken={taken}" in one.extra.decode()
    assert by_list["gone"].message.policy.action == DROP
    assert "trigger=cname" in by_list["nod"].extra.decode()
    read = subprocess.run(["dnstap-read", out], capture_output=True, text=True, check=True)
    assert len(read.stdout.splitlines()) == wanted, read.stdout + read.stderr
    assert f"CQ {SOURCE}:" in read.stdout and "www.evil.example/IN/A" in read.stdout
    # A reader that comes back: none of the following is missing.
    again = folder / "again"
    capture = Process(
        ["fstrm_capture", "-t", "protobuf:dnstap.Dnstap", "-u", sock, "-w", again], folder, "capture2"
    )
    until(lambda: "connect" in capture.output() or sock.exists(), "the second reader")
    ask_all()
    until(lambda: status("dnstap_sent") == wanted + len(HITS), "the messages of the second round", 30)
    resolver.stop()  # STOP and FINISH
    capture.signal(signal.SIGTERM)
    capture.wait()
    # Two workers: their order is not that of the questions.
    assert sorted(one.message.policy.rule for one in messages(again)) == sorted(
        f"{name}/{indicator}".encode() for name, _, indicator, *_ in HITS
    )
