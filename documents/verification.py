"""Is a file what was published here, and is what is stored still that? Reading only; for commands and for the page.

What a version was published with stands three times: in its row, in the chain of records, and in the event of the
audit trail. Here they are compared with each other and with the bytes; `verify_chain` says whether the trail is whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from django.utils import dateformat

from documents import verify_etd
from etd.actions.audit import chain_name
from etd.actions.publication import record_of
from etd.models import AuditEvent, Guideline, PublishedVersion, Withdrawal

MOST_DIFFERENCES = 20
MOST_COMPARED = 1_000
LETTERS_OF_A_VALUE = 80
MOST_VERSIONS = 1_000_000
_SLUG = re.compile("[-A-Za-z0-9_]{1,200}")
NAMES = ("heading", "label", "title", "name", "outcome", "population", "study", "key")


# --- What is stored


@dataclass(frozen=True)
class VersionFault:
    """`number` is that of the version; a version or a withdrawal that is missing has a fault too."""

    guideline: str
    question: str
    number: int
    problem: str


def verify_guideline(guideline: Guideline) -> list[VersionFault]:
    """Every fault of the versions of a guideline and of their withdrawals; empty where all is as it was published."""
    faults = []
    published, twice = _events(guideline, "version_published")
    withdrawn, withdrawn_twice = _events(guideline, "version_withdrawn")
    previous: dict[int, str] = {}
    found = PublishedVersion.objects.filter(question__guideline=guideline).order_by("question", "number")
    for pk in list(found.values_list("pk", flat=True)):
        slug, number = found.values_list("question__slug", "number").get(pk=pk)
        try:
            version = found.select_related("question__guideline", "withdrawal").get(pk=pk)
            problems = _problems(version, previous.get(version.question_id, ""))
            problems += _differing_event(version, published.pop((slug, number), None))
            problems += _withdrawal(version, withdrawn.pop((slug, number), None))
            previous[version.question_id] = version.record_sha256
        except (ValueError, TypeError, AttributeError) as error:
            problems = [f"it cannot be read: {error}"]
        faults += [VersionFault(guideline.slug, slug, number, problem) for problem in problems]
    for missing, what in (
        (twice, "it was published twice"),
        (withdrawn_twice, "it was withdrawn twice"),
        (published, "it was published, and is no longer stored"),
        (withdrawn, "it was withdrawn, and its withdrawal or itself is no longer stored"),
    ):
        faults += [VersionFault(guideline.slug, slug, number, what) for slug, number in missing]
    return sorted(faults, key=lambda fault: (fault.question, fault.number))


def problems_of(version: PublishedVersion) -> list[str]:
    """What is wrong with one stored version; empty where it is as it was published."""
    before = PublishedVersion.objects.filter(question=version.question_id, number=version.number - 1)
    published, _ = _events(version.question.guideline, "version_published")
    withdrawn, _ = _events(version.question.guideline, "version_withdrawn")
    previous = before.values_list("record_sha256", flat=True).first() or ""
    key = (version.question.slug, version.number)
    return [
        *_problems(version, previous),
        *_differing_event(version, published.get(key)),
        *_withdrawal(version, withdrawn.get(key)),
    ]


def _problems(version: PublishedVersion, previous: str) -> list[str]:
    """Faults of the row in itself; `previous` is the hash of the record stored before it."""
    document = version.document.encode()
    problems = []
    if verify_etd.sha256(document) != version.document_sha256:
        problems.append("its document is not what was published")
    if verify_etd.sha256(bytes(version.pdf)) != version.pdf_sha256:
        problems.append("its PDF is not what was published")
    record = record_of(version)
    if record.sha256 != version.record_sha256:
        problems.append("its record was changed")
    if version.previous_sha256 != previous:
        problems.append("it does not follow from the version before it")
    try:
        told = verify_etd.record_of(
            verify_etd.read_document(document), version.document_sha256, version.pdf_sha256
        )
    except verify_etd.Unreadable as error:
        return [*problems, f"its document cannot be read: {error}"]
    stored = {key: getattr(record, key) for key in told}
    differing = sorted(key for key in told if told[key] != stored[key])
    if differing:
        problems.append(f"its document and its row disagree on {', '.join(differing)}")
    return problems


def _differing_event(version: PublishedVersion, event: AuditEvent | None) -> list[str]:
    if event is None:
        return ["the audit trail knows nothing of its publication"]
    after = json.loads(event.after)
    told = {
        "number": version.number,
        "note": version.note,
        "document_sha256": version.document_sha256,
        "pdf_sha256": version.pdf_sha256,
        "record_sha256": version.record_sha256,
        "approved_by": [name for name, _ in version.approvals],
    }
    differing = sorted(key for key in told if after.get(key) != told[key])
    differing += [
        name
        for name, ours, theirs in (
            ("time", version.published_at, event.at),
            ("person", str(version.published_by_id), event.actor_id),
            ("name of the person", version.published_by_name, event.actor_name),
        )
        if ours != theirs
    ]
    return [f"it is not what the audit trail says was published: {', '.join(differing)}"] if differing else []


def _withdrawal(version: PublishedVersion, event: AuditEvent | None) -> list[str]:
    stored: Withdrawal | None = getattr(version, "withdrawal", None)
    if stored is None:
        return ["it was withdrawn, and its withdrawal is no longer stored"] if event else []
    if event is None:
        return ["it is marked as withdrawn, and the audit trail knows nothing of that"]
    after = json.loads(event.after)
    told = (after.get("reason"), after.get("record_sha256"), event.actor_id, event.at)
    if told != (stored.reason, version.record_sha256, str(stored.withdrawn_by_id), stored.withdrawn_at):
        return ["its withdrawal is not what the audit trail says"]
    return []


def _events(
    guideline: Guideline, type: str
) -> tuple[dict[tuple[str, int], AuditEvent], list[tuple[str, int]]]:
    """The events by question and number, and those of which there are two; none that names no number."""
    found: dict[tuple[str, int], AuditEvent] = {}
    twice = []
    for event in AuditEvent.objects.filter(chain=chain_name(guideline), type=type).order_by("seq"):
        number = _number(event)
        if number is None:
            continue
        key = (event.question, number)
        if key in found:
            twice.append(key)
        found[key] = event
    return found, twice


def _number(event: AuditEvent) -> int | None:
    """The number of the version that an event is about, None where somebody has made it unreadable."""
    try:
        number = json.loads(event.after)["number"]
    except (ValueError, TypeError, KeyError):
        return None
    return number if type(number) is int else None


# --- A file that somebody holds


class Verdict(StrEnum):
    PUBLISHED = "published"
    """Byte for byte what was published."""
    DATA_PUBLISHED = "data_published"
    """The data in it are what was published; the file around them is not."""
    DIFFERENT = "different"
    """It says that it is a version which was published here, and it is not."""
    UNKNOWN = "unknown"
    """Nothing that was published here."""
    ALTERED = "altered"
    """A bundle whose parts do not fit each other."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Difference:
    """`where` is a path in the document; `published` and `file` are short texts, empty where there is nothing."""

    where: str
    published: str
    file: str

    def is_small(self) -> bool:
        """Only when something was done, or only in one of the two: listed after what a reader would notice."""
        return self.where.endswith(" at") or not (self.published and self.file)


