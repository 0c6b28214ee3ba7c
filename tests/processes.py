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
from pathlib import Path
from typing import Any

import pytest

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class PrefectServer:
    """A running Prefect server, and the environment in which commands find it."""

    url: str
    environment: dict[str, str]

    def post(self, path: str, body: Any = None) -> Any:
        return self._request(path, "POST", {} if body is None else body)

    def get(self, path: str) -> Any:
        return self._request(path, "GET", None)

    def _request(self, path: str, method: str, body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)


def wait_until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return the first true value of `condition`; fail after some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.3)
    pytest.fail(f"not within {seconds} s: {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
        timeout=180,
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
            process.wait(15)
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
    log = folder / "server.log"
    server_environment = without_prefect(home, **quiet, **environment)
    with background([*command, "--no-ui"], server_environment, folder, log) as process:
        server = PrefectServer(url, without_prefect(folder / "client-home", PREFECT_API_URL=url))

        def is_up() -> bool:
            assert process.poll() is None, log.read_text()
            with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                return bool(server.get("health"))
            return False

        wait_until(is_up, 120, "Prefect's server answers")
        yield server
