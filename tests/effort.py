"""How much work something is, beside a plain piece of work of the same moment: a busy machine slows both down."""

import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from infusion_desktop.errors import Refused

Given = TypeVar("Given")
TRIES = 3


def light(call: Callable[[], Given], pieces: float) -> Given:
    """What a call gives or refuses; an error when it is more work than so many plain pieces, however often tried."""
    tried = []
    for _ in range(TRIES):
        begun = time.thread_time()
        try:
            given, no = call(), None
        except Refused as refused:
            given, no = None, refused
        took = time.thread_time() - begun
        if took > pieces * _once():
            tried.append(took / plain_piece())
            if tried[-1] > pieces:
                continue
        if no is not None:
            raise no
        return given  # type: ignore[return-value]
    raise AssertionError(f"as much work as {min(tried):.1f} plain pieces where {pieces} are allowed")


def plain_piece() -> float:
    """The seconds a plain piece of work takes this thread now: a few hundredths on a quiet machine."""
    begun = time.thread_time()
    sorted(str(number * 7919 % 100_003) for number in range(60_000))
    return max(time.thread_time() - begun, 0.001)  # Some systems count in steps.


@cache
def _once() -> float:
    return min(plain_piece() for _ in range(TRIES))
