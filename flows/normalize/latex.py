r"""LaTeX in printed text: `Erd\H{o}s` reads `Erdős`, `$O(n^2)$` reads `O(n^2)`.

pylatexenc (https://pylatexenc.readthedocs.io) knows the macros. It takes milliseconds for an
abstract, so it is shown only the pieces that are LaTeX, and each distinct piece once.
Not here: tags and entities (`markup`).
"""

from __future__ import annotations

import logging
import re
from functools import cache, lru_cache
from typing import Any

_GROUP = re.compile(r"[\^_]\{|\{[^\W\d_]")
_MATH = re.compile(
    r"\$(?:\$([^$]{1,600})\$\$"
    r"|(?=[^\s$])([^$]{0,300}?[^\s$\\])\$(?!\d)"
    # Blanks inside the dollars, as prices have them too: only with a sign of mathematics.
    r"|(?=[^$]*[\\^_]|\s*[A-Za-z]\s*\$)\s*([^$]{1,600}?)\s*\$(?!\d))"
)
_OTHER_MATH = re.compile(r"(?<!\\)\\(?:\((.{1,600}?)\\\)|\[(.{1,600}?)\\\])", re.DOTALL)
# What the converter shows as it stands. A test holds this against the library.
_PLAIN_MATH = re.compile(r"[\w .,+=<>()/*|:;!?\[\]\^-]*", re.ASCII)

# Digits below a letter belong to it (CO2, L2); below a digit they do not (10_2).
_DIGITS_BELOW = re.compile(r"(\^\{[^{}]*\}_)|(?:(?<=[^\W\d_])|(?<=[)}\]|])|\A)_(?:\{(\d+)\}|(\d))")
_BEFORE_SCRIPT = re.compile(r"(?<!\\)\s+(?=[\^_])")
_GROUPED_DIGITS_BELOW = re.compile(r"(?<=[^\W\d_])_\{(\d+)\}")
_ORDINAL = re.compile(r"\$?\^\{(?:(st|nd|rd|th)|\\(?:text\w*|mathrm|rm)\s*\{?(st|nd|rd|th)\}?)\}")
_DIGIT_ORDINAL = re.compile(rf"(?<=\d)\${_ORDINAL.pattern[3:]}\$")
_PLAIN_WHEN_RAISED = frozenset(("st", "nd", "rd", "th", "TM", "SM", "®", "™", "℠"))

_SHOWN_WITHOUT_BLANK = frozenset((
    "o", "O", "l", "L", "i", "j", "ss", "ae", "AE", "oe", "OE", "aa", "AA", "dh", "DH", "dj",
    "DJ", "th", "TH", "ng", "NG", "hyphen", "slash", "-",
    "textunderscore",
))  # fmt: skip

# Declarations of style and size say nothing in a text without styles.
_SILENT = re.compile(
    r"\\(?:left|right)\.|\\(?:bf|it|em|rm|tt|sc|sl|sf|(?:bf|md)series|(?:it|sl|sc|up)shape"
    r"|(?:tt|sf|rm)family|normalfont|normalsize|footnotesize|scriptsize|small|tiny|[lL]arge|LARGE"
    r"|[hH]uge|(?:display|text|script)style|limits|nolimits|left|right|middle|[bB]igg?[lrm]?"
    r"|noindent|centering|xspace|protect)(?![A-Za-z])\s*"
)
# Macros that read as what is in their braces.
_CONTENTS = frozenset((
    "url", "nolinkurl", "path", "bm", "boldsymbol", "pmb", "mathbf", "mathit", "mathrm",
    "mathsf", "mathtt", "mathnormal", "text", "textbf", "textit", "textrm", "textsc", "textsf",
    "texttt", "textsl", "textnormal", "textup", "textmd", "emph", "mbox", "hbox", "fbox",
    "underline", "uline", "ul", "ensuremath", "enquote", "operatorname", "t", "mkbibemph",
    "mkbibitalic", "mkbibbold", "mkbibquote", "autocap",
))  # fmt: skip
_LETTERS_IN_STYLE = re.compile(r"\\math(?:bb|cal|frak|scr)\s*\{\s*([A-Za-z]{2,})\s*\}")