@dataclass(frozen=True)
class KnownVersion:
    """A version of this site; `withdrawn` is why it was. `newest` is the number of the question's newest one."""

    guideline: str
    question: str
    title: str
    number: int
    published_at: datetime
    published_by: str
    document_sha256: str
    pdf_sha256: str
    record_sha256: str
    newest: int
    newest_withdrawn_at: datetime | None
    withdrawn: str | None
    withdrawn_at: datetime | None

    @property
    def named(self) -> str:
        return f"version {self.number} of “{self.title}”"

    @property
    def standing(self) -> str:
        """Whether the guideline still stands by it."""
        if self.withdrawn is not None and self.withdrawn_at is not None:
            return f"Version {self.number} was withdrawn on {_day(self.withdrawn_at)}: {self.withdrawn}"
        if self.newest > self.number and self.newest_withdrawn_at is not None:
            return (
                f"Version {self.number} no longer holds: version {self.newest} followed it, and was withdrawn on"
                f" {_day(self.newest_withdrawn_at)}."
            )
        if self.newest > self.number:
            return f"Version {self.number} is not the newest: version {self.newest} has followed it."
        return f"Version {self.number} is the newest one, and it has not been withdrawn."


@dataclass(frozen=True)
class Answer:
    """What is said of a file. `sentences` begin with the verdict in words; hashes are empty where there is none.

    `has_more`: there are more differences than the first few in `differences`.
    """

    verdict: Verdict
    sentences: tuple[str, ...]
    file_sha256: str
    document_sha256: str = ""
    version: KnownVersion | None = None
    differences: tuple[Difference, ...] = ()
    has_more: bool = False

    @property
    def is_published(self) -> bool:
        return self.verdict is Verdict.PUBLISHED


