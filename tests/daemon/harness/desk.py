"""A running sinkwatch web: its address, and documents by HTTP."""

import json
import select
import signal
import urllib.error
import urllib.parse
import urllib.request
from types import SimpleNamespace

from .wait import FACTOR

OURS = {"Content_Type": "application/json", "Sinkwatch_Change": "1"}  # headers of a change


class Desk:
    """A running server: its address, and documents."""

    def __init__(self, sw, *words):
        self.process = sw.start("web", "--listen", "127.0.0.1:0", *words)
        ready = select.select([self.process.stdout], [], [], 30 * FACTOR)[0]
        line = self.process.stdout.readline() if ready else ""
        if not line.startswith("the page is at http"):
            self.process.kill()
            raise AssertionError(line + self.process.communicate()[1])
        self.url = line.split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()

    def ask(self, path, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {k.replace("_", "-"): v for k, v in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=30 * FACTOR) as answer:
                text = answer.read().decode()
                return SimpleNamespace(status=answer.status, headers=answer.headers, text=text, json=text[:1] in "{[" and json.loads(text))
        except urllib.error.HTTPError as error:
            return SimpleNamespace(status=error.code, headers=error.headers, text=error.read().decode(), json=None)

    def document(self, path, **query):
        answer = self.ask(f"api/{path}?{urllib.parse.urlencode(query)}")
        assert answer.status == 200, answer.text
        return answer.json

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=30 * FACTOR)
        assert self.process.returncode == 0, err
        return err