# Pieces of mathematics that can be shown one by one, from the inside to the outside.
_SYMBOL = re.compile(r"\\(?:([A-Za-z]+)(\s*)|[,;:!|{}])(?=(.?))", re.DOTALL)
_SCRIPT_GROUP = re.compile(r"([\^_])\{([^{}\\]*)\}")
_ONE_ARGUMENT = re.compile(r"\\([A-Za-z]+)\{([^{}\\]*)\}(?!\{)")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}\\]*)\}\{([^{}\\]*)\}")

_BASE = r"(?:\{\s*\\?[A-Za-z]\s*\}|\\[ij](?![A-Za-z])\s*|[A-Za-z])"
_ACCENT = (
    rf"\\(?:[`'\"^]\s?{_BASE}|[=.]{_BASE}|~(?:\{{\s*\\?[A-Za-z]\s*\}}|\\[ij](?![A-Za-z])\s*|[ANOUIEVYanouievy])"
    r"|[uvHcdbkr](?:\{\s*\\?[A-Za-z]\s*\}|\s+[A-Za-z](?![A-Za-z]{0,20}\s*\})))"
)
_ACCENTED = re.compile(
    rf"(?<!\\)(?:\{{{_ACCENT}\}}|\\[`'\"^~=.uvHcdbkr]\{{{_ACCENT}\}}|(?<!/){_ACCENT})"
)
# A tie is a blank in LaTeX; elsewhere a tilde says "about" or stands in an address.
_TIE = re.compile(r"(https?://\S+)|((?:[a-z]{2}|\.))~(?=[A-Za-z0-9(\[\\$]|--)")
_MAY_NEST = re.compile(r"[{}]|\\(?:begin|end)(?![A-Za-z])|\\[(\[]|\\[^A-Za-z\s](?=\s*\\)")
_DEEPEST = 40
_OPEN = re.compile(r"[\\{]")
_SET = re.compile(r"(?<![\^_])\{(?:[^{}\\]*[,;:=|/][^{}\\]*|[\s\d.]+)\}")

# Signs that are markup when escaped and plain when bare; pylatexenc must not see them.
_PROTECTED = {
    "%": "\U0010ff00", "~": "\U0010ff01", "--": "\U0010ff02", "#": "\U0010ff03", "&": "\U0010ff04",
    "<<": "\U0010ff05", ">>": "\U0010ff06", "''": "\U0010ff07",
}  # fmt: skip
_DOLLAR, _BACKSLASH, _LEFT, _RIGHT = "\U0010ff0a", "\U0010ff0b", "\U0010ff0c", "\U0010ff0d"
_PROTECT = re.compile(r"\\?(%|~|--|#|&|<<|>>|'')")
_HIDE = str.maketrans({"\\": _BACKSLASH, "{": _LEFT, "}": _RIGHT, "$": _DOLLAR})
_SHOWN = (
    *((stand_in, plain) for plain, stand_in in _PROTECTED.items()),
    *((_DOLLAR, "$"), (_BACKSLASH, "\\"), (_LEFT, "{"), (_RIGHT, "}")),
)


def without_latex(text: str) -> str:
    """Return the text with its LaTeX resolved; unknown macros stay as printed."""
    if not any(sign in text for sign in ("\\", "$", "``", "~")) and not (
        "{" in text and _GROUP.search(text)
    ):
        return text
    if "``" in text:
        text = text.replace("``", "“").replace("''", "”")
    if "~" in text:
        text = _TIE.sub(lambda found: found[1] or found[2] + " ", text)
    text = text.replace("\\$", _DOLLAR)
    if "$^" in text:
        text = _DIGIT_ORDINAL.sub(lambda found: found[1] or found[2], text)
    if "$" in text:
        text = _MATH.sub(_formula, text).replace("$", _DOLLAR)
    if "\\" in text:
        text = _SILENT.sub("", _OTHER_MATH.sub(_formula, text))
        text = _ACCENTED.sub(lambda found: _shown(found[0]), text)
        text = _ONE_ARGUMENT.sub(_contents, text)
    if "_{" in text:
        text = _GROUPED_DIGITS_BELOW.sub(r"\1", text)
    if ("\\" in text or "{" in text) and not _nests_too_deep(text):
        text = _shown_by_nodes(_PROTECT.sub(_protected, text))
    return text if text.isascii() else _with_signs(text)


def raised(text: str) -> str:
    """Return what a superscript reads as: `^5`, but `th` and `®`."""
    return text if not text or text in _PLAIN_WHEN_RAISED else "^" + text


