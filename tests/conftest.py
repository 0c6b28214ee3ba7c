"""Golden files, and the one Prefect server that the tests of the flow and its schedule share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.processes import PrefectServer, prefect_server

# How long an example takes is the machine's affair.
settings.register_profile("bibmill", deadline=None)
settings.load_profile("bibmill")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """One Prefect server on SQLite for the whole session."""
    with prefect_server(tmp_path_factory.mktemp("prefect")) as running:
        yield running


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
