"""A server between the command and Redis that replaces a reply of Redis."""

import socket
import threading

BULK, EMPTY = b"$3\r\nodd\r\n", b"*0\r\n"
ODD = {
    "nil": b"$-1\r\n",
    "integer": b":7\r\n",
    "negative": b":-9223372036854775808\r\n",
    "string": BULK,
    "octets": b"$6\r\n\x00\xff\x1b[2J\r\n",
    "status": b"+OK\r\n",
    "error": b"-ERR odd\r\n",
    "denied": b"-NOPERM odd\r\n",
    "empty array": EMPTY,
    "array of nils": b"*4\r\n" + 4 * b"$-1\r\n",
    "array of integers": b"*2\r\n:1\r\n:2\r\n",
    "array of empty arrays": b"*2\r\n" + 2 * EMPTY,
    "cursor and one field": b"*2\r\n$1\r\n0\r\n*1\r\n" + BULK,
    "cursor and nils": b"*2\r\n$1\r\n0\r\n*2\r\n$-1\r\n$-1\r\n",
    "entry without fields": b"*1\r\n*2\r\n$3\r\n1-1\r\n$-1\r\n",
    "entry with one field": b"*1\r\n*2\r\n$3\r\n1-1\r\n*1\r\n" + BULK,
    "entry with errors": b"*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n-ERR a\r\n-ERR b\r\n",
    "array of errors": b"*3\r\n" + 3 * b"-ERR odd\r\n",
    "nested": b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n" + BULK,
    "huge array": b"*2000000000\r\n",
    "huge string": b"$536870912\r\nxx",
    "no type": b"%1\r\n+a\r\n+b\r\n",
    "nothing": b"",
}


def replies(sock):
    """Each whole reply from a socket, as octets."""
    buffer = b""

    def line(at):
        nonlocal buffer
        while (end := buffer.find(b"\r\n", at)) < 0:
            more = sock.recv(65536)
            if not more:
                raise ConnectionError
            buffer += more
        return end + 2

    def value(at):
        nonlocal buffer
        end = line(at)
        kind, number = buffer[at : at + 1], buffer[at + 1 : end - 2]
        if kind == b"$" and int(number) >= 0:
            while len(buffer) < end + int(number) + 2:
                buffer += sock.recv(65536)
            return end + int(number) + 2
        if kind == b"*":
            for _ in range(max(int(number), 0)):
                end = value(end)
        return end

    while True:
        try:
            end = value(0)
        except (ConnectionError, OSError):
            return
        yield buffer[:end]
        buffer = buffer[end:]


class OddRedis:
    """after(n, odd): the n-th reply from now on is replaced, and all later replies pass."""

    def __init__(self, backend, path):
        self.backend, self.path = backend, path
        self.seen, self.at, self.odd = 0, 0, b""
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def after(self, n, odd):
        self.seen, self.at, self.odd = 0, n, odd

    def stop(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self.backend))
            threading.Thread(target=self._up, args=(client, server), daemon=True).start()
            threading.Thread(target=self._down, args=(client, server), daemon=True).start()

    @staticmethod
    def _up(client, server):
        try:
            while data := client.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _down(self, client, server):
        try:
            for reply in replies(server):
                self.seen += 1
                client.sendall(self.odd if self.seen == self.at else reply)
        except OSError:
            pass
        finally:
            client.close()
            server.close()
