"""U5: every limit of what is sent, through the form of a running server: the limit is taken, one more is refused."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reliability.panel import Result, vendor
from tests.reliability.posted import Got, Sender
from tests.reliability.site import PEOPLE, Site, load, site_on
from tests.server import ExampleDatabase
from tests.unit.importers import corpus, test_limits


def limits() -> Iterator[tuple[str, bytes, bytes, str, str]]:
    """Each limit of a file: at it, one beyond, the file's name, and the words of the refusal."""
    mib = 1024 * 1024
    yield (
        "2 MiB",
        test_limits.file_of(2 * mib),
        test_limits.file_of(2 * mib + 1),
        "a.csv",
        "larger than 2 mib",
    )
    yield "5,000 rows", test_limits.table_of(5000), test_limits.table_of(5001), "a.csv", "5,000 studies"
    book = test_limits.workbook_of(5000), test_limits.workbook_of(5001)
    yield "5,000 rows of a sheet", *book, "a.xlsx", "5,000 studies"
    yield "64 columns", test_limits.columns_of(64), test_limits.columns_of(65), "a.csv", "64 columns"
    parts = test_limits.part_count(200), test_limits.part_count(201)
    yield "200 parts", *parts, "a.xlsx", "200"
    unpacked = test_limits.unpacking_to(10 * mib), test_limits.unpacking_to(10 * mib + 1)
    yield "10 MiB unpacked", *unpacked, "a.xlsx", "10 mib"


def u5_limits(database: ExampleDatabase) -> list[Result]:
    """Every limit through the form: the limit is taken, one more is refused with its words."""
    wrong, tried = [], []
    with site_on(database) as site:
        path = site.table_path()
        for name, at_limit, beyond, filename, says in limits():
            tried.append(name)
            taken = shown(site.next_person(), path, at_limit, filename)
            refused = shown(site.next_person(), path, beyond, filename)
            if "error" in taken.words and says in taken.words:
                wrong.append(f"{name}: refused at the limit")
            if says not in refused.words:
                wrong.append(f"{name}: not refused beyond it, {refused.words[:300]}")
        wrong += files_of_an_hour(site, path)
        wrong += bytes_of_a_guideline(site, path)
    figures = {"limits": [*tried, "20 files an hour", "200 MiB a guideline"], "wrong": wrong, "load": load()}
    return [Result("U5", vendor(database), not wrong, figures)]


def shown(sender: Sender, path: str, content: bytes, filename: str) -> Got:
    got = sender.send_file(path, content, filename)
    return sender.get(got.location) if got.status == 302 else got


def files_of_an_hour(site: Site, path: str) -> list[str]:
    sender, wrong = site.person(PEOPLE - 1), list[str]()
    for number in range(20):
        if (status := sender.send_file(path, another_table(number)).status) != 302:
            wrong.append(f"file {number + 1} of an hour: {status}")
    last = sender.send_file(path, another_table(20), "a.csv")
    if last.status != 409 or "20 files within an hour" not in last.words:
        wrong.append(f"file 21 of an hour: {last.status}")
    if sender.send_file(path, another_table(3), "a.csv").status != 302:
        wrong.append("a file that is there already is refused")
    return wrong


def bytes_of_a_guideline(site: Site, path: str) -> list[str]:
    wrong = []
    guideline, question = site.facts["foreign"]
    path = f"/guidelines/{guideline}/{question}/evidence/uploads/new/"
    sender = site.sender(site.facts["stranger"], path)
    first, second = another_table(100), b"study,events_int,n_int,events_ctl,n_ctl\nA,1,9,2,9\n"
    site.stage("fill", question, 200, len(first))
    if sender.send_file(path, first).status != 302:
        wrong.append("200 MiB of a guideline are refused")
    beyond = sender.send_file(path, second)
    if beyond.status != 409 or "200 mib are kept at most" not in beyond.words:
        wrong.append(f"more than 200 MiB of a guideline: {beyond.status}")
    return wrong


def another_table(number: int) -> bytes:
    return corpus.GOOD.encode() + f"Another {number},1,50,2,50\n".encode()
