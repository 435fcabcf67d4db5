"""Files and pasted text of references: RIS, and NBIB (MEDLINE), each entry as one citation with its DOI and PMID.

Nothing is guessed and nothing dropped unsaid: an entry without a title is named with its line, tags that a citation has
no place for are counted, and a file that is no text, or neither format, is refused with the reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from etd.domain.references.citation import Work, short_name, vancouver
from etd.domain.references.identifiers import NoIdentifier, clean_doi, clean_pmid
from etd.domain.references.problems import Problem
from etd.domain.references.tagged import Entry, format_of, nbib_entries, ris_entries

MOST_BYTES = 2 * 1024 * 1024
MOST_ENTRIES = 2_000
LONGEST_CITATION = 4_000
TOO_LARGE = "This is larger than 2 MiB. Export fewer references at once, without abstracts."

_LINE_END = re.compile(r"\r\n|\r|\n")
_YEAR = re.compile(r"\s*([0-9]{4})(?![0-9])")
_PUBMED = re.compile(
    r"https?://(?:www\.)?(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed)/([0-9]{1,9})/?"
)
_DOI_LINK = re.compile(r"https?://(?:dx\.)?doi\.org/\S+", re.IGNORECASE)
_JOURNALS = frozenset({"JOUR", "JFULL", "MGZN", "NEWS", "EJOUR", "ABST", "INPR"})
# Works of their own: what they stand in (T2) is a series.
_WHOLE = frozenset({"BOOK", "EBOOK", "EDBOOK", "RPRT", "THES"})
# Tags that say how a file is kept, and nothing about the work.
_KEPT_BY_MACHINES = frozenset(
    {"TY", "ER", "ID", "OWN", "STAT", "DCOM", "LR", "EDAT", "MHDA", "CRDT", "PHST", "SO"}
)


@dataclass(frozen=True)
class ReadReference:
    """One entry as it would be stored; `entry` and `line` say where it stands in the file."""

    entry: int
    line: int
    citation: str
    doi: str = ""
    pmid: str = ""


@dataclass(frozen=True)
class Reading:
    """`format` is RIS or NBIB. `refusal`, where it is not empty, says why nothing was read.

    `not_used` are (tag, how often): fields that a citation has no place for.
    """

    format: str = ""
    encoding: str = ""
    references: tuple[ReadReference, ...] = ()
    problems: tuple[Problem, ...] = ()
    not_used: tuple[tuple[str, int], ...] = ()
    refusal: str = ""


def read_references(data: bytes) -> Reading:
    """What a file holds; never raises. Takes time in proportion to its length, which is at most MOST_BYTES."""
    if len(data) > MOST_BYTES:
        return Reading(refusal=TOO_LARGE)
    encoding, text = _decoded(data)
    if not encoding:
        return Reading(
            refusal="This is no text in UTF-8, UTF-16 or Windows-1252. Export it again as RIS or NBIB."
        )
    lines = _LINE_END.split(text)
    found = format_of(lines)
    if not found:
        return Reading(
            encoding=encoding,
            refusal="No entry was found: RIS begins each with a line TY  -, NBIB (PubMed) with PMID-."
            " Export the references in one of these formats.",
        )
    entries = ris_entries(lines) if found == "RIS" else nbib_entries(lines)
    if len(entries.done) > MOST_ENTRIES:
        return Reading(
            found,
            encoding,
            refusal=f"There are {len(entries.done):,} entries; at most {MOST_ENTRIES:,} can be read at once."
            " Export them in parts.",
        )
    problems, not_used = list(entries.problems), Counter[str]()
    references = []
    for entry in entries.done:
        values = _Values(entry)
        reference = _reference(values, _ris_work if found == "RIS" else _nbib_work)
        problems += values.problems
        not_used.update(values.left)
        if reference:
            references.append(reference)
    return Reading(
        format=found,
        encoding=encoding,
        references=tuple(references),
        problems=tuple(sorted(problems, key=lambda one: one.line)),
        not_used=tuple(sorted(not_used.items())),
    )


def _decoded(data: bytes) -> tuple[str, str]:
    """The name of the encoding and the text, both empty for what is no text."""
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for name, codec in (
        (("UTF-16", "utf-16"),) if wide else (("UTF-8", "utf-8-sig"), ("Windows-1252", "cp1252"))
    ):
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        return ("", "") if "\0" in text else (name, text)
    return "", ""


@dataclass
class _Values:
    """The values of an entry; what was asked for is taken, the rest is `left`."""

    entry: Entry
    taken: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def all(self, *tags: str) -> list[str]:
        """In the order of the file."""
        self.taken.update(tags)
        return [value for tag, value in self.entry.values if tag in tags and value]

    def first(self, *tags: str) -> str:
        """The first value there is, by the order of the tags."""
        self.taken.update(tags)
        return next((v for wanted in tags for tag, v in self.entry.values if tag == wanted and v), "")

    def say(self, text: str, *, is_left_out: bool = False) -> None:
        self.problems.append(Problem(self.entry.number, self.entry.line, text, is_left_out))

    def identifier(self, clean: Callable[[str], str], given: str, name: str) -> str:
        try:
            return clean(given)
        except NoIdentifier as error:
            self.say(f"{error} The reference was read without a {name}; add it by hand.")
            return ""

    @property
    def left(self) -> list[str]:
        return [
            tag for tag, value in self.entry.values if value and tag not in self.taken | _KEPT_BY_MACHINES
        ]


def _reference(values: _Values, work_of: Callable[[_Values], tuple[Work, str, str]]) -> ReadReference | None:
    work, doi, pmid = work_of(values)
    if not work.title:
        tags = "TI or T1" if values.first("TY") else "TI"
        values.say(f"Has no title ({tags}) and was left out. Add it by hand.", is_left_out=True)
        return None
    citation = vancouver(work)
    if len(citation) > LONGEST_CITATION:
        values.say(
            f"Makes a citation of {len(citation):,} characters, more than {LONGEST_CITATION:,}, and was left out."
            " Is a line missing that ends the title?",
            is_left_out=True,
        )
        return None
    if not work.year:
        values.say("Has no year. It was read without one.")
    return ReadReference(values.entry.number, values.entry.line, citation, doi, pmid)


def _ris_work(values: _Values) -> tuple[Work, str, str]:
    kind = values.first("TY").upper()
    titles = list(dict.fromkeys(values.all("TI", "T1")))
    if len(titles) > 1:
        values.say(f"Has {len(titles)} titles; the first was taken. Is a line ER  - missing?")
    container = values.first("BT") if kind in _WHOLE else values.first("JA", "J2", "JO", "T2", "JF", "BT")
    is_journal = bool(container) and (kind in _JOURNALS or "VL" in dict(values.entry.values))
    if not titles and not is_journal:
        # A whole book is entered by some programs under the title of the book alone.
        titles, container = [container] if container else [], ""
    addresses = values.all("UR")
    doi_given = values.first("DO") or next((one for one in addresses if _DOI_LINK.fullmatch(one)), "")
    doi = values.identifier(clean_doi, doi_given, "DOI")
    url = next((one for one in addresses if not _DOI_LINK.fullmatch(one)), "")
    if doi and url:
        if not _PUBMED.fullmatch(url):
            values.taken.discard("UR")
        url = ""
    work = Work(
        title=titles[0] if titles else "",
        authors=tuple(short_name(one) for one in values.all("AU", "A1")),
        editors=tuple(short_name(one) for one in values.all("ED", "A2")) if not is_journal else (),
        container=container,
        year=_year(values.first("PY", "Y1", "YR", "DA")),
        volume=values.first("VL"),
        issue=values.first("IS"),
        pages=_pages(values.first("SP"), values.first("EP")) or (values.first("C7") if is_journal else ""),
        edition="" if is_journal else values.first("ET"),
        place="" if is_journal else values.first("CY", "PP"),
        publisher="" if is_journal else values.first("PB"),
        url=url,
        is_journal=is_journal,
    )
    return work, doi, values.identifier(clean_pmid, _ris_pmid(values, addresses), "PMID")


def _ris_pmid(values: _Values, addresses: list[str]) -> str:
    """From the address at PubMed, or from the accession number where the entry says that it is PubMed's."""
    database = " ".join(value for tag, value in values.entry.values if tag == "DB").casefold()
    if "pubmed" in database or "medline" in database:
        number = values.first("AN")
        if number.isascii() and number.isdigit():
            values.taken.add("DB")
            return number
        values.taken.discard("AN")
    return next((match[1] for one in addresses if (match := _PUBMED.fullmatch(one))), "")


