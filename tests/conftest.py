"""Golden files, and the one Prefect server that the tests of the flow and its schedule share."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.processes import PrefectServer, prefect_server

# How long an example takes is the machine's affair. Examples are the same in every run, so that a
# change is judged by what it changed; `--hypothesis-profile=search` looks for new ones.
_slow = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("bibmill", derandomize=True, max_examples=50, **_slow)
settings.register_profile("search", **_slow)
settings.load_profile("bibmill")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """One Prefect server on SQLite for the whole session."""
    with prefect_server(tmp_path_factory.mktemp("prefect")) as running:
        yield running


KEPT_TOGETHER = {
    "test_refresh_flow": "server",
    "test_schedule": "server",
    "test_compose": "compose",
}
"""Which modules share one worker, because they share one server. Larger groups begin first."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return one worker for each processor, from two (much of the suite only waits) to four.

    Files and single tests get none: they would not gain what the workers cost.
    """
    if not any(Path(argument).is_dir() for argument in config.args):
        return 0
    return min(max(2, os.cpu_count() or 1), 4)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker the next test, but keep the modules of `KEPT_TOGETHER` on one, and first.

    xdist's own groups (`--dist loadgroup`) have no effect with pytest 9.2: its issue 1386.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByProcess(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return KEPT_TOGETHER.get(Path(nodeid.partition("::")[0]).stem, nodeid)

    return ByProcess(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite tests/golden/ from what the code gives",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, Any], None]:
    """Return a function that compares a value with tests/golden/<name>.json, or rewrites that."""

    def compare(name: str, value: Any) -> None:
        path = Path(__file__).parent / "golden" / f"{name}.json"
        text = json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"
        if request.config.getoption("--update-golden"):
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"run pytest --update-golden to write {path.name}"
        assert json.loads(text) == json.loads(path.read_text(encoding="utf-8"))

    return compare
