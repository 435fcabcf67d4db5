"""What the processes of a server cost, as Linux tells it in /proc: memory, processor time, and how long they live."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
SECONDS_BETWEEN_LOOKS = 0.05


def parents() -> dict[int, int]:
    """Every process that can be seen, and its parent."""
    found = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    return found


def workers_of(master: int) -> list[int]:
    """gunicorn's processes that answer pages."""
    return sorted(pid for pid, parent in parents().items() if parent == master)


def command_of(pid: int) -> str:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def mib_of(pid: int) -> float:
    """Resident memory in MiB, 0 where the process is gone."""
    try:
        status = (PROC / str(pid) / "status").read_text()
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def cpu_of(pid: int) -> float:
    """Seconds of processor time, 0 where the process is gone."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


@dataclass
class Child:
    began: float
    ended: float
    mib: float = 0.0
    cpu: float = 0.0

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass
class Watch:
    """The children of these processes whose command fits, looked at again and again."""

    of: list[int]
    fits: Callable[[str], bool]
    children: dict[int, Child] = field(default_factory=dict)
    most_at_once: int = 0
    most_mib_of_a_worker: float = 0.0

    def look(self) -> None:
        now, seen = time.monotonic(), 0
        for pid, parent in parents().items():
            if parent not in self.of or not (pid in self.children or self.fits(command_of(pid))):
                continue
            cpu, mib = cpu_of(pid), mib_of(pid)
            if mib == 0:
                continue
            seen += 1
            child = self.children.setdefault(pid, Child(now, now))
            child.ended, child.mib, child.cpu = now, max(child.mib, mib), max(child.cpu, cpu)
        self.most_at_once = max(self.most_at_once, seen)
        self.most_mib_of_a_worker = max([self.most_mib_of_a_worker, *map(mib_of, self.of)])

    def figures(self) -> dict[str, float]:
        found = list(self.children.values())
        return {
            "children": len(found),
            "most_children_at_once": self.most_at_once,
            "most_mib_of_a_child": round(max((one.mib for one in found), default=0), 1),
            "most_cpu_s_of_a_child": round(max((one.cpu for one in found), default=0), 2),
            "longest_child_s": round(max((one.seconds for one in found), default=0), 2),
        }


@contextmanager
def watched(of: list[int], fits: Callable[[str], bool]) -> Iterator[Watch]:
    watch, over = Watch(of, fits), Event()

    def look() -> None:
        while not over.wait(SECONDS_BETWEEN_LOOKS):
            watch.look()

    thread = Thread(target=look, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
