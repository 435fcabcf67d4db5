"""Turns for costly work: so many on the machine, so many threads of a process, and what people are told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from django.test import RequestFactory

from config import gunicorn
from etd.busy import BusyMiddleware
from etd.installation import turns
from etd.installation.turns import MOST_THREADS, READING, RENDERING, RENDERING_FOR_LONG, Busy, turn
from tests.launcher import ROOT

OTHER_PROCESS = """
import sys, django
django.setup()
from etd.installation.turns import READING, turn
with turn(READING, wait_seconds=0):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def other_process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a turn for reading until its input ends."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_turns_of_another_process_count(other_process: subprocess.Popen[str]) -> None:
    with turn(READING, wait_seconds=0):
        with pytest.raises(Busy), turn(READING, wait_seconds=0):
            pass
        with turn(RENDERING, wait_seconds=0):
            pass  # rendering has places of its own


def test_a_killed_process_gives_its_turn_back(other_process: subprocess.Popen[str]) -> None:
    with turn(READING, wait_seconds=0):
        other_process.kill()
        other_process.wait()
        with turn(READING, wait_seconds=10):
            assert other_process.returncode == -9


def test_a_command_works_where_nothing_may_be_written(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings.DATA_DIR = tmp_path / "file"
    with turn(READING, wait_seconds=0), turn(READING, wait_seconds=0):
        assert not (tmp_path / "file").is_dir()


def test_the_file_of_another_account_is_enough(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with turn(READING, wait_seconds=0):
        pass
    opened = Path.open

    def refused(path: Path, mode: str = "r", *args: Any) -> Any:
        if "w" in mode:
            raise PermissionError
        return opened(path, mode, *args)

    monkeypatch.setattr(Path, "open", refused)
    with turn(READING, wait_seconds=0):
        assert (tmp_path / "turns" / "read-0.lock").exists()


def test_what_takes_long_leaves_a_place_to_the_others() -> None:
    with turn(RENDERING_FOR_LONG, wait_seconds=0):
        with pytest.raises(Busy), turn(RENDERING_FOR_LONG, wait_seconds=0):
            pass
        with (
            turn(RENDERING, wait_seconds=0),
            pytest.raises(Busy, match="rendered"),
            turn(RENDERING, wait_seconds=0),
        ):
            pass


def test_a_process_keeps_a_thread_for_short_pages() -> None:
    """Two at work and one that waits; whoever comes then is told at once, and the one that waited gets its turn."""
    assert gunicorn.threads > MOST_THREADS
    waiting, came = Event(), []
    look = turns.time.sleep

    def wait() -> None:
        with turn(READING, wait_seconds=20):
            came.append("waited")

    def sleep(seconds: float) -> None:
        waiting.set()
        look(seconds)

    with pytest.MonkeyPatch.context() as patch, ExitStack() as held:
        patch.setattr(turns.time, "sleep", sleep)
        held.enter_context(turn(READING, wait_seconds=0))
        held.enter_context(turn(READING, wait_seconds=0))
        thread = Thread(target=wait)
        thread.start()
        assert waiting.wait(20)
        with pytest.raises(Busy), turn(RENDERING, wait_seconds=20):
            pass
    thread.join(20)
    assert came == ["waited"]


def test_every_turn_is_given_back() -> None:
    together = Barrier(MOST_THREADS)
    ended: list[str] = []

    def work(number: int) -> None:
        together.wait()
        for _ in range(5):
            try:
                with turn(READING, wait_seconds=5):
                    if number == 0:
                        raise ValueError
            except ValueError:
                pass
            ended.append("done")

    threads = [Thread(target=work, args=(number,)) for number in range(MOST_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 5 * MOST_THREADS
    with turn(READING, wait_seconds=0), turn(READING, wait_seconds=0):
        pass


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_gets_no_turn_is_told_when_to_try_again(method: str, rf: RequestFactory) -> None:
    request = rf.generic(method, "/verify/?a=1", "note=Why%20not", "application/x-www-form-urlencoded")
    answer = BusyMiddleware(lambda request: None).process_exception(  # type: ignore[arg-type, return-value]
        request, Busy(READING.busy)
    )
    assert answer is not None
    page = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert READING.busy in page
    assert ('href="/verify/?a=1"' in page) == (method == "GET")
    assert ("Why not" in page, answer.has_header("Refresh")) == (method == "POST", method == "GET")


def test_other_exceptions_are_not_its_business(rf: RequestFactory) -> None:
    middleware = BusyMiddleware(lambda request: None)  # type: ignore[arg-type, return-value]
    assert middleware.process_exception(rf.get("/"), ValueError()) is None


def test_the_children_that_read_files_load_nothing_of_django() -> None:
    code = (
        "import sys, json; import metaanalysis.importers.child_main; print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = json.loads(done.stdout)
    assert "etd.installation.turns" in loaded
    assert [name for name in loaded if name.split(".")[0] == "django"] == []
