"""Links: wrappers, the sentence around them, what is no link, kinds."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.normalize.links import link_kind, links


def found(text: str | None) -> list[str] | None:
    frame = pl.DataFrame({"text": [text]}, schema={"text": pl.String})
    result: list[str] | None = frame.select(links(pl.col("text"))).item()
    return None if result is None else list(result)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Code: https://aka.ms/kosmos-2.", ["https://aka.ms/kosmos-2"]),
        ("at \\url{https://aka.ms/icl}.", ["https://aka.ms/icl"]),
        ("\\href{https://a.org/x}{https://a.org/x}.", ["https://a.org/x"]),
        ("https://a.github.io/{https://a.github.io/}.", ["https://a.github.io/"]),
        ("https://a.github.io/x/{project page}.", ["https://a.github.io/x/"]),
        ("\\footnote{Code at https://a.org/b", ["https://a.org/b"]),
        ("See https://a.org/b .", ["https://a.org/b"]),
        ("(https://a.org/b_(c)), then", ["https://a.org/b_(c)"]),
        ("[code](https://a.org/b).", ["https://a.org/b"]),
        ("https://a.org/b/ and https://a.org/b", ["https://a.org/b/", "https://a.org/b"]),
        ("https://b.org https://a.org https://b.org", ["https://b.org", "https://a.org"]),
        ("https://a.org/x\\_y\\%20z", ["https://a.org/x_y%20z"]),
        ("'https://a.org/b', “https://a.org/c”", ["https://a.org/b", "https://a.org/c"]),
        ("https://a.org/b—which", ["https://a.org/b"]),
        ("代码：https://a.org/b。", ["https://a.org/b"]),
        ("http://a.org?x=1&y=2#z!", ["http://a.org?x=1&y=2#z"]),
        ("https://b-61j.pages.dev/spaces/x/Y.", ["https://b-61j.pages.dev/spaces/x/Y"]),
        (
            "$\\href{https://a.org/b}{x}$, $https://a.org/c$.",
            ["https://a.org/b", "https://a.org/c"],
        ),
        ('<a href="https://a.org/b">https://a.org/b</a>', ["https://a.org/b"]),
        ("&lt;a href=&quot;https://a.org/b&quot;&gt;x", ["https://a.org/b"]),
        (
            '<jats:ext-link xmlns:xlink="http://www.w3.org/1999/xlink" '
            'xlink:href="https://a.org/?x=1&amp;y=2">https://a.org/?x=1&amp;amp;y=2</jats:ext-link>',
            ["https://a.org/?x=1&y=2"],
        ),
        ("see https://github.com/x/y}.", ["https://github.com/x/y"]),
        ("https://a.org/x\\_y\\#s\\&t and b{\\_}c", ["https://a.org/x_y#s&t"]),
        (
            "https://a.edu/$\\sim$joe http://b.edu/\\~joe",
            ["https://a.edu/~joe", "http://b.edu/~joe"],
        ),
        ("HTTPS://A.org/X;", ["HTTPS://A.org/X"]),
        (
            "www.a.org/x, (github.com/o/r). www.b.co.uk",
            ["http://www.a.org/x", "https://github.com/o/r", "http://www.b.co.uk"],
        ),
        ("git@github.com/a/b, awww.a.org, www.x, github.com/ and github.com/o", None),
        ("https://www.a.org http://github.com/o/r", ["https://www.a.org", "http://github.com/o/r"]),
        ("arXiv.com, nn.Linear, https:// and http://...", None),
        ("``[text span](bounding boxes)''", None),
        (None, None),
    ],
)
def test_links_are_freed_from_what_surrounds_them(text, expected) -> None:
    assert found(text) == expected


@given(st.text(max_size=60), st.sampled_from((" ", "\n", "{", '"')))
def test_a_link_among_anything_is_found(text: str, fence: str) -> None:
    result = found(f"{text}{fence}https://example.org/a/b.c{fence}{text}")
    assert result is not None
    assert "https://example.org/a/b.c" in result


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://github.com/a/b", "github"),
        ("https://GitHub.com/a", "github"),
        ("https://a.github.io/", "project_page"),
        ("https://huggingface.co/x", "huggingface"),
        ("https://arxiv.org/abs/1", "arxiv"),
        ("https://doi.org/10.1/x", "doi"),
        ("https://aka.ms/x", "aka.ms"),
        ("https://x.readthedocs.io/en", "docs_page"),
        ("https://x.pages.dev:80/y", "project_page"),
        ("https://notgithub.com/", "other"),
    ],
)
def test_a_kind_is_told_by_the_host(url, kind) -> None:
    assert pl.select(link_kind(pl.lit(url))).item() == kind