def _nbib_work(values: _Values) -> tuple[Work, str, str]:
    short, full = values.all("AU", "CN"), values.all("FAU", "CN")
    authors = short if len(short) >= len(full) else [short_name(one) for one in full]
    title = values.first("TI")
    container = values.first("TA", "JT")
    book = values.first("BTI")
    doi_given = next((v for v in values.all("AID", "LID") if v.casefold().endswith("[doi]")), "")
    printed = values.first("DP")
    work = Work(
        title=title or book,
        authors=tuple(authors),
        editors=tuple(values.all("ED") or [short_name(one) for one in values.all("FED")]),
        container=container or (book if title else ""),
        year=_year(printed),
        volume=values.first("VI"),
        issue=values.first("IP"),
        pages=values.first("PG"),
        place="" if container else values.first("PL"),
        publisher="" if container else values.first("PB"),
        is_journal=bool(container),
    )
    doi = values.identifier(clean_doi, doi_given[: -len("[doi]")], "DOI") if doi_given else ""
    return work, doi, values.identifier(clean_pmid, values.first("PMID"), "PMID")


def _year(text: str) -> str:
    """`2023` from `2023/10/05/` or `2023 Oct 5`; what does not begin with a year as it stands."""
    match = _YEAR.match(text)
    return match[1] if match else text.strip(" /")


def _pages(first: str, last: str) -> str:
    """`1286-1297`; some programs write both into the first."""
    return f"{first}-{last}" if first and last and last != first and "-" not in first else first or last
