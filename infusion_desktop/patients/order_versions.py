"""Another dose or frequency from a day on: the order as it stood is kept, and a new version of it begins."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session, aliased

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import ONE_DAY, show_day
from infusion_desktop.errors import refuse_if
from infusion_desktop.patients.tables import Interruption, Therapy, TherapyLab
from infusion_desktop.patients.therapies import NewTherapy, checked, insert_therapy, stop_in, the_therapy
from infusion_desktop.patients.words import EpisodeId, PatientId, TherapyId


def change_from(
    database: Database, therapy_id: TherapyId, order: NewTherapy, from_on: date, version: int, by: UserId, reason: str
) -> TherapyId:
    """The order as changed from ``from_on``; until the day before it stays as it was. The new version's id.

    Days, claims and deliveries of the past keep the version they were made from. Another kind of therapy is a new
    order; a correction of what was typed wrong is ``change_therapy``. The order's laboratory tests go on.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.WRITE_THERAPY)
        row = the_therapy(session, therapy_id)
        patient_id = PatientId(row.patient_id)
        reasons = _reasons_against(session, row, order, from_on, reason)
        good = checked(session, patient_id, replace(order, starts_on=from_on), reasons)
        refuse_if(reasons)
        stop_in(session, row, from_on - ONE_DAY, f"Changed: {reason.strip()}", version, by)
        session.flush()
        made = insert_therapy(session, patient_id, EpisodeId(row.episode_id), good, by)
        session.execute(update(Therapy).where(Therapy.id == made).values(replaces_id=therapy_id))
        session.execute(
            update(TherapyLab).where(TherapyLab.therapy_id == therapy_id, TherapyLab.ended_on.is_(None))
            .values(therapy_id=made)
        )  # fmt: skip
        record(session, by, "change from", "therapy", made, patient_id=patient_id, before={"therapy": therapy_id},
               after={"starts_on": from_on}, reason=reason)  # fmt: skip
        return made


def _reasons_against(session: Session, row: Therapy, order: NewTherapy, from_on: date, reason: str) -> list[str]:
    reasons = [] if reason.strip() else ["Say why the order changes, such as a call from the prescriber."]
    if order.therapy_class is not row.therapy_class:
        reasons.append("Another kind of therapy is a new order. Stop this one and write the new one.")
    if from_on <= row.starts_on:
        reasons.append(
            f"The order starts on {show_day(row.starts_on)}. A change begins later; correct the order instead."
        )
    later = session.scalar(select(Therapy.starts_on).where(Therapy.replaces_id == row.id))
    if later is not None:
        reasons.append(f"The order was changed on {show_day(later)} already. Change the newer version.")
    elif row.stops_on is not None and row.stops_on < from_on:
        reasons.append(f"The order stopped on {show_day(row.stops_on)}. Write a new order.")
    pause = session.scalars(
        select(Interruption).where(
            Interruption.therapy_id == row.id, Interruption.removed_at.is_(None),
            or_(Interruption.last_on.is_(None), Interruption.last_on >= from_on),
        )
    ).first()  # fmt: skip
    if pause is not None:
        reasons.append(
            f"This order is interrupted ({pause.kind.value}) since {show_day(pause.first_on)}. End that first."
        )
    return reasons


def first_versions(session: Session, patient_id: PatientId) -> dict[TherapyId, TherapyId]:
    """For each order of a patient the first version of the same therapy (itself, where it was never changed)."""
    rows = session.execute(
        select(Therapy.id, Therapy.replaces_id).where(Therapy.patient_id == patient_id).order_by(Therapy.id)
    )
    first: dict[TherapyId, TherapyId] = {}
    for row in rows:
        before = TherapyId(row.replaces_id) if row.replaces_id is not None else None
        first[TherapyId(row.id)] = first[before] if before is not None else TherapyId(row.id)
    return first


def versions_of(session: Session, therapy_id: TherapyId) -> frozenset[TherapyId]:
    """The order itself with every earlier and later version of it."""
    first = first_versions(session, PatientId(the_therapy(session, therapy_id).patient_id))
    return frozenset(each for each, begun in first.items() if begun == first[therapy_id])


def version_on(session: Session, therapy_id: TherapyId, on: date) -> Therapy:
    """The version of an order that a day falls into: the newest that has begun, or the first before all begin."""
    versions = session.scalars(
        select(Therapy).where(Therapy.id.in_(versions_of(session, therapy_id))).order_by(Therapy.id)
    ).all()
    return next((each for each in reversed(versions) if each.starts_on <= on), versions[0])


class ChangedOrder(NamedTuple):
    """An order that was changed: its versions, the first day of the first one, and the newest one."""

    versions: frozenset[TherapyId]
    begun_on: date
    newest: TherapyId


def changed_orders(session: Session, patients: Collection[int]) -> dict[TherapyId, ChangedOrder]:
    """Of these patients every order that was changed, under each of its versions."""
    orders: dict[TherapyId, ChangedOrder] = {}
    for row in _CHANGED.rows(session, as_ids(patients)):
        before, after = TherapyId(row.replaces_id or 0), TherapyId(row.id)
        had = orders.get(before) or ChangedOrder(frozenset({before}), row.starts_on, before)
        now = ChangedOrder(had.versions | {after}, had.begun_on, after)
        orders.update(dict.fromkeys(now.versions, now))
    return orders


def _changed(dialect: str) -> Select[*tuple[Any, ...]]:
    before = aliased(Therapy)
    return (
        select(Therapy.id, Therapy.replaces_id, before.starts_on)
        .join(before, before.id == Therapy.replaces_id)
        .where(is_given(dialect, Therapy.patient_id))
        .order_by(Therapy.id)
    )


_CHANGED = Prepared(_changed)


def last_days_of_changed(session: Session) -> dict[TherapyId, date | None]:
    """For each order that was changed, the last day of its newest version (None where that goes on)."""
    rows = session.execute(
        select(Therapy.id, Therapy.replaces_id, Therapy.stops_on)
        .where(Therapy.replaces_id.is_not(None))
        .order_by(Therapy.id.desc())
    ).all()
    last: dict[TherapyId, date | None] = {}
    for row in rows:  # The newest first: a version's own end is known before that of the one it replaces.
        if row.replaces_id is not None:
            last[TherapyId(row.replaces_id)] = last.get(TherapyId(row.id), row.stops_on)
    return last
