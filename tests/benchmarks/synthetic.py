"""Synthetic dumps of bulk formats, of any length, the same for the same seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

WORDS = [
    "the",
    "of",
    "and",
    "we",
    "to",
    "in",
    "is",
    "for",
    "that",
    "with",
    "on",
    "this",
    "as",
    "by",
    "an",
    "are",
    "which",
    "be",
    "from",
    "model",
    "learning",
    "data",
    "large",
    "deep",
    "neural",
    "network",
    "training",
    "results",
    "method",
    "approach",
    "show",
    "using",
    "performance",
    "tasks",
    "quantum",
    "field",
    "theory",
    "spectral",
    "galaxies",
    "mass",
    "observed",
    "distribution",
    "energy",
    "magnetic",
    "states",
]
GIVEN = ("Jane", "Max", "Wei", "José", "A.", "Anne-Marie", "Łukasz", "Li", "Olga", "Md.")
FAMILY = ("Doe", "Müller", "Wang", "García", "Smith", "O'Neil", "Kowalski", "Nguyen", "Rossi")
VENUES = ("NeurIPS", "Journal of Examples", "ACL", "Physical Review D", "IEEE Trans. Examples")


def write_lines(
    path: Path, row: Callable[[random.Random, int], dict[str, Any]], count: int
) -> Path:
    """Write `count` JSON lines."""
    draw = random.Random(7)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write(json.dumps(row(draw, number), ensure_ascii=False) + "\n")
    return path


def words(draw: random.Random, count: int) -> str:
    return " ".join(draw.choices(WORDS, k=count))


def people(draw: random.Random, least: int = 1, most: int = 7) -> list[tuple[str, str]]:
    count = draw.randint(least, most)
    return [(draw.choice(GIVEN), draw.choice(FAMILY)) for _ in range(count)]


def arxiv(draw: random.Random, number: int) -> dict[str, Any]:
    """An entry of arXiv's snapshot."""
    authors = people(draw)
    return {
        "id": f"{1501 + number // 90_000:04d}.{number % 90_000 + 1:05d}",
        "submitter": "Jane Doe",
        "authors": ", ".join(f"{given} {family}" for given, family in authors),
        "title": words(draw, 9) + "\n  with $\\alpha$",
        "comments": "10 pages, 3 figures",
        "journal-ref": None,
        "doi": f"10.1103/PhysRevD.{number}" if number % 2 else None,
        "report-no": None,
        "categories": "hep-ph math.CO",
        "license": None,
        "abstract": "  " + words(draw, 75) + "\n" + words(draw, 75) + "\n",
        "versions": [{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}],
        "update_date": "2008-11-26",
        "authors_parsed": [[family, given, ""] for given, family in authors],
    }


def semantic_scholar(draw: random.Random, number: int) -> dict[str, Any]:
    """An entry of the dataset papers."""
    return {
        "corpusid": number + 1,
        "externalids": {
            "ACL": None, "DBLP": f"conf/x/Doe{number}", "ArXiv": None, "MAG": str(number),
            "CorpusId": str(number), "PubMed": None, "DOI": f"10.1234/x.{number}",
            "PubMedCentral": None,
        },
        "url": f"https://www.semanticscholar.org/paper/{number:040x}",
        "title": words(draw, 10),
        "authors": [
            {"authorId": str(draw.randint(1, 10**6)), "name": f"{given} {family}"}
            for given, family in people(draw)
        ],
        "venue": draw.choice(VENUES),
        "publicationvenueid": None,
        "year": 2000 + number % 25,
        "referencecount": 30,
        "citationcount": number % 500,
        "influentialcitationcount": 3,
        "isopenaccess": False,
        "s2fieldsofstudy": [{"category": "Computer Science", "source": "external"}],
        "publicationtypes": ["JournalArticle"],
        "publicationdate": f"{2000 + number % 25}-06-12",
        "journal": {"name": draw.choice(VENUES), "pages": "1-10", "volume": "7"},
    }  # fmt: skip


