"""Prefect servers and bibmill's command, run as processes by tests that need the real thing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from random import SystemRandom
from typing import Any

import pytest

BIN = Path(sys.executable).parent

PATIENCE = 240
"""Seconds after which a test gives up waiting: far more than a loaded machine needs."""

PASSING = frozenset({429, 502, 503})
"""What a server answers that asks to be asked again; Prefect's does while SQLite is locked."""


@dataclass(frozen=True)
class PrefectServer:
    """A running Prefect server, and the environment in which commands find it."""

    url: str
    environment: dict[str, str]

    def post(self, path: str, body: Any = None) -> Any:
        return self._request(path, "POST", {} if body is None else body)

    def get(self, path: str) -> Any:
        return self._request(path, "GET", None)

    def is_up(self) -> bool:
        """Whether the server answers at this moment."""
        with suppress(OSError, HTTPException):
            return bool(self._ask("health", "GET", None))
        return False

    def _request(self, path: str, method: str, body: Any) -> Any:
        """Return the answer; ask again for a minute when the server is busy, as its clients do."""
        end = time.monotonic() + 60
        while True:
            try:
                return self._ask(path, method, body)
            except urllib.error.HTTPError as error:
                if error.code not in PASSING or time.monotonic() > end:
                    raise
            except (OSError, HTTPException):
                if time.monotonic() > end:
                    raise
            time.sleep(0.3)

    def _ask(self, path: str, method: str, body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Return the first true value of `condition`; fail when PATIENCE is at its end."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.3)
    pytest.fail(f"not within {PATIENCE} s: {what}")


def free_port() -> int:
    """Return a port below those that systems give to outgoing connections, which come and go."""
    while True:
        port = SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def without_prefect(home: Path, **more: str) -> dict[str, str]:
    """Return this environment without the user's Prefect settings, and with a home of its own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    own.pop("DO_NOT_TRACK", None)
    return {**own, "PREFECT_HOME": str(home), "PYTHONUNBUFFERED": "1", **more}


def run_bibmill(
    arguments: list[str], environment: dict[str, str], cwd: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "bibmill", *arguments],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@contextmanager
def background(
    command: list[str | Path], environment: dict[str, str], cwd: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command with processes of its own; end all of them at last."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env=environment, cwd=cwd, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(60)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def prefect_server(folder: Path, **environment: str) -> Iterator[PrefectServer]:
    """Start a server as the compose file does; its home and log are in `folder`."""
    port = free_port()
    home = folder / "server-home"
    url = f"http://127.0.0.1:{port}/api"
    command = [BIN / "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    quiet = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    # Makes runs of a new schedule at once, and a few at a time.
    prompt = {
        "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "1",
        "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "20",
    }
    log = folder / "server.log"
    server_environment = without_prefect(home, **quiet, **prompt, **environment)
    with background([*command, "--no-ui"], server_environment, folder, log) as process:
        server = PrefectServer(url, without_prefect(folder / "client-home", PREFECT_API_URL=url))

        def is_up() -> bool:
            assert process.poll() is None, log.read_text()
            return server.is_up()

        wait_until(is_up, "Prefect's server answers")
        yield server
