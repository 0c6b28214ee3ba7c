"""docker-compose.yml: that it says what it should, and its three processes run by hand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import (
    BIN,
    PATIENCE,
    background,
    free_port,
    prefect_server,
    wait_until,
)

ROOT = Path(__file__).parents[1]
POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"))), None)
PASSWORD = "p@ss:w/rd"  # letters that an address would have to quote


def configured(**environment: str) -> subprocess.CompletedProcess[str]:
    own = {"PATH": os.environ["PATH"], "PWD": str(ROOT), **environment}
    command = ["docker-compose", "--file", ROOT / "docker-compose.yml", "config"]
    return subprocess.run(
        command, env=own, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


@pytest.fixture(scope="module")
def services() -> dict:
    yaml = pytest.importorskip("yaml")
    if not shutil.which("docker-compose"):
        pytest.skip("docker-compose is not installed")
    done = configured(POSTGRES_PASSWORD=PASSWORD)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)["services"]


def test_every_service_restarts_and_is_checked_for_health(services):
    assert set(services) == {"database", "server", "refresh"}
    for service in services.values():
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"
    assert services["server"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert services["refresh"]["depends_on"] == {"server": {"condition": "service_healthy"}}


def test_server_and_refresh_are_built_from_this_repository(services):
    for name in ("server", "refresh"):
        build = services[name]["build"]
        assert Path(build["context"]).resolve() == ROOT
        assert (ROOT / build["dockerfile"]).is_file()


def test_dumps_are_mounted_read_only_and_the_warehouse_where_it_is_outside(services):
    assert sorted(services["refresh"]["volumes"]) == [
        f"{ROOT}/raw:{ROOT}/raw:ro",
        f"{ROOT}/warehouse:{ROOT}/warehouse:rw",
    ]
    assert services["refresh"]["working_dir"] == str(ROOT)
    assert services["refresh"]["user"] == "1000:1000"


def test_there_is_no_default_password():
    if not shutil.which("docker-compose"):
        pytest.skip("docker-compose is not installed")
    done = configured()
    assert done.returncode != 0
    assert "POSTGRES_PASSWORD" in done.stderr
    text = (ROOT / "docker-compose.yml").read_text()
    assert re.findall(r"PASSWORD: (?!\$\{POSTGRES_PASSWORD:\?)", text) == []
    assert ".env" in (ROOT / ".gitignore").read_text().split()


def test_the_image_has_what_it_copies_and_does_not_run_as_root():
    lines = (ROOT / ".ci" / "Dockerfile").read_text().splitlines()
    sources = [name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]]
    assert sources
    for name in sources:
        assert (ROOT / name).exists(), name
    assert "USER bibmill" in lines
    kept = (ROOT / ".ci" / "Dockerfile.dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in sources} <= set(kept)


@contextmanager
def postgres(folder: Path) -> Iterator[int]:
    """Run PostgreSQL with a password on a free port; it refuses to run as root."""
    if POSTGRES is None:
        pytest.skip("PostgreSQL is not installed")
    as_user: list[str] = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("PostgreSQL does not run as root, and there is no setpriv")
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    # Not below pytest's folders, which other users cannot enter.
    data = Path(
        subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip()
    )
    secret = data / "secret"
    secret.write_text(PASSWORD)
    if as_user:
        for path in (data, secret):
            shutil.chown(path, "postgres", "postgres")
    port = free_port()
    initdb = ["--auth=scram-sha-256", "--username=prefect", f"--pwfile={secret}", "--no-sync"]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    try:
        subprocess.run(
            [*as_user, POSTGRES / "initdb", f"--pgdata={data}/db", *initdb],
            env=environment,
            cwd=data,
            check=True,
            capture_output=True,
        )
        serve = [f"-k{data}", f"-p{port}", "-hlocalhost", "-F"]
        with background(
            [*as_user, POSTGRES / "postgres", f"-D{data}/db", *serve],
            environment,
            data,
            folder / "postgres.log",
        ):
            ready = [POSTGRES / "pg_isready", "--host=127.0.0.1", f"--port={port}"]
            wait_until(
                lambda: subprocess.run(ready, capture_output=True, check=False).returncode == 0,
                "PostgreSQL answers",
            )
            subprocess.run(
                [POSTGRES / "createdb", *ready[1:], "--username=prefect", "prefect"],
                env={**environment, "PGPASSWORD": PASSWORD},
                check=True,
            )
            yield port
    finally:
        shutil.rmtree(data)


def test_its_three_processes_run_until_a_scheduled_refresh_has_published(services, tmp_path):
    """PostgreSQL, the server on it and `bibmill serve`, with the settings of the compose file."""
    source = tmp_path / "raw" / "pages"
    source.mkdir(parents=True)
    (source / "one.txt").write_text("Abstract:We count leaves.\n\nAbstract:We weigh rivers.\n")
    settings = {
        name: value
        for name, value in services["server"]["environment"].items()
        if name.startswith("PREFECT_SERVER_DATABASE") or name.endswith("LEASE_STORAGE")
    }
    # With a sixth field, for seconds, the test need not wait for the next minute.
    command = [
        re.sub(r"^--cron=.*", "--cron=* * * * * */5", word)
        for word in services["refresh"]["command"]
    ]
    with postgres(tmp_path) as port:
        here = {
            "PREFECT_SERVER_DATABASE_HOST": "127.0.0.1",
            "PREFECT_SERVER_DATABASE_PORT": str(port),
        }
        with prefect_server(tmp_path, **{**settings, **here}) as server:
            assert not list((tmp_path / "server-home").glob("*.db"))
            health_port = str(free_port())
            environment = {
                **server.environment,
                "PREFECT_RUNNER_SERVER_ENABLE": "true",
                "PREFECT_RUNNER_SERVER_PORT": health_port,
                "PREFECT_RUNNER_POLL_FREQUENCY": "1",
            }
            with background(
                [BIN / command[0], *command[1:]], environment, tmp_path, tmp_path / "serve.log"
            ):
                wait_until(
                    lambda: server.post(
                        "flow_runs/filter",
                        {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}},
                    ),
                    "a scheduled refresh has completed",
                )
                check = services["refresh"]["healthcheck"]["test"][1:]
                check = [word.replace(":8080", f":{health_port}") for word in check]
                check = [BIN / check[0], *check[1:]]
                wait_until(  # it is unwell while a loaded machine lets it look for runs too late
                    lambda: subprocess.run(check, check=False).returncode == 0,
                    "bibmill serve is healthy",
                )
    assert (tmp_path / "warehouse" / "current" / "manifest.json").is_file()
