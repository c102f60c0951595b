"""A forwarder between the resolver and the authoritative server: counts, holds, drops.

The resolver asks the proxy, so the proxy knows every question that goes upstream. A test may hold
the questions for a name (the questions wait until released), have questions dropped, have an
address in answers replaced, have a question answered with records of the test's own, or have answers
to questions with a client subnet carry a subnet too (RFC 7871), as nsd itself never does.
"""

import asyncio
import contextlib
import struct
import threading
from ipaddress import ip_address

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from .process import bind_both
from .wait import until


class _Hold:
    def __init__(self, name, rdtype, loop):
        self.name = dns.name.from_text(name)
        self.rdtype = rdtype
        self.released = asyncio.Event()
        self.loop = loop
        self.waiting = 0

    def concerns(self, name, rdtype):
        return name.is_subdomain(self.name) and self.rdtype in (None, rdtype)

    def release(self):
        self.loop.call_soon_threadsafe(self.released.set)


class Proxy:
    """Listens on an address for UDP and TCP; runs in a separate thread."""

    def __init__(self, address, port, upstream_port):
        self.sockets = bind_both(address, port)  # UDP, TCP
        self.upstream = (address, upstream_port)
        self._lock = threading.Lock()
        self._asked = []  # (dns.name.Name, type text)
        self._holds = []
        self._drops = set()
        self._fails = set()
        self._moved = []  # (octets, octets)
        self._made = {}  # (dns.name.Name, type text) -> (rcode, records as text, TTL)
        self.scope = None  # prefix length that answers for a client subnet are good for
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dns-proxy", daemon=True)

    def start(self):
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("proxy did not start")

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    # Functions for tests.

    def forget(self):
        """Start counting anew; release and drop nothing any more."""
        with self._lock:
            self._asked.clear()
            self._drops.clear()
            self._fails.clear()
            self._moved.clear()
            self._made.clear()
            self.scope = None
            holds, self._holds = self._holds, []
        for hold in holds:
            hold.release()

    def asked(self, name):
        """Questions seen for a name or any name below: [(name, type)]."""
        top = dns.name.from_text(name)
        with self._lock:
            return [(n.to_text(True), t) for n, t in self._asked if n.is_subdomain(top)]

    @contextlib.contextmanager
    def hold(self, name, rdtype=None):
        """Inside the block, questions for the name or below (of a given type) wait; the questions
        go on at the end."""
        hold = _Hold(name, rdtype, self._loop)
        with self._lock:
            self._holds.append(hold)
        try:
            yield hold
        finally:
            with self._lock:
                if hold in self._holds:
                    self._holds.remove(hold)
            hold.release()

    @staticmethod
    def wait_held(hold):
        until(lambda: hold.waiting > 0, f"a question for {hold.name} upstream")

    def drop(self, name):
        """From now on, until forget(), never answer for the name or anything below."""
        with self._lock:
            self._drops.add(dns.name.from_text(name))

    def fail(self, name):
        """From now on, until forget(), answer SERVFAIL for the name and anything below."""
        with self._lock:
            self._fails.add(dns.name.from_text(name))

    def move(self, old, new):
        """From now on, until forget(), answers have another address in place of this address."""
        with self._lock:
            self._moved.append((ip_address(old).packed, ip_address(new).packed))

    def make(self, name, rdtype, rcode, *records, ttl=300):
        """From now on, until forget(), answer this question so; records: "TYPE data", of the name."""
        with self._lock:
            self._made[dns.name.from_text(name), rdtype] = (rcode, records, ttl)

    # The forwarding.

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        self._loop.close()

    async def _listen(self):
        udp, tcp = self.sockets
        await self._loop.create_datagram_endpoint(lambda: _Front(self), sock=udp)
        await asyncio.start_server(self._serve_tcp, sock=tcp)

    async def admit(self, wire):
        """Note a question; returns False when the question is to be dropped, after any hold."""
        question = dns.message.from_wire(wire, question_only=True).question[0]
        name, rdtype = question.name, dns.rdatatype.to_text(question.rdtype)
        with self._lock:
            self._asked.append((name, rdtype))
            if any(name.is_subdomain(top) for top in self._drops):
                return False
            holds = [hold for hold in self._holds if hold.concerns(name, rdtype)]
        for hold in holds:
            hold.waiting += 1
            await hold.released.wait()
        return True

    async def relay_udp(self, wire, client, front):
        if not await self.admit(wire):
            return
        made = self._own_answer(wire)
        if made:
            front.sendto(made, client)
            return
        transport, back = await self._loop.create_datagram_endpoint(
            lambda: _Back(self._loop), remote_addr=self.upstream
        )
        try:
            transport.sendto(wire)
            answer = await asyncio.wait_for(back.answer, 5)
            front.sendto(self._moved_in(self._with_scope(wire, answer)), client)
        except (asyncio.TimeoutError, OSError):
            pass  # the resolver asks again
        finally:
            transport.close()

    def _own_answer(self, wire):
        """The answer of fail() or make(), or None."""
        query = dns.message.from_wire(wire)
        name, rdtype = query.question[0].name, dns.rdatatype.to_text(query.question[0].rdtype)
        with self._lock:
            rcode, records, ttl = self._made.get((name, rdtype), (None, (), 0))
            if any(name.is_subdomain(top) for top in self._fails):
                rcode, records = "SERVFAIL", ()
        if not rcode:
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        answer.set_rcode(dns.rcode.from_text(rcode))
        for record in records:
            answer.answer.append(dns.rrset.from_text(name, ttl, "IN", *record.split(None, 1)))
        return answer.to_wire()

    def _moved_in(self, answer):
        with self._lock:
            for old, new in self._moved:
                answer = answer.replace(old, new)
        return answer

    def _with_scope(self, query, answer):
        if self.scope is None:
            return answer
        for option in dns.message.from_wire(query).options:
            if option.otype == dns.edns.OptionType.ECS:
                message = dns.message.from_wire(answer)
                scoped = dns.edns.ECSOption(option.address, option.srclen, self.scope)
                message.use_edns(0, message.ednsflags, 1232, options=[scoped])
                return message.to_wire()
        return answer

    async def _serve_tcp(self, reader, writer):
        try:
            up_reader, up_writer = await asyncio.open_connection(*self.upstream)
            while True:
                wire = await _read_message(reader)
                if not await self.admit(wire):
                    continue
                answer = self._own_answer(wire)
                if not answer:
                    up_writer.write(struct.pack("!H", len(wire)) + wire)
                    answer = await _read_message(up_reader)
                writer.write(struct.pack("!H", len(answer)) + answer)
        except (asyncio.IncompleteReadError, OSError):
            pass  # either side closed
        finally:
            writer.close()


async def _read_message(reader):
    (length,) = struct.unpack("!H", await reader.readexactly(2))
    return await reader.readexactly(length)


class _Front(asyncio.DatagramProtocol):
    def __init__(self, proxy):
        self.proxy = proxy
        self.tasks = set()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        task = asyncio.ensure_future(self.proxy.relay_udp(data, addr, self.transport))
        self.tasks.add(task)  # the loop itself keeps only weak references
        task.add_done_callback(self.tasks.discard)


class _Back(asyncio.DatagramProtocol):
    def __init__(self, loop):
        self.answer = loop.create_future()

    def datagram_received(self, data, addr):
        if not self.answer.done():
            self.answer.set_result(data)

    def error_received(self, exc):
        if not self.answer.done():
            self.answer.set_exception(exc)
