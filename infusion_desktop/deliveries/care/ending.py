"""The end of a therapy or of care as one thing a person does: it stops, and what it leaves at home is asked back."""

from datetime import date

from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, today
from infusion_desktop.deliveries.pumps.pickups import write_due_tickets
from infusion_desktop.patients.discharging import discharge
from infusion_desktop.patients.therapies import stop_therapy
from infusion_desktop.patients.words import EpisodeId, TherapyId


def stop_and_fetch(
    database: Database, therapy_id: TherapyId, last_on: date, reason: str, version: int, by: UserId
) -> int:
    """Stop a therapy; where it ends today or before, its pump is on a pick-up ticket at once. How many tickets."""
    stop_therapy(database, therapy_id, last_on, reason, version, by)
    return _fetch(database, last_on, by)


def discharge_and_fetch(
    database: Database, episode_id: EpisodeId, last_on: date, reason: str, version: int, by: UserId
) -> int:
    """Discharge a patient; everything of ours at home is on a pick-up ticket at once. How many tickets."""
    discharge(database, episode_id, last_on, reason, version, by)
    return _fetch(database, last_on, by)


def _fetch(database: Database, last_on: date, by: UserId) -> int:
    """A last day that is still to come is left to the daily tickets: the order may change until then."""
    return write_due_tickets(database, today() + ONE_DAY, by) if last_on <= today() else 0
