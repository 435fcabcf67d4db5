"""PDFs that were made are kept under the hash of all that went into them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

from documents import kept_renders, pdf
from documents.html import Layout, render_html
from documents.kept_renders import kept_or_made
from tests.unit.documents.example import example


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with mock.patch("documents.kept_renders.folder", return_value=tmp_path / "renders"):
        yield tmp_path / "renders"


def counted(made: list[bytes]) -> Callable[[], bytes]:
    """Makes `%PDF 1`, `%PDF 2` … and notes each."""

    def make() -> bytes:
        made.append(f"%PDF {len(made) + 1}".encode())
        return made[-1]

    return make


def test_what_was_made_is_not_made_again(folder: Path) -> None:
    made: list[bytes] = []
    assert [kept_or_made(b"job", (), counted(made)) for _ in range(3)] == [b"%PDF 1"] * 3
    assert len(made) == 1


@pytest.mark.parametrize("other", ["job", "source", "libraries"])
def test_whatever_went_into_it_makes_another(folder: Path, tmp_path: Path, other: str) -> None:
    made: list[bytes] = []
    style = tmp_path / "print.css"
    style.write_text("p { color: black }")
    kept_or_made(b"job", (style,), counted(made))
    if other == "source":
        style.write_text("p { color: blue }")
    libraries = b"others" if other == "libraries" else kept_renders._libraries()
    with mock.patch("documents.kept_renders._libraries", return_value=libraries):
        kept_or_made(b"another" if other == "job" else b"job", (style,), counted(made))
    assert len(made) == 2


def test_each_layout_of_a_document_is_another_job() -> None:
    jobs = {pdf._job(render_html(example(), layout=layout), []) for layout in Layout}
    assert len(jobs) == len(Layout)


@pytest.mark.parametrize("harm", [b"", b"%PDF 1", b"0" * 64 + b"\n%PDF 1"])
def test_a_file_that_is_not_as_it_was_written_is_made_again(folder: Path, harm: bytes) -> None:
    made: list[bytes] = []
    kept_or_made(b"job", (), counted(made))
    (file,) = folder.iterdir()
    file.write_bytes(harm)
    assert kept_or_made(b"job", (), counted(made)) == b"%PDF 2"
    assert kept_or_made(b"job", (), counted(made)) == b"%PDF 2"


def test_what_fails_is_not_kept(folder: Path) -> None:
    def fail() -> bytes:
        raise pdf.CannotRender("no")

    for _ in range(2):
        with pytest.raises(pdf.CannotRender):
            kept_or_made(b"job", (), fail)
    assert not folder.exists()


def test_a_disk_that_takes_nothing_is_no_reason_not_to_answer(folder: Path) -> None:
    made: list[bytes] = []
    folder.write_text("a file where the folder should be")
    assert [kept_or_made(b"job", (), counted(made)) for _ in range(2)] == [b"%PDF 1", b"%PDF 2"]


def test_a_disk_that_is_full_leaves_nothing_half_written(folder: Path) -> None:
    made: list[bytes] = []
    with mock.patch("documents.kept_renders.Path.replace", side_effect=OSError("no space left")):
        assert kept_or_made(b"job", (), counted(made)) == b"%PDF 1"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("limit", "value"), [("MOST_FILES", 2), ("MOST_BYTES", 2 * (65 + len("%PDF 1")))])
def test_those_that_were_asked_for_last_stay(folder: Path, limit: str, value: int) -> None:
    made: list[bytes] = []
    with mock.patch(f"documents.kept_renders.{limit}", value):
        for number, job in enumerate((b"a", b"b")):
            kept_or_made(job, (), counted(made))
            newest = max(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
            os.utime(newest, (number, number))
        assert kept_or_made(b"a", (), counted(made)) == b"%PDF 1"
        kept_or_made(b"c", (), counted(made))
        assert kept_or_made(b"a", (), counted(made)) == b"%PDF 1"
        assert kept_or_made(b"b", (), counted(made)) == b"%PDF 4"


def test_nobody_else_of_the_machine_reads_them(folder: Path) -> None:
    kept_or_made(b"job", (), counted([]))
    (file,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
