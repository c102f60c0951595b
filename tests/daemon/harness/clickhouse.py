"""A real ClickHouse server on the loopback interface, and a proxy before it that loses requests."""

import http.client
import http.server
import shutil
import threading
import urllib.parse

from .process import Process, free_port
from .wait import until

ADDRESS = "127.0.0.1"
PROGRAM = shutil.which("clickhouse-server")
CONFIG = """<?xml version="1.0"?>
<yandex>
<logger><level>error</level><console>1</console></logger>
<listen_host>{address}</listen_host><http_port>{port}</http_port><tcp_port>{tcp}</tcp_port>
<path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path>
<users_config>{folder}/users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>10485760</mark_cache_size>
</yandex>
"""
USERS = """<?xml version="1.0"?>
<yandex>
<profiles><default><max_memory_usage>1000000000</max_memory_usage><max_threads>2</max_threads></default></profiles>
<users><sender><password>se:cret</password><networks><ip>127.0.0.1</ip></networks>
<profile>default</profile><quota>default</quota></sender>
<default><password></password><networks><ip>127.0.0.1</ip></networks>
<profile>default</profile><quota>default</quota></default></users>
<quotas><default/></quotas>
</yandex>
"""


class ClickHouse:
    def __init__(self, folder):
        folder.mkdir()
        self.port = free_port(ADDRESS)
        self.url = f"http://{ADDRESS}:{self.port}"
        words = {"address": ADDRESS, "port": self.port, "tcp": free_port(ADDRESS), "folder": folder}
        (folder / "config.xml").write_text(CONFIG.format(**words))
        (folder / "users.xml").write_text(USERS)
        self.process = Process([PROGRAM, f"--config-file={folder}/config.xml"], folder, "clickhouse")
        until(lambda: self.run("SELECT 1") == "1\n", "ClickHouse", deadline=30)

    def run(self, sql):
        link = http.client.HTTPConnection(ADDRESS, self.port, timeout=30)
        link.request("POST", "/", sql.encode())
        answer = link.getresponse()
        text = answer.read().decode()
        link.close()
        if answer.status != 200:
            raise ValueError(text)
        return text

    def stop(self):
        self.process.end()


class Lossy:
    """Forwards requests. A word of `faults` is for the next INSERT: "before" and "after" close the
    connection without an answer, before or after the server has the request; "busy" is an error of
    an overloaded server; "hold" keeps the request until release()."""

    def __init__(self, port):
        self.faults, self.held, self.released = [], threading.Event(), threading.Event()
        lossy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                insert = "INSERT" in urllib.parse.unquote(self.path)
                fault = lossy.faults.pop(0) if insert and lossy.faults else None
                if fault == "hold":
                    lossy.held.set()
                    lossy.released.wait(60)
                if fault in ("before", "hold"):
                    self.close_connection = True
                    return
                status, text = 503, b"Code: 202, e.displayText() = Too many simultaneous queries"
                if fault != "busy":
                    link = http.client.HTTPConnection(ADDRESS, port, timeout=60)
                    link.request("POST", self.path, body)
                    answer = link.getresponse()
                    status, text = answer.status, answer.read()
                    link.close()
                if fault == "after":
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        self.server = http.server.ThreadingHTTPServer((ADDRESS, 0), Handler)
        self.url = f"http://{ADDRESS}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
