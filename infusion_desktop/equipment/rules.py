"""What may be done with a pump or pole in each state, and whether it may go to a patient. Pure."""

from dataclasses import dataclass, replace
from datetime import date

from infusion_desktop.dates import show_day
from infusion_desktop.equipment.words import AssetDeed, AssetState

D, S = AssetDeed, AssetState
_AT_HOME = (S.WITH_PATIENT, S.DUE_BACK)
_IN_HOUSE = (S.RECEIVED, S.READY, S.RETURNED, S.CLEANED, S.CHECKING, S.MAINTENANCE, S.QUARANTINED)

TRANSITIONS: dict[AssetDeed, tuple[tuple[AssetState, ...], AssetState | None]] = {
    D.REGISTER: ((), S.RECEIVED),
    D.CLEAN: ((S.RECEIVED, S.RETURNED), S.CLEANED),
    D.START_CHECK: ((S.CLEANED, S.READY), S.CHECKING),
    D.STOP_CHECK: ((S.CHECKING,), S.CLEANED),
    D.PASS_CHECK: ((S.CHECKING, S.CLEANED, S.READY), S.READY),
    D.FAIL_CHECK: ((S.CHECKING, S.CLEANED, S.READY), S.QUARANTINED),
    D.START_MAINTENANCE: ((S.CLEANED, S.CHECKING, S.READY, S.QUARANTINED), S.MAINTENANCE),
    D.FINISH_MAINTENANCE: ((S.MAINTENANCE,), S.CLEANED),
    D.SEND_TO_VENDOR: ((S.CLEANED, S.CHECKING, S.READY, S.QUARANTINED, S.MAINTENANCE), S.REPAIR),
    D.RETURN_FROM_VENDOR: ((S.REPAIR,), S.RECEIVED),
    D.RESERVE: ((S.READY, S.RESERVED), S.RESERVED),
    D.LET_GO: ((S.RESERVED,), S.READY),
    D.SHIP: ((S.RESERVED,), S.IN_TRANSIT),
    D.DELIVER: ((S.IN_TRANSIT,), S.WITH_PATIENT),
    D.CALL_BACK: ((S.WITH_PATIENT,), S.DUE_BACK),
    D.LEAVE: ((S.DUE_BACK,), S.WITH_PATIENT),
    D.TAKE_BACK: ((*_AT_HOME, S.IN_TRANSIT), S.RETURNED),
    D.QUARANTINE: (_IN_HOUSE, S.QUARANTINED),
    D.RELEASE: ((S.QUARANTINED,), S.RETURNED),
    D.LOSE: ((*_AT_HOME, *_IN_HOUSE, S.REPAIR), S.LOST),
    D.FIND: ((S.LOST,), S.RETURNED),
    D.RETIRE: ((*_IN_HOUSE, S.LOST, S.REPAIR), S.RETIRED),
    D.GIVE_BACK: ((*_IN_HOUSE, S.REPAIR), S.RETIRED),
    D.SELL: (_AT_HOME, S.RETIRED),
    D.MOVE: ((*_IN_HOUSE, S.RESERVED), None),
}
"""For each deed the states it may start from and the state it leads to (None: the same).

A pump is reserved again only when it was booked for a future day: that patient's delivery takes the booking over. What
is on its way with a kit is settled at its delivery: taken back there, and by nobody else, so that the kit knows of it.
"""

_NEXT_STEP = {
    S.RECEIVED: "Clean it, then do the function check.",
    S.READY: "It is on the shelf, ready for a patient.",
    S.RESERVED: "Ship its delivery, take it off that delivery, or end its booking first.",
    S.IN_TRANSIT: "Record at its delivery whether it arrived or came back.",
    S.WITH_PATIENT: "Take it back first.",
    S.DUE_BACK: "Take it back first.",
    S.RETURNED: "Clean it, then do the function check.",
    S.CLEANED: "Do the function check.",
    S.CHECKING: "Finish the function check first.",
    S.MAINTENANCE: "Finish the maintenance first.",
    S.REPAIR: "Book it in from the vendor first.",
    S.QUARANTINED: "Release it from quarantine, or send it for repair.",
    S.LOST: "Report it found first.",
    S.RETIRED: "It has left the pharmacy for good.",
}


