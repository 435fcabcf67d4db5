"""The child process that parses workbooks: its limits hold, and hostile files are refused before it sees them."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etd.installation.turns import READING, Busy, turn
from metaanalysis.importers import child_process, read_table, workbook
from metaanalysis.importers.child_process import ReaderUnavailable, WorkerLimits, run_worker
from metaanalysis.importers.table import Refusal
from metaanalysis.importers.workbook import workbook_job

from . import corpus

MIB = 1024 * 1024
JOB = workbook_job(None)


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (corpus.repeating_bomb, "unpacks_too_large"),
        (corpus.one_cell_bomb, "unpacks_too_large"),
        (corpus.billion_laughs, "dtd"),
        (lambda: corpus.external_entity("file:///etc/passwd"), "dtd"),
        (corpus.long_token, "unpacks_too_large"),
        (corpus.overlapping, "overlapping_parts"),
    ],
)
def test_hostile_packages_never_reach_the_parser(
    build: Callable[[], bytes], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*args: object) -> None:
        raise AssertionError("the child was started")

    monkeypatch.setattr(workbook, "run_worker", started)
    assert [error.code for error in read_table(build(), filename="x.xlsx").errors] == [code]
    with pytest.raises(AssertionError, match="the child was started"):
        read_table(corpus.package(corpus.parts_of()), filename="x.xlsx")


@pytest.mark.parametrize("build", [corpus.whole_sheet_merge, corpus.cell_in_the_last_corner])
def test_small_hostile_sheets_are_refused_by_our_own_checks(build: Callable[[], bytes]) -> None:
    """The same parts without the hostile element are read, so the refusal is about that element."""
    assert not read_table(build(), filename="x.xlsx").ok
    assert read_table(corpus.raw(corpus.sheet_xml(corpus.GOOD_XML)), filename="x.xlsx").ok


def test_the_child_alone_refuses_entities_too() -> None:
    with pytest.raises(Refusal) as refused:
        run_worker(corpus.billion_laughs(), JOB)
    assert refused.value.code == "damaged"


def test_processor_time_is_limited() -> None:
    """Without the check of the package, a long token costs the parser more than its second."""
    with pytest.raises(Refusal) as refused:
        run_worker(corpus.long_token(), JOB, WorkerLimits(cpu_seconds=1))
    assert refused.value.code == "too_complex"


def test_memory_is_limited() -> None:
    with pytest.raises(Refusal) as refused:
        run_worker(corpus.one_cell_bomb(), JOB, WorkerLimits(memory_bytes=150 * MIB))
    assert refused.value.code == "too_complex"


def test_waiting_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that uses no processor time is killed all the same; left alone it would answer after a while."""
    slow = (
        "import sys, threading; sys.stdout.write('ready\\n'); sys.stdout.flush(); "
        "threading.Event().wait(float(sys.argv[3])); sys.stdout.write('{}')"
    )
    monkeypatch.setattr(child_process, "_START", slow)
    assert run_worker(b"", JOB, WorkerLimits(cpu_seconds=0)) == {}
    with pytest.raises(Refusal) as refused:
        run_worker(b"", JOB, WorkerLimits(cpu_seconds=5, wall_seconds=0.5))
    assert refused.value.code == "too_complex"


def test_two_at_once(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    held = turn(READING, wait_seconds=0), turn(READING, wait_seconds=0)
    with held[0], held[1], pytest.raises(Busy, match="Send this one again"):
        run_worker(b"", JOB, WorkerLimits(wait_seconds=0.01))
    assert run_worker(corpus.package(corpus.parts_of()), JOB)["sheet"] == "Data"


def test_the_turn_is_given_back_after_a_refusal() -> None:
    for _ in range(3):
        with pytest.raises(Refusal):
            run_worker(b"not a workbook", JOB, WorkerLimits(wait_seconds=0.01))


def test_a_child_that_cannot_start_is_our_fault_and_not_the_file_s() -> None:
    with pytest.raises(ReaderUnavailable):
        run_worker(corpus.package(corpus.parts_of()), JOB, WorkerLimits(memory_bytes=20 * MIB))


def test_the_child_has_no_environment_no_files_and_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "secret")
    probe = (
        "import sys; sys.path.append(sys.argv[1]); "
        "from metaanalysis.importers.child_main import READY, limit_this_process; "
        "limit_this_process(int(sys.argv[2]), int(sys.argv[3])); import json, os, resource; "
        "limits = [resource.getrlimit(kind)[0] for kind in "
        "(resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)]; "
        "sys.stdout.buffer.write(READY + json.dumps({'limits': limits, 'environment': sorted(os.environ), "
        "'isolated': sys.flags.isolated, 'first': sys.path[0]}).encode())"
    )
    monkeypatch.setattr(child_process, "_START", probe)
    found = run_worker(b"", JOB)
    assert found["limits"] == [512 * MIB, 10, 0, 32]
    assert "SECRET_KEY" not in found["environment"]
    assert found["isolated"] == 1
    assert found["first"] != child_process._PROJECT_ROOT


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    run_worker(corpus.package(corpus.parts_of()), JOB)
    assert threading.active_count() <= before + 1
