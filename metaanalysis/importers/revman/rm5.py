"""The .rm5 file of RevMan 5: one XML document for a whole review.

Only the studies and the analyses are read. Pooled results and effects kept in the file may be empty or out of date,
and its LOG_ attributes are logarithms to base 10: nothing is taken from them but what is shown for comparison.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from metaanalysis.importers.revman.analyses import Analysis, DataKind, Entry, RevmanFile, Shown
from metaanalysis.importers.table import ProblemLog, Refusal, visible

_EXPORT_AGAIN = "Open the review in RevMan, save it as .rm5 and upload that."
_ROOT = re.compile(rb"<COCHRANE_REVIEW[\s>/]")
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"']")
_ENCODINGS = frozenset({"utf-8", "us-ascii", "ascii", "iso-8859-1", "windows-1252"})
_NO_MEMORY = 1
"""The parser's own code for it (XML_ERROR_NO_MEMORY)."""
_FAMILIES = {
    "DICH": DataKind.COUNTS,
    "CONT": DataKind.MEANS,
    "IV": DataKind.ESTIMATE,
    "IPD": DataKind.O_E,
}
_ATTRIBUTES = {
    "events_1": "EVENTS_1",
    "total_1": "TOTAL_1",
    "mean_1": "MEAN_1",
    "sd_1": "SD_1",
    "events_2": "EVENTS_2",
    "total_2": "TOTAL_2",
    "mean_2": "MEAN_2",
    "sd_2": "SD_2",
    "estimate": "ESTIMATE",
    "se": "SE",
    "o_e": "O_E",
    "variance": "VAR",
    "effect": "EFFECT_SIZE",
    "ci_low": "CI_START",
    "ci_high": "CI_END",
}
Studies = dict[str, tuple[str, str]]


def is_rm5(data: bytes) -> bool:
    """Whether this is XML whose first kilobytes name a Cochrane review."""
    head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith(b"<") and _ROOT.search(head) is not None


def encoding_of(data: bytes) -> str:
    """The encoding that the file declares. Raises Refusal if it is another than the bytes have."""
    declaration = _ENCODING.search(data[:400])
    declared = declaration[1].decode("ascii", "replace").casefold() if declaration else "utf-8"
    if declared not in _ENCODINGS or b"\0" in data:
        text = f"the file is not in an encoding that RevMan writes (UTF-8 or ISO-8859-1). {_EXPORT_AGAIN}"
        raise Refusal("xml_encoding", text, value=declared)
    is_utf8 = _is_utf8(data)
    if declared in {"utf-8", "us-ascii", "ascii"} and not is_utf8:
        text = f"the first line says that the file is {declared}, but it is not. {_EXPORT_AGAIN}"
        raise Refusal("xml_encoding", text)
    if declared not in {"utf-8", "us-ascii", "ascii"} and is_utf8 and not data.isascii():
        # single-byte text that happens to be valid UTF-8 does not occur; reading it as declared would garble names
        text = f"the first line says that the file is {declared}, but it is UTF-8. {_EXPORT_AGAIN}"
        raise Refusal("xml_encoding", text)
    return declared


def read_rm5(data: bytes, log: ProblemLog) -> RevmanFile:
    """What the review holds. Raises Refusal; errors of single studies go to `log`."""
    encoding_of(data)
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise Refusal("dtd", f"the file contains a DTD or entities. {_EXPORT_AGAIN}") from error
    except (ParseError, ValueError, LookupError) as error:
        if isinstance(error, ParseError) and error.code == _NO_MEMORY:
            raise MemoryError from error
        text = f"the XML of the file is damaged ({visible(str(error))}). {_EXPORT_AGAIN}"
        raise Refusal("damaged", text) from error
    if root.tag != "COCHRANE_REVIEW":
        raise Refusal("wrong_type", f"this is an XML file, but not a Cochrane review. {_EXPORT_AGAIN}")
    studies = _studies(root, log)
    return RevmanFile(tuple(_analyses(root, studies, log)), _ATTRIBUTES)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _studies(root: Element, log: ProblemLog) -> Studies:
    """Name and year by the raw ID: names hold characters that IDs spell out, and are what readers know."""
    studies: Studies = {}
    for study in root.iter("STUDY"):
        identifier = study.get("ID", "")
        if identifier in studies:
            text = f"two studies have the same ID. {_EXPORT_AGAIN}"
            log.error("duplicate_study_id", text, value=identifier)
        studies.setdefault(identifier, (study.get("NAME", ""), study.get("YEAR", "")))
    return studies


def _analyses(root: Element, studies: Studies, log: ProblemLog) -> Iterator[Analysis]:
    for comparison in root.iterfind("ANALYSES_AND_DATA/COMPARISON"):
        for outcome in comparison:
            family = outcome.tag.removesuffix("_OUTCOME")
            if family in _FAMILIES and outcome.tag != family:
                yield _analysis(comparison, outcome, family, studies, log)
            elif outcome.tag == "OTHER_OUTCOME":
                name = visible(_name(outcome))
                said = f"'{name}' holds other data than numbers of studies; it was left out."
                log.notices.append(f"Analysis {_number(comparison, outcome)} {said}")


def _analysis(
    comparison: Element, outcome: Element, family: str, studies: Studies, log: ProblemLog
) -> Analysis:
    number = _number(comparison, outcome)
    random = outcome.get("RANDOM", "")
    # the IV and IPD families name their measure in an element, in words of the reviewers
    measure = outcome.get("EFFECT_MEASURE") or _text(outcome.find("EFFECT_MEASURE"))
    return Analysis(
        number=number,
        comparison=_name(comparison),
        name=_name(outcome),
        kind=_FAMILIES[family],
        measure=measure,
        method=outcome.get("METHOD", "") or ("" if family == "IPD" else "IV"),
        model={"YES": "random", "NO": "fixed"}.get(random, "fixed" if family == "IPD" else ""),
        is_log={"YES": True, "NO": False}.get(outcome.get("LOG_DATA", "")),
        is_swapped=outcome.get("SWAP_EVENTS") == "YES",
        has_total=outcome.get("TOTALS", "YES") == "YES",
        shown=Shown(
            outcome.get("EFFECT_SIZE", ""),
            outcome.get("CI_START", ""),
            outcome.get("CI_END", ""),
            outcome.get("CI_TOTAL", ""),
        ),
        entries=tuple(_entries(outcome, family, number, studies, log)),
    )


def _entries(
    outcome: Element, family: str, number: str, studies: Studies, log: ProblemLog
) -> Iterator[Entry]:
    groups = [("", outcome)]
    groups += [(_name(group), group) for group in outcome.iterfind(f"{family}_SUBGROUP")]
    for subgroup, group in groups:
        for data in group.iterfind(f"{family}_DATA"):
            identifier = data.get("STUDY_ID", "")
            if identifier not in studies:
                text = (
                    f"analysis {number} '{visible(_name(outcome))}' holds a study that the review's list of studies "
                    f"does not have. {_EXPORT_AGAIN}"
                )
                log.error("unknown_study", text, value=identifier)
                continue
            name, year = studies[identifier]
            values = {key: data.get(attribute, "") for key, attribute in _ATTRIBUTES.items()}
            yield Entry(None, name, year, subgroup, values)


def _number(comparison: Element, outcome: Element) -> str:
    return f"{comparison.get('NO', '?')}.{outcome.get('NO', '?')}"


def _name(element: Element) -> str:
    return _text(element.find("NAME"))


def _text(element: Element | None) -> str:
    return "" if element is None else "".join(element.itertext())