def is_behind(wanted: str, has: str) -> bool:
    """Whether an asset has another version than its model should have; nobody is behind where none is set."""
    return bool(wanted) and wanted.strip() != has.strip()


def next_step(state: AssetState) -> str:
    """What to do with it now."""
    return _NEXT_STEP[state]


def standing(state: AssetState) -> str:
    """The state as it stands in a sentence after "is"."""
    return f"in {state.value}" if state is S.CHECKING else state.value


def after(deed: AssetDeed, state: AssetState) -> AssetState | None:
    """The state a deed leads to from ``state``; None when it may not be done."""
    starts, leads_to = TRANSITIONS[deed]
    if state not in starts:
        return None
    return leads_to or state


@dataclass(frozen=True, slots=True)
class AssetFacts:
    """What decides whether a pump or pole may go."""

    tag: str
    state: AssetState
    clean: bool
    checked_on: date | None
    maintenance_due_on: date | None
    held: str
    fault: str = ""
    lacks: str = ""
    maintenance_owed: bool = False


def why_not_ready(asset: AssetFacts, through: date) -> tuple[str, ...]:
    """Every reason why it may not go out for a supply period that ends on ``through``; empty when it may."""
    reasons = []
    if asset.held:
        reasons.append(f"{asset.tag} is held: {asset.held}.")
    if asset.fault:
        reasons.append(f"{asset.tag} has a reported fault: {asset.fault}. Do its maintenance or send it for repair.")
    if asset.state is not S.READY:
        reasons.append(f"{asset.tag} is {standing(asset.state)}. {next_step(asset.state)}")
    elif not asset.clean or asset.checked_on is None:
        reasons.append(f"{asset.tag} was not cleaned and checked since it came back.")
    if asset.lacks and asset.state is S.READY:
        reasons.append(f"{asset.tag} lacks: {asset.lacks}. Complete it and check it again.")
    return tuple(reasons)


def kept_ready(asset: AssetFacts) -> AssetFacts:
    """A booked asset as it stood on the shelf when it was booked: ready, unless something came up since."""
    return replace(asset, state=S.READY)


def reasons_against_check(asset: AssetFacts) -> tuple[str, ...]:
    """Why a function check would prove nothing yet."""
    reasons = []
    if asset.fault:
        reasons.append(
            f"{asset.tag} has a reported fault: {asset.fault}. Do its maintenance or send it for repair first."
        )
    if asset.maintenance_owed:
        reasons.append(f"{asset.tag} came back and its model asks for maintenance at each return. Do that first.")
    return tuple(reasons)


def maintenance_warning(asset: AssetFacts, through: date) -> str:
    """Why maintenance stands against it, "" when it does not: due on or before the period's last day."""
    due = asset.maintenance_due_on
    if due is None or due > through:
        return ""
    return f"{asset.tag}: maintenance is due {show_day(due)}, within the supply period. Take another one."


@dataclass(frozen=True, slots=True)
class HoursFacts:
    """An hour meter, the reading at which maintenance is due, and the most it may run in a day."""

    tag: str
    run_hours: int
    due_at: int
    hours_per_day: int


def hours_warning(asset: HoursFacts, days: int) -> str:
    """Why maintenance by hours stands against lending it for so many days, "" when it does not."""
    foreseen = asset.run_hours + max(0, days) * asset.hours_per_day
    if asset.run_hours >= asset.due_at:
        return f"{asset.tag}: maintenance is due at {asset.due_at:,} hours, and its meter says {asset.run_hours:,}."
    if foreseen < asset.due_at:
        return ""
    return (
        f"{asset.tag}: maintenance is due at {asset.due_at:,} hours; {asset.run_hours:,} now and up to "
        f"{asset.hours_per_day} a day, that is within the supply period. Take another one."
    )


def rental_warning(tag: str, return_by: date | None, through: date) -> str:
    """Why its rental stands against lending it, "" when it does not: it must be back on or before the last day."""
    if return_by is None or return_by > through:
        return ""
    return f"{tag} is rented and goes back by {show_day(return_by)}, within the supply period. Take another one."
