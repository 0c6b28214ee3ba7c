"""Sample tables, and warehouses with one or two releases of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from flows.publish import publish_release, writing
from flows.publish.warehouse import Warehouse

SAMPLE = Path(__file__).with_name("sample.py")


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    spec = importlib.util.spec_from_file_location("publish_sample", SAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def first(sample):
    return sample.first_release()


@pytest.fixture(scope="session")
def second(sample):
    return sample.second_release()


@pytest.fixture
def warehouse(tmp_path) -> Warehouse:
    """A warehouse without releases, in a folder with an awkward name."""
    return Warehouse(tmp_path / "ware [x]*'house' 100%")


@pytest.fixture
def publish(sample, first, second):
    """Publish the first or the second sample release, as a refresh does."""

    def publish(warehouse: Warehouse, release_id: str) -> None:
        tables = {sample.FIRST: first, sample.SECOND: second}[release_id]
        previous = sample.FIRST if release_id == sample.SECOND else None
        with writing(warehouse):
            publish_release(warehouse, release_id, tables, {"dump:a": "1"}, previous, "1.0")

    return publish


@pytest.fixture
def one_release(warehouse, publish, sample) -> Warehouse:
    publish(warehouse, sample.FIRST)
    return warehouse


@pytest.fixture
def two_releases(one_release, publish, sample) -> Warehouse:
    publish(one_release, sample.SECOND)
    return one_release
