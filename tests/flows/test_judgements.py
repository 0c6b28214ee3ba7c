"""Judgements: files that people edit are read with the line of every fault, and appended to."""

from __future__ import annotations

import pytest

from flows.judgements import COLUMNS, read_judgements, write_judgement
from flows.sources import RawError


@pytest.fixture
def file(tmp_path):
    (tmp_path / "judgements").mkdir()
    return tmp_path / "judgements" / "judgements.csv"


def told(raw):
    """Return what was ruled, without the day."""
    return read_judgements(raw).drop("when").rows()


def test_a_first_ruling_makes_the_file(tmp_path):
    path = write_judgement(tmp_path, "R1", "R2", "same", "me", 'one, "two"\nthree')
    write_judgement(tmp_path, "R3", "R4", "different", "me", "no")
    assert path.read_text().startswith(",".join(COLUMNS) + "\n")
    assert told(tmp_path) == [
        ("R1", "R2", "same", "me", 'one, "two"\nthree', "judgements.csv:2"),
        ("R3", "R4", "different", "me", "no", "judgements.csv:4"),
    ]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_ruling_goes_under_the_columns_of_an_edited_file(tmp_path, file, mark, end):
    line = "\r\n" if end == "\r\n" else "\n"
    text = (
        f"{mark}why,ruling,note,left,right,when,who{line}because,same,x,R1,R2,2026-01-01,you{end}"
    )
    file.write_text(text, encoding="utf-8", newline="")
    write_judgement(tmp_path, "R3", "R4", "different", "me", "so")
    assert told(tmp_path) == [
        ("R1", "R2", "same", "you", "because", "judgements.csv:2"),
        ("R3", "R4", "different", "me", "so", "judgements.csv:3"),
    ]
    assert file.read_bytes().decode().startswith(text)


def test_an_empty_file_holds_no_ruling(tmp_path, file):
    file.write_text("")
    assert read_judgements(tmp_path).is_empty()
    write_judgement(tmp_path, "R1", "R2", "same", "me", "so")
    assert read_judgements(tmp_path).height == 1


HEADER = ",".join(COLUMNS) + "\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"left,right\nR1,R2\n", "judgements.csv:1 lacks the column 'ruling': give it"),
        (HEADER.encode() + b"R1,R2,same\n", "csv:2 has 3 values for 6 columns: mend the line"),
        (
            HEADER.encode() + b"R1,R2,same,me,,so, and so\n",
            "csv:2 has 7 values for 6 columns: mend the line, with quotes",
        ),
        (HEADER.encode() + b"\nR1,R2,equal,me,,so\n", "csv:3 rules 'equal': a ruling is"),
        (HEADER.encode() + b"R1,,same,me,,so\n", "csv:2 lacks an id: give left and right"),
        (HEADER.encode() + b'R1,R2,same,me,,"so\n\n', "csv:2 is no CSV"),
        (HEADER.encode() + b"R1,R2,same,J\xfcrgen,,so\n", "is not UTF-8: save it as UTF-8"),
    ],
)
def test_a_fault_is_one_line_with_its_place(tmp_path, file, content, message):
    file.write_bytes(content)
    with pytest.raises(RawError) as caught:
        read_judgements(tmp_path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(RawError):
        write_judgement(tmp_path, "R3", "R4", "same", "me", "so")
    assert file.read_bytes() == content


def test_no_folder_is_made_for_a_wrong_raw(tmp_path):
    with pytest.raises(RawError, match=r"no folder .*--raw"):
        write_judgement(tmp_path / "no", "R3", "R4", "same", "me", "so")
    assert not (tmp_path / "no").exists()
