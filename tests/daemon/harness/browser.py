"""A headless Chromium, driven by the DevTools protocol over two pipes: no port, no library.

Messages are JSON objects that end with a zero octet (--remote-debugging-pipe): descriptor 3 of the
browser is read by the browser, descriptor 4 written.
"""

import base64
import fcntl
import json
import os
import re
import select
import shutil
import subprocess
import time

from .wait import FACTOR, until

PROGRAM = shutil.which("chromium")


class Gone(Exception):
    """The browser ended, or refuses: waiting does not help."""


class Between(LookupError):
    """The old page is gone and the new one is not there yet: a condition of until() waits on."""


class Browser:
    def __init__(self, folder):
        ours, theirs = os.pipe(), os.pipe()
        self.to, self.from_ = ours[1], theirs[0]
        self.buffer, self.number, self.session = b"", 0, None
        self.console, self.asked = [], []
        command = [
            PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
            f"--user-data-dir={folder}/profile", "--disable-dev-shm-usage",
            "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "about:blank",
        ]  # fmt: skip
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in (ours[0], theirs[1])]

        def at_3_and_4():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            command, pass_fds=(3, 4), preexec_fn=at_3_and_4, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for fd in high:
            os.close(fd)
        os.close(ours[0])
        os.close(theirs[1])
        try:
            self.attach()
        except BaseException:
            self.stop()
            raise

    def attach(self):
        pages = until(lambda: self.pages(), "a page of the browser", 60)
        self.session = self.call("Target.attachToTarget", targetId=pages[0], flatten=True)["sessionId"]
        for part in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.call(f"{part}.enable")

    def pages(self):
        found = self.call("Target.getTargets")["targetInfos"]
        return [one["targetId"] for one in found if one["type"] == "page"]

    # ---- messages

    def read(self):
        end = time.monotonic() + 60 * FACTOR
        while b"\0" not in self.buffer:
            left = end - time.monotonic()
            if left < 0 or not select.select([self.from_], [], [], left)[0]:
                raise Gone("the browser is silent")
            more = os.read(self.from_, 1 << 20)
            if not more:
                raise Gone("the browser has ended")
            self.buffer += more
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def note(self, message):
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.console.append(json.dumps(params["exceptionDetails"])[:500])
        elif method == "Runtime.consoleAPICalled":
            self.console.append(json.dumps(params["args"])[:500])
        elif method == "Log.entryAdded":
            self.console.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    words = f"{method}: {answer['error']}"
                    raise Between(words) if re.search("navigated|context", words) else Gone(words)
                return answer["result"]
            self.note(answer)

    # ---- what a person does

    def js(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise Gone(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def open(self, url):
        self.call("Page.navigate", url=url)

    def text(self):
        return self.js("document.querySelector('main')?.innerText ?? ''")

    def see(self, *words):
        """Wait until the main part shows all the words."""
        return until(lambda: all(word in self.text() for word in words), lambda: f"{words} in: {self.text()[:2000]}", 60)

    def settled(self):
        """Wait until no part of the page is loading."""
        ready = "!!document.querySelector('main:not([aria-busy])') && !document.body.innerText.includes('Loading ...')"
        until(lambda: self.js(ready), "the page", 60)

    def size(self, width, height=900, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def key(self, key, text=None):
        code = {"Tab": 9, "Enter": 13}.get(key, 0)
        text = text or {"Enter": "\r"}.get(key)
        down = {"key": key, "windowsVirtualKeyCode": code, **({"text": text} if text else {})}
        self.call("Input.dispatchKeyEvent", type="keyDown", **down)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def shot(self, path, whole=True):
        self.call("Emulation.setScrollbarsHidden", hidden=True)  # else the page is cut by the width of one
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def tree(self):
        """The nodes that assistive programs see: (role, name)."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        kept = [node for node in nodes if not node.get("ignored")]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in kept]

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20 * FACTOR)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.from_)
