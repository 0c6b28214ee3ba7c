"""Tags and entities in printed text: HTML, JATS, MathML and those of catalogues.

lxml (https://lxml.de) reads the tags, the standard library's table the entities. Only known tags
are markup: `<unk>`, `vector<T>` and `a < b` are words. Not here: LaTeX (`latex`), also that of
`<tex-math>`, which leaves here between dollars.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from flows.normalize.latex import lowered, raised

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_TAG = re.compile(
    r"<(/?)((?:[A-Za-z]\w*:)?)([A-Za-z][\w-]*)"
    r"((?:\s+[\w:.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>=]+))*)\s*(/?)>"
)
_ALTERNATIVE_TEXT = re.compile(r"\balttext\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_TEX_DOCUMENT = re.compile(r"\\begin\s*\{document\}(.*?)(?:\\end\s*\{document\}|$)", re.DOTALL)

_PREFIXES = ("jats:", "mml:", "m:", "xhtml:", "html:", "oasis:", "tp:")
# These part words; what is inside others joins what is before and after.
_BLOCKS = frozenset((
    "p", "div", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt",
    "dd", "blockquote", "section", "sec", "title", "label", "list", "list-item", "disp-formula",
    "disp-quote", "table", "thead", "tbody", "tr", "td", "th", "caption", "abstract",
    "abstracttext", "break", "def-list", "def-item", "def", "term", "statement",
))  # fmt: skip
_INLINE = frozenset((
    "b", "i", "u", "em", "strong", "sup", "sub", "inf", "small", "big", "tt", "span", "a",
    "font", "cite", "mark", "ins", "del", "strike", "sc", "italic", "bold", "underline",
    "overline", "roman", "monospace", "sans-serif", "styled-content",
    "named-content", "ext-link", "uri", "xref", "url", "email", "fixed-case", "tex-math",
    "inline-formula", "alternatives", "inline-graphic", "graphic", "img",
))  # fmt: skip
_MATHML = frozenset((
    "math", "mi", "mn", "mo", "ms", "mrow", "mtext", "msup", "msub", "msubsup", "mfrac",
    "msqrt", "mroot", "mover", "munder", "munderover", "mstyle", "mspace", "mfenced", "mtable",
    "mtr", "mtd", "mpadded", "mphantom", "menclose", "merror", "semantics", "annotation",
    "annotation-xml", "mmultiscripts", "mprescripts", "none",
))  # fmt: skip
_KNOWN = _BLOCKS | _INLINE | _MATHML
_EMPTY = frozenset((
    "br", "hr", "img", "break", "graphic", "inline-graphic", "mspace", "none", "mprescripts",
))  # fmt: skip
_MAY_STAY_OPEN = _EMPTY | {"p", "li"}
_UNREAD = frozenset(("annotation", "annotation-xml", "mphantom"))
_LABELS = frozenset(("abstract", "summary", "résumé", "resumen", "resumo", "zusammenfassung"))
_LABELLED = frozenset(("title", "label", "h1", "h2", "h3", "h4", "h5", "h6"))
_LABEL_MARK = "\U0010fff2"
_LEADING_LABEL = re.compile(rf"\A\s*{_LABEL_MARK}[^{_LABEL_MARK}]*{_LABEL_MARK}")
_ACCENTS = {
    "¯": "\u0304", "‾": "\u0304", "^": "\u0302", "ˆ": "\u0302", "~": "\u0303", "˜": "\u0303",
    "→": "\u20d7", "⃗": "\u20d7", "˙": "\u0307", "¨": "\u0308",
}  # fmt: skip
_DEEPEST = 100


def without_tags(text: str) -> str:
    """Return the text with entities replaced and known tags resolved; others stay as printed.

    A tag without prefix is known only if it is closed in the same text. A leading section title
    such as `Abstract` is left out.
    """
    if "&" in text:
        # Twice and three times escaped text is common: `&amp;lt;`.
        for _ in range(3):
            text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    if "<" not in text:
        return text
    text = _CDATA.sub(r"\1", _COMMENT.sub(" ", text))
    tags = list(_TAG.finditer(text))
    closed = {tag[3].lower() for tag in tags if tag[1] or tag[5]} | _MAY_STAY_OPEN
    known = [tag for tag in tags if tag[2] in _PREFIXES or tag[3].lower() in closed & _KNOWN]
    if not known:
        return text
    page, depth = _page(text, known)
    if depth > _DEEPEST:
        # No reading of such a thing is right; its words are kept.
        return html.unescape(re.sub(r"</?x-[^<>]*>", " ", page))
    return _LEADING_LABEL.sub("", _read(_parsed(page))).replace(_LABEL_MARK, "")


def _page(text: str, tags: list[re.Match[str]]) -> tuple[str, int]:
    """Return the text as a page of neutral elements, all else escaped, and how deep they nest."""
    pieces: list[str] = []
    place = depth = deepest = 0
    for tag in tags:
        name = "x-" + tag[3].lower()
        pieces.append(html.escape(text[place : tag.start()], quote=False))
        place = tag.end()
        if tag[1]:
            pieces.append(f"</{name}>")
            depth -= 1
            continue
        said = _ALTERNATIVE_TEXT.search(tag[4]) if name == "x-math" else None
        pieces.append(
            f'<{name} alttext="{html.escape(said[1] or said[2] or "")}">' if said else f"<{name}>"
        )
        if tag[5] or tag[3].lower() in _EMPTY:
            pieces.append(f"</{name}>")
        else:
            depth += 1
            deepest = max(deepest, depth)
    pieces.append(html.escape(text[place:], quote=False))
    return "<x-page>" + "".join(pieces) + "</x-page>", deepest


@cache
def _parser() -> Any:
    from lxml import etree

    return etree.HTMLParser(encoding="utf-8", recover=True, remove_blank_text=False)


def _parsed(page: str) -> Any:
    from lxml import etree

    return etree.fromstring(page.encode(), _parser())


def _name(element: Any) -> str:
    return str(element.tag).removeprefix("x-")


def _read(element: Any) -> str:
    """Return what an element reads as: its text and that of all elements in it."""
    shown = element.text or ""
    has_math = any(_name(child) == "math" for child in element)
    for child in element:
        name = _name(child)
        if name == "math":
            shown += _read_math(child).strip() or _as_latex(child.get("alttext", ""))
        elif name == "tex-math":
            shown += "" if has_math else _as_latex("".join(child.itertext()))
        elif name in ("sub", "inf"):
            shown += lowered(_read(child).strip(), shown)
        elif name == "sup":
            shown += raised(_read(child).strip())
        elif name in _BLOCKS:
            inner = _read(child)
            is_label = name in _LABELLED and inner.strip(" .:").casefold() in _LABELS
            shown += f" {_LABEL_MARK}{inner}{_LABEL_MARK} " if is_label else f" {inner} "
        elif name in _MATHML:
            shown += _read_math(child)
        else:
            shown += _read(child)
        shown += child.tail or ""
    return shown


def _as_latex(text: str) -> str:
    """Return a formula in LaTeX with its dollars; of a whole document only what it shows."""
    document = _TEX_DOCUMENT.search(text)
    formula = (document[1] if document else text).strip().strip("$").strip()
    return f"${formula}$" if formula else ""


def _read_math(element: Any) -> str:
    """Return what MathML reads as, the same as the LaTeX of it would."""
    name = _name(element)
    if name in _UNREAD:
        return ""
    if not len(element):
        text = " ".join((element.text or "").split())
        return f" {text} " if name == "mtext" else text
    parts = [_read_math(child) for child in element]
    loose = [child.tail.strip() for child in element if child.tail and child.tail.strip()]
    if (element.text or "").strip() or loose:
        # Not MathML's own form: some wrote text beside the elements.
        return _read(element)
    if form := _FORMS.get((name, len(parts))):
        return form(*parts)
    return _SEQUENCES.get(name, _joined)(parts)


def _with_below(base: str, below: str) -> str:
    return base + lowered(below.strip(), base)


def _with_above(base: str, above: str) -> str:
    return base + raised(above.strip())


def _with_over(base: str, over: str) -> str:
    return base + (_ACCENTS.get(over.strip()) or raised(over.strip()))


def _with_both(base: str, below: str, above: str) -> str:
    return _with_below(base, below) + raised(above.strip())


def _fraction(above: str, below: str) -> str:
    return f"{above}/{below}"


def _first(parts: list[str]) -> str:
    return parts[0]


def _root(parts: list[str]) -> str:
    return f"√({_joined(parts)})"


def _fenced(parts: list[str]) -> str:
    return f"({','.join(parts)})"


def _joined(parts: list[str]) -> str:
    """Return the parts one after the other, names of functions parted from letters beside them."""
    shown = last = ""
    for part in parts:
        if last[-1:].isalpha() and part[:1].isalpha() and (len(last) > 1 or len(part) > 1):
            shown += " "
        shown += part
        last = part or last
    return shown


_FORMS: dict[tuple[str, int], Callable[..., str]] = {
    ("msub", 2): _with_below,
    ("munder", 2): _with_below,
    ("msup", 2): _with_above,
    ("mover", 2): _with_over,
    ("msubsup", 3): _with_both,
    ("munderover", 3): _with_both,
    ("mfrac", 2): _fraction,
}
_SEQUENCES: dict[str, Callable[[list[str]], str]] = {
    "semantics": _first,
    "msqrt": _root,
    "mfenced": _fenced,
    "mtr": " ".join,
    "mtable": " ".join,
}
