"""What docs/reliability.md promises and the tests that hold it; how often they try: few times, or all with --full."""

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "reliability.md"
_ID = re.compile(r"[A-F]\d\d?")
_TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")


@dataclass(frozen=True)
class Promise:
    """One row of the page: its tests as (file below tests/, function), and how often they try."""

    id: str
    tests: tuple[tuple[str, str], ...]
    normal: str
    full: str


def promises() -> tuple[Promise, ...]:
    """Every row of the page, in its order."""
    rows = [[cell.strip() for cell in line.split("|")] for line in PAGE.read_text(encoding="utf-8").splitlines()]
    return tuple(
        Promise(row[1], tuple((file, name) for file, name in _TEST.findall(row[3])), row[4], row[5])
        for row in rows
        if len(row) == 7 and _ID.fullmatch(row[1])
    )


def times(normal: int, full: int) -> int:
    """How often a test tries: ``normal``, or ``full`` when pytest was given --full."""
    return full if is_full() else normal


def is_full() -> bool:
    """Whether pytest was given --full: figures of time are held to only then; a normal run keeps all cores busy."""
    return bool(os.environ.get("INFUSION_TESTS_FULL"))


class Clock:
    """The seconds of a block: as they passed, and as this process worked, which other programs do not lengthen."""

    def __enter__(self) -> "Clock":
        self._begun = time.perf_counter(), time.process_time()
        self.passed = self.worked = 0.0
        return self

    def __exit__(self, *_error: object) -> None:
        self.passed, self.worked = time.perf_counter() - self._begun[0], time.process_time() - self._begun[1]

    def __str__(self) -> str:
        return f"{self.passed:.1f} s ({self.worked:.1f} s of this process)"
