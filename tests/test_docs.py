"""The README says what is true: commands, formats, tables, files."""

import re
from pathlib import Path

from typer.main import get_command

from flows.cli import app
from flows.formats import readers
from flows.normalize.byline import THRESHOLD

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_command_is_in_the_readme_and_the_changelog():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for name in get_command(app).commands:
        assert re.search(rf"`(bibmill )?{name}\b", README), name
        assert re.search(rf"`(bibmill )?{name}\b", changelog), name


def test_every_format_is_in_the_readme():
    for name in readers():
        assert f"`{name}`" in README


def test_the_threshold_of_the_readme_is_the_one_of_the_code():
    assert f"Below {THRESHOLD}" in README


def test_linked_files_exist():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
