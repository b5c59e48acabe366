"""When people and workstations wait after wrong tries. Pure: moments in, a moment out (RELIABILITY C1)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from infusion_desktop.values import value

TRIES = 5
WAIT = timedelta(minutes=5)
"""Five wrong tries make a wait, the next five one that is longer by as much."""
LONGEST = timedelta(hours=1)
"""A workstation is shared: its wait grows no further."""
WINDOW = timedelta(hours=1)
"""How near to each other a workstation's wrong tries must lie: slips of a whole day are no guessing."""
REMEMBERED = timedelta(days=1)
"""How long an earlier wait makes the next one longer."""
OWN_SLIP = timedelta(minutes=5)
"""Who gets it right so soon after made a slip of their own; what was tried at others stays counted."""
OF_ONE = 3
"""So many tries at one person count for the workstation: their own wait guards that person, and colleagues may work on.
"""


class Tried(StrEnum):
    """What a try came to, or that an administrator lifted the wait."""

    RIGHT = "right"
    WRONG = "wrong"
    LIFTED = "lifted"


@value
class Try:
    """One try at a workstation: when, at whom (None: a name or badge that nobody has), and what came of it."""

    at: datetime
    person: int | None
    came_to: Tried


def own_wait(tries: int) -> timedelta:
    """How long a person waits after so many wrong tries at them, one after the other; none but after each fifth."""
    return WAIT * (tries // TRIES) if tries % TRIES == 0 else timedelta(0)


def station_wait(tries: Iterable[Try]) -> tuple[int, datetime | None]:
    """How many wrong tries of a workstation count towards its next wait, and until when it waits or waited last.

    ``tries`` are those of the last day at this workstation, the oldest first.
    """
    counted: list[Try] = []
    waits, until = 0, None
    for each in tries:
        if each.came_to is Tried.LIFTED:
            counted, waits, until = [], 0, None
        elif each.came_to is Tried.RIGHT:
            counted = [one for one in counted if one.person != each.person or each.at - one.at > OWN_SLIP]
        else:
            counted = [one for one in counted if each.at - one.at <= WINDOW]
            at_them = sum(one.person == each.person for one in counted)
            if each.person is None or at_them < OF_ONE:
                counted.append(each)
            if len(counted) >= TRIES:
                waits += 1
                counted, until = [], each.at + min(WAIT * waits, LONGEST)
    return len(counted), until