def verify_file(content: bytes) -> Answer:
    """What a PDF, the data of a document or a bundle is to this site. It may be anything; nothing of it is kept."""
    file_sha256 = verify_etd.sha256(content)
    version = _stored(pdf_sha256=file_sha256) or _stored(document_sha256=file_sha256)
    if version is not None:
        return _published(version, file_sha256, "This is")
    try:
        data, record_sha256 = _data(content)
        document = verify_etd.read_document(data)
    except verify_etd.Altered as problem:
        return Answer(Verdict.ALTERED, ("This bundle was altered.", str(problem)), file_sha256)
    except verify_etd.Unreadable as problem:
        return Answer(
            Verdict.UNREADABLE,
            ("This is no file that was published here, and it cannot be read as one.", str(problem)),
            file_sha256,
        )
    version = _stored(record_sha256=record_sha256) if record_sha256 else None
    if version is not None:
        return _published(version, file_sha256, "This is the bundle of")
    document_sha256 = verify_etd.sha256(data)
    version = _stored(document_sha256=document_sha256)
    if version is not None:
        known = _known(version)
        return Answer(
            Verdict.DATA_PUBLISHED,
            (
                f"The data inside are those of {known.named}, but the file itself was changed.",
                "What its pages show may be something else. Please read the PDF that was published.",
                known.standing,
                *_own_faults(version),
            ),
            file_sha256,
            document_sha256,
            known,
        )
    return _unlike(document, file_sha256, document_sha256)


def _data(content: bytes) -> tuple[bytes, str]:
    """The document in a file, and for a bundle the hash of its record. Raises Altered and Unreadable."""
    if content.startswith(b"PK"):
        files = verify_etd.unpack(content)
        verify_etd.check_files(files)
        return files["document.json"], verify_etd.sha256(files["record.json"])
    if content.startswith(b"%PDF-"):
        return verify_etd.attached_json(content), ""
    if content.lstrip()[:1] == b"{":
        return content, ""
    raise verify_etd.Unreadable("It is no PDF, no JSON and no bundle of OpenEtD.")


def _published(version: PublishedVersion, file_sha256: str, beginning: str) -> Answer:
    known = _known(version)
    at = f"published on {_day(known.published_at)} by {known.published_by}, byte for byte."
    return Answer(
        Verdict.PUBLISHED,
        (f"{beginning} {known.named}, {at}", known.standing, *_own_faults(version)),
        file_sha256,
        known.document_sha256,
        known,
    )


def _unlike(document: dict[str, Any], file_sha256: str, document_sha256: str) -> Answer:
    """Of a document which is none that was published here: what it says it is, and where it differs from that."""

    def unknown(*sentences: str) -> Answer:
        return Answer(Verdict.UNKNOWN, sentences, file_sha256, document_sha256)

    try:
        if document.get("version") is None:
            return unknown(
                "This is no published version.",
                "It is an export of a question that was still being worked on, and its content may have changed since.",
            )
        said = verify_etd.record_of(document, document_sha256, "")
        title = verify_etd.shown(str(document["question"].get("title", "")))
    except verify_etd.Unreadable as problem:
        return Answer(
            Verdict.UNREADABLE, ("What it says of itself cannot be read.", str(problem)), file_sha256
        )
    version = _said_to_be(said)
    if version is None:
        return unknown(
            "This was not published here.",
            f"It says that it is version {said['number']} of “{title}”, and this site has published no such version."
            " Another site may have: ask the one that it comes from.",
        )
    known = _known(version)
    differences = sorted(
        islice(_differences(_document(version), document), MOST_COMPARED), key=Difference.is_small
    )
    if not differences:
        return Answer(
            Verdict.DATA_PUBLISHED,
            (
                f"The data inside say what {known.named} says, but are written otherwise: the file was changed.",
                known.standing,
                *_own_faults(version),
            ),
            file_sha256,
            document_sha256,
            known,
        )
    return Answer(
        Verdict.DIFFERENT,
        (
            f"It says that it is {known.named}, but its data differ from what was published.",
            "Please read the PDF that was published, and ask where this file comes from.",
            known.standing,
            *_own_faults(version),
        ),
        file_sha256,
        document_sha256,
        known,
        tuple(differences[:MOST_DIFFERENCES]),
        len(differences) > MOST_DIFFERENCES,
    )


