"""A measured figure, its goal, and the table that shows them."""

import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

DATA = "BENCHMARK_DATA"
"""Where the environment names the folder for data that take minutes to make."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, beside its floor where it has one. The goal limits the ratio, or the value without a floor."""

    what: str
    value: float
    unit: str
    floor: float | None = None
    ratio_goal: float | None = None
    goal: float | None = None

    @property
    def ratio(self) -> float | None:
        return None if self.floor is None else self.value / self.floor

    @property
    def reached(self) -> bool | None:
        """Whether every goal it has is reached; None without one."""
        found = []
        if self.ratio_goal is not None and self.ratio is not None:
            found.append(self.ratio <= self.ratio_goal)
        if self.goal is not None:
            found.append(self.value <= self.goal)
        return all(found) if found else None

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        goals = [f"{self.ratio_goal:g} x" if self.ratio_goal else "", f"{self.goal:g} {self.unit}" if self.goal else ""]
        return (
            self.what,
            f"{self.value:,.2f} {self.unit}",
            "" if self.floor is None else f"{self.floor:,.2f} {self.unit}",
            "" if self.ratio is None else f"{self.ratio:.2f} x",
            ", ".join(filter(None, goals)),
            {True: "reached", False: "MISSED", None: ""}[self.reached],
        )


def table(figures: Sequence[Figure]) -> str:
    """The figures in columns."""
    rows = [("figure", "ours", "floor", "ratio", "goal", ""), *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, 5) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def memory() -> float:
    """The most memory this process held, in MB (ru_maxrss counts bytes on macOS, kB elsewhere)."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def in_turns(
    *works: Callable[[], Any], runs: int, warm: int = 3, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Median milliseconds of each work, taken in turns so that what disturbs one disturbs the others too."""
    taken: list[list[float]] = [[] for _ in works]
    for turn in range(warm + runs):
        for work, times in zip(works, taken, strict=True):
            begun = clock()
            work()
            if turn >= warm:
                times.append((clock() - begun) * 1000)
    return [median(times) for times in taken]