def lowered(text: str, before: str) -> str:
    """Return what a subscript reads as after the text before it: the 2 of CO2, `_i`."""
    if text.isascii() and text.isdigit() and not before[-1:].isdigit():
        return text
    return "_" + text if text else text


def _protected(found: re.Match[str]) -> str:
    return _PROTECTED[found[1]]


def _with_signs(text: str) -> str:
    for stand_in, plain in _SHOWN:
        text = text.replace(stand_in, plain)
    return text


def _nests_too_deep(text: str) -> bool:
    """Tell whether the library, which calls itself for what is inside, might find no end."""
    if len(_MAY_NEST.findall(text)) <= _DEEPEST:
        return False
    depth = deepest = 0
    for sign in _MAY_NEST.findall(text):
        depth = max(0, depth - 1) if sign == "}" or sign.startswith("\\end") else depth + 1
        deepest = max(deepest, depth)
    return deepest > _DEEPEST


def _formula(found: re.Match[str]) -> str:
    return _math(next(filter(None, found.groups())))


@lru_cache(maxsize=1 << 16)
def _math(content: str) -> str:
    """Return what mathematics reads as, its signs hidden from further reading."""
    content = _BEFORE_SCRIPT.sub("", content.strip())
    if "_" in content:
        content = _DIGITS_BELOW.sub(lambda found: found[1] or found[2] or found[3], content)
    if "^{" in content:
        content = _ORDINAL.sub(lambda found: found[1] or found[2], content)
    if _PLAIN_MATH.fullmatch(content):
        return content
    content = _LETTERS_IN_STYLE.sub(r"\1", _SILENT.sub("", content))
    content = _PROTECT.sub(_protected, content)
    by_pieces = _math_by_pieces(content)
    if by_pieces is None and _nests_too_deep(content):
        return content.translate(_HIDE)
    return _shown(f"\\({content}\\)") if by_pieces is None else by_pieces


def _math_by_pieces(content: str) -> str | None:
    """Return what the library makes of mathematics, put together; None where that is not sure."""
    content = _SYMBOL.sub(_symbol, content)
    before = ""
    while content != before:
        before = content
        content = _SCRIPT_GROUP.sub(r"\1\2", content)
        content = _FRACTION.sub(r"\1/\2", _ONE_ARGUMENT.sub(_one_argument, content))
    return None if "\\" in content or "{" in content or "}" in content else content


def _symbol(found: re.Match[str]) -> str:
    """Return a sign for its macro, with the blank after it only where the library shows it."""
    sign = _sign(found[0].rstrip())
    if sign is None:
        return found[0]
    return sign + (found[2] or "" if found[3] and found[3] not in "\\{}" else "")


@cache
def _sign(macro: str) -> str | None:
    """Return what a macro without arguments reads as in mathematics; None if it may have any."""
    walker = _converter()[0](f"\\({macro}{{}}\\)")
    node = walker.get_latex_nodes()[0][0].nodelist[0]
    arguments = getattr(node, "nodeargd", None)
    if arguments is None or arguments.argnlist:
        return None
    # Between two letters: blanks at the end of a formula are not shown.
    shown = _shown(f"\\(x{macro}{{}}x\\)")[1:-1]
    return None if _BACKSLASH in shown else shown


def _one_argument(found: re.Match[str]) -> str:
    name, argument = found.groups()
    if name in _CONTENTS:
        return argument
    # Accents and alphabets, of a letter or two: few enough to ask for each.
    return _shown(f"\\({found[0]}\\)") if len(argument) < 3 and _takes_one(name) else found[0]


def _contents(found: re.Match[str]) -> str:
    return found[2] if found[1] in _CONTENTS else found[0]


@cache
def _takes_one(name: str) -> bool:
    walker = _converter()[0](f"\\{name}{{x}}")
    arguments = getattr(walker.get_latex_nodes()[0][0], "nodeargd", None)
    return arguments is not None and len(arguments.argnlist) == 1


@lru_cache(maxsize=1 << 16)
def _shown(piece: str) -> str:
    """Return what the library makes of a piece of LaTeX, its signs hidden from further reading."""
    walker_of, converter = _converter()
    nodes, _, _ = walker_of(piece).get_latex_nodes()
    return str(converter.nodelist_to_text(nodes)).translate(_HIDE)


