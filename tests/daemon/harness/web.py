"""A web server with answers that a test sets: Python's own http.server, with TLS on request."""

import contextlib
import gzip
import http.server
import socket
import ssl
import subprocess
import threading
from types import SimpleNamespace


class Answer:
    """A status, headers and a body; with cut=N the connection ends after N octets of the body."""

    def __init__(self, body=b"", status=200, cut=None, packed=False, **headers):
        self.body = body if isinstance(body, bytes) else body.encode()
        self.status, self.cut = status, cut
        self.headers = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        if packed:
            self.body = gzip.compress(self.body)
            self.headers["Content-Encoding"] = "gzip"


class Web:
    """routes: path (without query) -> Answer, or a function of the request that returns one.

    asked has command, path, headers and text of each request so far."""

    def __init__(self, tls=None):
        self.routes, self.asked = {}, []
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_GET(self):
                length = int(self.headers.get("Content-Length") or 0)
                self.text = self.rfile.read(length).decode()
                web.asked.append(SimpleNamespace(
                    command=self.command, path=self.path, headers=self.headers, text=self.text
                ))
                route = web.routes.get(self.path.split("?")[0], Answer("no such page", 404))
                web.reply(self, route(self) if callable(route) else route)

            do_POST = do_CONNECT = do_GET

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):  # a client that goes away is part of some tests
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.scheme = "https" if tls else "http"
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @staticmethod
    def reply(handler, answer):
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        if "Transfer-Encoding" not in answer.headers and "Content-Length" not in answer.headers:
            handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body if answer.cut is None else answer.body[: answer.cut])
        if answer.cut is not None:
            handler.wfile.flush()
            handler.close_connection = True
            with contextlib.suppress(OSError):
                handler.connection.shutdown(socket.SHUT_RDWR)

    def url(self, path="/list"):
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def certificate(folder, name="server"):
    """A self-signed certificate for 127.0.0.1: paths of certificate and key."""
    cert, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", cert, "-subj", "/CN=127.0.0.1", "-days", "2",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key