def openalex(draw: random.Random, number: int) -> dict[str, Any]:
    """A work of OpenAlex's snapshot."""
    index: dict[str, list[int]] = {}
    for place, word in enumerate(draw.choices(WORDS, k=160)):
        index.setdefault(f"{word}{place % 7 or ''}", []).append(place)
    source = {
        "id": "https://openalex.org/S1", "display_name": draw.choice(VENUES), "issn_l": "2041-1723",
        "issn": ["2041-1723"], "type": "journal", "host_organization_name": "Examples Ltd",
    }  # fmt: skip
    location = {
        "is_oa": True, "landing_page_url": f"https://doi.org/10.1234/x.{number}", "pdf_url": None,
        "source": source, "license": None, "version": "publishedVersion",
    }  # fmt: skip
    return {
        "id": f"https://openalex.org/W{number + 1}",
        "doi": f"https://doi.org/10.1234/x.{number}",
        "title": words(draw, 10),
        "display_name": words(draw, 10),
        "publication_year": 2020,
        "publication_date": "2020-05-01",
        "ids": {"openalex": f"https://openalex.org/W{number + 1}", "mag": str(number)},
        "language": "en",
        "type": "article",
        "primary_location": location,
        "locations": [location],
        "biblio": {"volume": "1", "issue": "2", "first_page": "3", "last_page": "9"},
        "authorships": [
            {
                "author_position": "first",
                "author": {
                    "id": f"https://openalex.org/A{draw.randint(1, 10**6)}",
                    "display_name": f"{given} {family}",
                    "orcid": None,
                },
                "institutions": [{"id": "https://openalex.org/I1", "display_name": "University"}],
                "raw_author_name": f"{given} {family}",
                "raw_affiliation_strings": ["University of Examples, Exampletown"],
            }
            for given, family in people(draw, 3, 5)
        ],
        "cited_by_count": number % 100,
        "is_retracted": False,
        "concepts": [
            {"id": f"https://openalex.org/C{each}", "display_name": "Physics", "score": 0.5}
            for each in range(12)
        ],
        "referenced_works": [f"https://openalex.org/W{number + each}" for each in range(30)],
        "abstract_inverted_index": index,
        "updated_date": "2026-01-01T00:22:35.180390",
        "created_date": "2020-05-08",
    }


def crossref(draw: random.Random, number: int) -> dict[str, Any]:
    """A work of Crossref."""
    return {
        "DOI": f"10.1234/x.{number}",
        "URL": f"http://dx.doi.org/10.1234/x.{number}",
        "type": "journal-article",
        "prefix": "10.1234",
        "member": "1",
        "source": "Crossref",
        "title": [words(draw, 10)],
        "container-title": [draw.choice(VENUES)],
        "publisher": "Examples Ltd",
        "volume": "7",
        "issue": "2",
        "page": "1-10",
        "ISSN": ["2041-1723"],
        "author": [
            {"given": given, "family": family, "sequence": "additional", "affiliation": []}
            for given, family in people(draw)
        ],
        "abstract": f"<jats:p>{words(draw, 120)}</jats:p>",
        "issued": {"date-parts": [[2020, 5, 1]]},
        "published-online": {"date-parts": [[2020, 5, 1]]},
        "created": {"date-parts": [[2020, 5, 1]], "date-time": "2020-05-01T00:00:00Z"},
        "indexed": {"date-parts": [[2024, 5, 1]], "date-time": "2024-05-01T00:00:00Z"},
        "is-referenced-by-count": number % 100,
        "reference": [
            {"key": f"ref{each}", "DOI": f"10.1234/y.{each}", "unstructured": words(draw, 20)}
            for each in range(25)
        ],
    }


JSON_LINES: dict[str, Callable[[random.Random, int], dict[str, Any]]] = {
    "arxiv": arxiv,
    "semantic_scholar": semantic_scholar,
    "openalex": openalex,
    "crossref": crossref,
}


def dblp(count: int) -> Iterator[str]:
    """Yield the lines of a dump in the layout of dblp.xml."""
    draw = random.Random(7)
    yield '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!DOCTYPE dblp SYSTEM "dblp.dtd">\n<dblp>\n'
    for number in range(count):
        kind = draw.choices(("inproceedings", "article", "www"), (60, 35, 5))[0]
        names = [f"{given} {family}" for given, family in people(draw)]
        authors = "".join(f"<author>{_latin(name)}</author>\n" for name in names)
        if kind == "www":
            yield (
                f'<www mdate="2020-01-01" key="homepages/x/{number}">\n{authors}'
                f"<title>Home Page</title>\n<url>https://example.org/{number}</url>\n</www>\n"
            )
            continue
        venue = "booktitle" if kind == "inproceedings" else "journal"
        yield (
            f'<{kind} mdate="2020-01-01" key="{kind}/x/Doe{number}">\n{authors}'
            f"<title>{words(draw, 10)} and M&uuml;ller.</title>\n<pages>1-10</pages>\n"
            f"<year>{1990 + number % 35}</year>\n<{venue}>{draw.choice(VENUES)}</{venue}>\n"
            f"<ee>https://doi.org/10.1234/x.{number}</ee>\n<url>db/conf/x/x{number}.html</url>\n"
            f"</{kind}>\n"
        )
    yield "</dblp>\n"


def _latin(name: str) -> str:
    return "".join(sign if ord(sign) < 128 else f"&#{ord(sign)};" for sign in name)


def write_dblp(path: Path, count: int) -> Path:
    """Write `count` entries in the layout of dblp.xml."""
    with path.open("w", encoding="ascii") as file:
        file.writelines(dblp(count))
    return path
