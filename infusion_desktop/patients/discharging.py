"""Discharge: the episode and all its therapies end on one day."""

from datetime import date

from sqlalchemy import or_, select

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients.editing import change
from infusion_desktop.patients.tables import Episode, Therapy
from infusion_desktop.patients.therapies import stop_in
from infusion_desktop.patients.words import EpisodeId


def discharge(
    database: Database, episode_id: EpisodeId, discharged_on: date, reason: str, version: int, by: UserId
) -> None:
    """End an episode; its therapies that still run stop on the same day, for the same reason.

    Refused when a therapy begins later: stop or correct that order first.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.ADMIT)
        row = session.get(Episode, episode_id)
        if row is None:
            raise Refused("This episode is not known. Open the patient again.")
        running = session.scalars(
            select(Therapy).where(
                Therapy.episode_id == episode_id,
                or_(Therapy.stops_on.is_(None), Therapy.stops_on > discharged_on),
            )
        ).all()
        reasons = [] if reason.strip() else ["Say why the patient is discharged."]
        if row.discharged_on is not None:
            reasons.append(f"The patient was discharged on {show_day(row.discharged_on)} already.")
        if discharged_on < row.admitted_on:
            reasons.append(f"The patient was admitted on {show_day(row.admitted_on)}, after this day.")
        reasons += [
            f"A therapy begins on {show_day(each.starts_on)}, after the discharge. Correct that order first."
            for each in running
            if each.starts_on > discharged_on
        ]
        refuse_if(reasons)
        for therapy in running:
            stop_in(session, therapy, discharged_on, reason, therapy.version, by)
        values = {"discharged_on": discharged_on, "discharge_reason": reason.strip()}
        before, after = change(row, values, version, "this episode")
        record(session, by, "discharge", "episode", episode_id, patient_id=row.patient_id, before=before, after=after,
               reason=reason)  # fmt: skip
