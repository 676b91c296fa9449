"""Playgrounds of real Linux machines. Needs nothing but Python.

    from ramet import Ramet

    ramet = Ramet("http://127.0.0.1:8420", token)
    run = ramet.start("debian")
    print(ramet.exec(run["id"], ["uname", "-r"]).stdout)
    a, b = ramet.clone(run["id"], live=True, count=2)
    ramet.destroy(run["id"])
"""

import json
import shlex
import time
from dataclasses import dataclass
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from .routes import Routes
from .websocket import WebSocket


class RametError(Exception):
    """What the server refused: `code` is stable, `hint` says what to do."""

    def __init__(self, status, code, message, hint=None):
        super().__init__(f"{message} ({code})" + (f" {hint}" if hint else ""))
        self.status, self.code, self.message, self.hint = status, code, message, hint


@dataclass
class Result:
    exit_code: int
    stdout: str
    stderr: str


class Ramet(Routes):
    def __init__(self, endpoint, token, timeout=600):
        """`timeout`: seconds that a wait or a command may take."""
        self.endpoint, self.token, self.timeout = endpoint.rstrip("/"), token, timeout

    def start(self, playground, *, wait=True, **options):
        """Starts a run; returns it when its machines are ready."""
        run = self.post_plays(playground, **options)
        return self._until(run, "RUNNING") if wait else run

    def exec(self, run, command, *, machine=None, user=None, input=""):
        """Runs a command to its end. Words are the program and its arguments; a text is for the user's shell."""
        machine = machine or self.get_play(run)["machines"][0]["name"]
        path = f"/api/plays/{quote(run, safe='')}/machines/{quote(machine, safe='')}/exec"
        socket = WebSocket(self.endpoint + path, self._headers(), self.timeout)
        try:
            if socket.status != 101:
                raise _refusal(socket.status, socket.refusal)
            line = command if isinstance(command, str) else shlex.join(command)
            socket.send(json.dumps({"type": "exec", "command": line, **({"user": user} if user else {})}).encode(), 1)
            return self._talk(socket, input.encode() if isinstance(input, str) else input)
        finally:
            socket.close()

    def clone(self, run, *, wait=True, **options):
        """Clones a run; those that are started are ready when this returns."""
        clones = self.post_clones(run, **options)
        if not wait or not (options.get("live") or options.get("start")):
            return clones
        return [self._until(clone, "RUNNING") for clone in clones]

    def stop(self, run, *, wait=True, **options):
        """Switches a run off, and keeps everything."""
        stopped = self.post_stop(run, **options)
        return self._until(stopped, "STOPPED") if wait else stopped

    def destroy(self, run, *, wait=True):
        """Removes a run with all that it holds."""
        destroyed = self.post_destroy(run)
        return self._until(destroyed, "DESTROYED") if wait else destroyed

    def _talk(self, socket, input):
        output = {1: b"", 2: b""}
        consumed = 0
        for kind, data in socket.messages():
            if kind == 2:
                output[data[0]] += data[1:]
                consumed += len(data) - 1
                if consumed >= 32768:
                    socket.send(json.dumps({"type": "ack", "bytes": consumed}).encode(), 1)
                    consumed = 0
                continue
            message = json.loads(data)
            if message["type"] == "ready":
                for at in range(0, len(input), 65536):
                    socket.send(input[at : at + 65536], 2)
                socket.send(b'{"type": "eof"}', 1)
            elif message["type"] == "exit":
                return Result(message["code"], output[1].decode(errors="replace"), output[2].decode(errors="replace"))
            elif message["type"] == "error":
                raise RametError(500, message["code"], message["message"], message.get("hint"))
        raise RametError(503, "connection_lost", "The connection to the machine ended.")

    def _until(self, run, state):
        late = time.monotonic() + self.timeout
        while run["state"] != state:
            if run["state"] == "FAILED" or run["wanted"] not in (state,):
                failure = run.get("failure") or {}
                raise RametError(500, failure.get("code", "overruled"), failure.get("message", f"The run is {run['state']}."))
            if time.monotonic() > late:
                raise RametError(504, "timed_out", f"The run did not become {state} in time.")
            time.sleep(0.2)
            run = self.get_play(run["id"])
        return run

    def _headers(self):
        return {"Authorization": f"Bearer {self.token}"}

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {**self._headers(), **({} if body is None else {"Content-Type": "application/json"})}
        try:
            with urlopen(Request(self.endpoint + path, data, headers, method=method), timeout=self.timeout) as answer:
                return json.load(answer)
        except HTTPError as refused:
            raise _refusal(refused.code, refused.read()) from None


def _refusal(status, body):
    try:
        told = json.loads(body)
        return RametError(status, told["code"], told["message"], told.get("hint"))
    except (ValueError, KeyError):
        return RametError(status, "unexpected_answer", f"The server answered with status {status}.")