def _shown_by_nodes(text: str) -> str:
    """Return the text with each node of LaTeX in it replaced; what is between them stays."""
    walker_of, converter = _converter()
    walker = walker_of(text)
    shown: list[str] = []
    place = 0
    while (found := _OPEN.search(text, place)) is not None:
        start = found.start()
        shown.append(text[place:start])
        if braces := _SET.match(text, start):
            shown.append(braces[0])
            place = braces.end()
            continue
        nodes, begin, length = walker.get_latex_nodes(pos=start, read_max_nodes=1)
        place = begin + length
        if place <= start or not nodes:
            shown.append(found[0])
            place = start + 1
            continue
        shown.append(str(converter.nodelist_to_text(nodes)) + _blank_after(nodes[-1]))
    shown.append(text[place:])
    return "".join(shown)


def _blank_after(node: Any) -> str:
    r"""Return the blank that follows a macro: none after letters (`S\o ren`) and arguments."""
    arguments = getattr(node, "nodeargd", None)
    if (
        getattr(node, "macroname", None) in _SHOWN_WITHOUT_BLANK
        or arguments is None
        or arguments.argnlist
    ):
        return ""
    return str(getattr(node, "macro_post_space", ""))


@cache
def _converter() -> tuple[Any, Any]:
    """Return pylatexenc's walker and converter, imported only where LaTeX is."""
    from pylatexenc import latex2text, latexwalker, macrospec

    # It tells of every incomplete formula; the printed text is kept, so nobody needs to know.
    logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)

    def verbatim(node: Any, **_: Any) -> str:
        return str(node.latex_verbatim())

    def last_argument(node: Any, l2tobj: Any) -> str:
        return str(l2tobj.nodelist_to_text([node.nodeargd.argnlist[-1]]))

    def cited(node: Any, l2tobj: Any) -> str:
        return f"[{last_argument(node, l2tobj)}]"

    def above(node: Any, l2tobj: Any) -> str:
        return raised(last_argument(node, l2tobj).strip())

    def below(node: Any, l2tobj: Any) -> str:
        return lowered(last_argument(node, l2tobj).strip(), "")

    def nothing(node: Any, **_: Any) -> str:
        del node
        return ""

    one, two = "{", "{{"
    shown_as: dict[str, tuple[str, Any]] = {
        **dict.fromkeys(sorted(_CONTENTS), (one, last_argument)),
        **dict.fromkeys(("href", "textcolor", "texorpdfstring", "colorbox"), (two, last_argument)),
        **dict.fromkeys(("cite", "citep", "citet", "citealp", "citeauthor"), ("[[{", cited)),
        **dict.fromkeys(("label", "vspace", "hspace", "color"), (one, nothing)),
        "textsuperscript": (one, above),
        "textsubscript": (one, below),
        # A hint where to part a word says nothing of it.
        "-": ("", ""),
        "hyphen": ("", "-"),
        "slash": ("", "/"),
        "textunderscore": ("", "_"),
        "textbar": ("", "|"),
        "textless": ("", "<"),
        "textgreater": ("", ">"),
        "LaTeX": ("", "LaTeX"),
        "TeX": ("", "TeX"),
        "BibTeX": ("", "BibTeX"),
        "|": ("", "‖"),
        "lvert": ("", "|"),
        "rvert": ("", "|"),
        "lVert": ("", "‖"),
        "rVert": ("", "‖"),
    }
    parsed = latexwalker.get_default_latex_context_db()
    parsed.add_context_category(
        "ours",
        prepend=True,
        macros=[macrospec.MacroSpec(name, args) for name, (args, _) in shown_as.items()],
    )
    shown = latex2text.get_default_latex_context_db()
    shown.add_context_category(
        "ours",
        prepend=True,
        macros=[
            latex2text.MacroTextSpec(name, simplify_repl=text)
            for name, (_, text) in shown_as.items()
        ],
    )
    shown.set_unknown_macro_spec(latex2text.MacroTextSpec("", simplify_repl=verbatim))
    converter = latex2text.LatexNodes2Text(
        latex_context=shown, math_mode="text", keep_braced_groups=False, strict_latex_spaces=False
    )

    def walker_of(text: str) -> Any:
        return latexwalker.LatexWalker(text, latex_context=parsed, tolerant_parsing=True)

    return walker_of, converter
