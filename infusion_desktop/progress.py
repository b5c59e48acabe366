"""How a long deed tells how far it is, without knowing who listens."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` steps; a total of 0 means that nobody knows yet how many there are."""

    done: int
    total: int
    text: str = ""


def run_to_end(job: Generator[Progress, None, T], heard: Callable[[Progress], None] | None = None) -> T:
    """Run a job here and now, as the command line and the tests do, and give its result."""
    while True:
        try:
            step = next(job)
        except StopIteration as end:
            result: T = end.value
            return result
        if heard is not None:
            heard(step)
