"""Times taken in turns, ratios of them, and how a time grows."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def side_by_side(rounds: int, **works: Callable[[], object]) -> dict[str, float]:
    """The median time of each, taken in turns, so that a busy moment of the machine falls on all alike."""
    for work in works.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(seconds(work))
    return {name: statistics.median(values) for name, values in times.items()}


def line(what: str, mine: float, peer: str, theirs: float) -> None:
    ratio = mine / theirs
    times = f"{mine * 1000:.3g} ms against {theirs * 1000:.3g} ms"
    print(f"{what}: {ratio:.3g} x {peer} ({times})", flush=True)


def exponent(times: Mapping[int, float]) -> float:
    """The slope of the times over the sizes, both as logarithms: 0 is the same for all, 1 in proportion to them."""
    points = [(math.log(size), math.log(time)) for size, time in times.items()]
    mean_x = statistics.fmean(x for x, _ in points)
    mean_y = statistics.fmean(y for _, y in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def growth_line(what: str, times: Mapping[int, float]) -> None:
    cells = ", ".join(f"{size:,}: {time * 1000:.3g} ms" for size, time in times.items())
    print(f"{what}: {cells}; grows with exponent {exponent(times):.2f}", flush=True)
