"""What may be done with a pump or pole from the board: the button, its icon and the deed behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.equipment import checks, custody
from infusion_desktop.equipment.rules import after
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState

Act = Callable[[Database, AssetId, UserId, str], Any]


@dataclass(frozen=True, slots=True)
class BoardDeed:
    """A button of the side panel, or a line of its menu where it is ``rare``.

    ``asks_why`` asks for a reason that is kept; ``act`` gets it.
    """

    deed: AssetDeed
    title: str
    icon: str
    said: str
    act: Act
    asks_why: str = ""
    sentence: str = ""
    tone: Tone = Tone.WARN
    rare: bool = False


D = AssetDeed
CHECK = BoardDeed(D.PASS_CHECK, "Check", "clipboard", "", lambda *_: None)
"""Opens the form of measured values instead of acting at once."""
DEEDS: tuple[BoardDeed, ...] = (
    BoardDeed(D.TAKE_BACK, "Take back", "home", "is back and dirty", lambda d, a, by, _: custody.take_back(d, a, by)),
    BoardDeed(D.FIND, "Found", "search", "is back, to be cleaned", lambda d, a, by, _: custody.report_found(d, a, by)),
    BoardDeed(
        D.RETURN_FROM_VENDOR, "Back from repair", "truck", "is back from repair",
        lambda d, a, by, _: custody.return_from_vendor(d, a, by),
    ),
    BoardDeed(
        D.RELEASE, "Release", "check", "is released, to be cleaned",
        lambda d, a, by, why: custody.release(d, a, by, None, why), "Release it from quarantine?",
        "It is cleaned and checked before it goes out.",
    ),
    BoardDeed(D.CLEAN, "Clean", "drop", "is clean", lambda d, a, by, _: custody.clean(d, a, by)),
    CHECK,
    BoardDeed(
        D.START_CHECK, "On the tester", "clock", "is on the tester", lambda d, a, by, _: checks.start_check(d, a, by)
    ),
    BoardDeed(
        D.STOP_CHECK, "Off the tester", "undo", "waits for its check",
        lambda d, a, by, why: checks.stop_check(d, a, by, why), "Take it off the tester?",
        "Its check is not finished. Say why.",
    ),
    BoardDeed(
        D.FINISH_MAINTENANCE, "Maintenance done", "tools", "is maintained; check it next",
        lambda d, a, by, _: custody.finish_maintenance(d, a, by),
    ),
    BoardDeed(
        D.START_MAINTENANCE, "Maintenance", "tools", "is in maintenance",
        lambda d, a, by, _: custody.start_maintenance(d, a, by),
    ),
    BoardDeed(
        D.SEND_TO_VENDOR, "Send for repair", "truck", "is out for repair",
        lambda d, a, by, why: custody.send_to_vendor(d, a, by, None, why), "Send it for repair?",
        "It leaves the house. Say what is wrong with it.", rare=True,
    ),
    BoardDeed(
        D.QUARANTINE, "Quarantine", "shield", "is in quarantine",
        lambda d, a, by, why: custody.quarantine(d, a, why, by), "Set it aside in quarantine?",
        "It cannot go to a patient until it is released, cleaned and checked.",
    ),
    BoardDeed(
        D.LOSE, "Lost", "help", "is reported lost", lambda d, a, by, why: custody.report_lost(d, a, why, by),
        "Report it lost?", "Say when and where it was seen last.", rare=True,
    ),
    BoardDeed(
        D.RETIRE, "Retire", "trash", "is retired", lambda d, a, by, why: custody.retire(d, a, why, by),
        "Retire it for good?", "It leaves the register's board and cannot come back.", Tone.BAD,
        rare=True,
    ),
)  # fmt: skip
"""In the order in which a pump goes its round; the unhappy ones last."""
NEXT_OF: dict[AssetState, AssetDeed] = {
    AssetState.RECEIVED: D.CLEAN, AssetState.RETURNED: D.CLEAN, AssetState.CLEANED: D.PASS_CHECK,
    AssetState.CHECKING: D.PASS_CHECK,
    AssetState.WITH_PATIENT: D.TAKE_BACK, AssetState.DUE_BACK: D.TAKE_BACK,
    AssetState.MAINTENANCE: D.FINISH_MAINTENANCE, AssetState.REPAIR: D.RETURN_FROM_VENDOR,
    AssetState.QUARANTINED: D.RELEASE, AssetState.LOST: D.FIND,
}  # fmt: skip
"""The deed that usually comes next; its button is the primary one."""


def allowed(state: AssetState) -> tuple[BoardDeed, ...]:
    """What may be done from here; what becomes of a pump on its way its delivery says."""
    if state is AssetState.IN_TRANSIT:
        return ()
    return tuple(each for each in DEEDS if after(each.deed, state) is not None)


def tone_of(state: AssetState) -> Tone:
    """How a state stands."""
    S = AssetState  # noqa: N806
    return {
        S.READY: Tone.GOOD, S.RECEIVED: Tone.WARN, S.RETURNED: Tone.WARN, S.CLEANED: Tone.WARN, S.DUE_BACK: Tone.WARN,
        S.CHECKING: Tone.WARN, S.MAINTENANCE: Tone.WARN, S.REPAIR: Tone.WARN, S.QUARANTINED: Tone.BAD, S.LOST: Tone.BAD,
        S.RETIRED: Tone.NEUTRAL,
    }.get(state, Tone.INFO)  # fmt: skip


def by_code(code: str) -> BoardDeed | None:
    """The deed a code of the bench's sheet asks for (DEED:CLEAN), or None."""
    return next((each for each in DEEDS if each.deed.name == code.upper()), None)


def for_the_sheet() -> tuple[tuple[AssetDeed, str, str], ...]:
    """The deeds on the sheet of codes: each with its title and what it leads to."""
    return tuple((each.deed, each.title, each.said or "opens the form of measured values") for each in DEEDS)