def _said_to_be(record: dict[str, Any]) -> PublishedVersion | None:
    """The version of this site that a record names. What it names need not be fit to ask a database for."""
    slugs = (record["guideline"], record["question"])
    if not all(_SLUG.fullmatch(slug) for slug in slugs) or not 0 < record["number"] < MOST_VERSIONS:
        return None
    return _stored(question__guideline__slug=slugs[0], question__slug=slugs[1], number=record["number"])


def _stored(**which: Any) -> PublishedVersion | None:
    found = PublishedVersion.objects.filter(**which).select_related("question__guideline", "withdrawal")
    return found.order_by("pk").first()


def _known(version: PublishedVersion) -> KnownVersion:
    withdrawal: Withdrawal | None = getattr(version, "withdrawal", None)
    newest, newest_withdrawn_at = (
        PublishedVersion.objects.filter(question=version.question_id)
        .order_by("-number")
        .values_list("number", "withdrawal__withdrawn_at")[0]
    )
    return KnownVersion(
        guideline=version.question.guideline.slug,
        question=version.question.slug,
        title=_title(version),
        number=version.number,
        published_at=version.published_at,
        published_by=version.published_by_name,
        document_sha256=version.document_sha256,
        pdf_sha256=version.pdf_sha256,
        record_sha256=version.record_sha256,
        newest=newest,
        newest_withdrawn_at=newest_withdrawn_at,
        withdrawn=withdrawal.reason if withdrawal else None,
        withdrawn_at=withdrawal.withdrawn_at if withdrawal else None,
    )


def _document(version: PublishedVersion) -> dict[str, Any]:
    """The stored document; empty where it cannot be read, of which `_own_faults` tells."""
    try:
        return verify_etd.read_document(version.document.encode())
    except verify_etd.Unreadable:
        return {}


def _title(version: PublishedVersion) -> str:
    question = _document(version).get("question")
    title = question.get("title") if isinstance(question, dict) else None
    return title if isinstance(title, str) else version.question.slug


def _own_faults(version: PublishedVersion) -> list[str]:
    """A sentence where this site's own copy is not what was published: then its word is worth nothing."""
    problems = problems_of(version)
    if not problems:
        return []
    return [
        f"But what this site holds of version {version.number} is not whole: {'; '.join(problems)}. Please tell whoever"
        " runs it, and do not rely on this answer."
    ]


def _differences(published: Any, file: Any, where: str = "") -> Iterator[Difference]:
    """Where two documents differ, in the order of the published one; no deeper than that one goes."""
    if isinstance(published, dict) and isinstance(file, dict):
        for key in [*published, *(key for key in file if key not in published)]:
            place = _place(where, str(key).replace("_", " "))
            if key not in file:
                yield Difference(place, _short(published[key]), "")
            elif key not in published:
                yield Difference(place, "", _short(file[key]))
            else:
                yield from _differences(published[key], file[key], place)
    elif isinstance(published, list) and isinstance(file, list):
        for number, (ours, theirs) in enumerate(zip(published, file, strict=False), start=1):
            yield from _differences(ours, theirs, _place(where, _item(ours, number)))
        if len(published) != len(file):
            yield Difference(where, f"{len(published)} of them", f"{len(file)} of them")
    elif published != file or type(published) is not type(file):
        same = _first_difference(published, file)
        yield Difference(where, _short(published, same), _short(file, same))


def _place(where: str, key: str) -> str:
    return verify_etd.shown(f"{where} › {key}" if where else key, 200)


def _item(value: Any, number: int) -> str:
    """What an item of a list is called: by a name that it has, or by its number."""
    if isinstance(value, dict):
        for name in NAMES:
            if isinstance(value.get(name), str) and value[name]:
                return verify_etd.shown(value[name], 60)
    return str(number)


def _first_difference(published: Any, file: Any) -> int:
    if not (isinstance(published, str) and isinstance(file, str)):
        return 0
    pairs = enumerate(zip(published, file, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(published), len(file)))


def _short(value: Any, differs_at: int = 0) -> str:
    """A value as a short text, from a little before the place where it differs."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    start = max(0, differs_at - LETTERS_OF_A_VALUE // 3) if len(text) > LETTERS_OF_A_VALUE else 0
    return ("…" if start else "") + verify_etd.shown(text[start:], LETTERS_OF_A_VALUE)


def _day(at: datetime) -> str:
    return dateformat.format(at.astimezone(UTC), "j F Y")
