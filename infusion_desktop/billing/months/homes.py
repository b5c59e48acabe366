"""Pumps and poles in patients' homes, from the register's events: since when, until when, which code."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.months.elsewhere import possessions_elsewhere
from infusion_desktop.billing.rules.rentals import Possession, at_home, from_care_on
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import ONE_DAY, Days, local_day
from infusion_desktop.equipment.tables import Asset, AssetEvent
from infusion_desktop.equipment.words import AssetDeed
from infusion_desktop.patients.tables import Coverage, Interruption, Patient, Therapy
from infusion_desktop.patients.words import InterruptionKind, PatientId, PayerId, Rank
from infusion_desktop.stock.tables import Item
from infusion_desktop.values import value

_STAY_KINDS = (InterruptionKind.HOSPITAL, InterruptionKind.SKILLED_NURSING)


def homes_of(
    session: Session, patients: Sequence[PatientId], until: date
) -> Mapping[PatientId, tuple[Possession, ...]]:
    """What was in each patient's home at some time until a day, the earliest first: of the register, or from elsewhere.

    A pump is there from the day an event brought it until the day the next one took it away.
    """
    elsewhere = possessions_elsewhere(session, patients)
    end = datetime.combine(until + 2 * ONE_DAY, time(), UTC)
    homes = {
        row.home_id: PatientId(row.id) for row in _HOMES.rows(session, as_ids(patients)) if row.home_id is not None
    }
    if not homes:
        return elsewhere
    rows = _EVENTS.rows(session, {**as_ids(sorted(homes)), "end": end})
    found: dict[PatientId, list[Possession]] = defaultdict(list)
    here: dict[int, tuple[int, Possession]] = {}
    for row in rows:
        day = local_day(row.effective_at)
        began = here.get(row.asset_id)
        if began is not None and row.deed is AssetDeed.SELL:
            here[row.asset_id] = began[0], replace(began[1], sold_on=day)
        if began is not None and row.to_location_id != began[0]:
            home, kept = here.pop(row.asset_id)
            found[homes[home]].append(replace(kept, last_on=day))
        if row.to_location_id in homes and row.asset_id not in here and day <= until:
            delivery = row.document_id if row.document == "delivery" else None
            here[row.asset_id] = (row.to_location_id, Possession(row.hcpcs, day, None, row.tag, delivery))
    for home, kept in here.values():
        found[homes[home]].append(kept)
    those = as_ids(sorted(found))
    therapies, stays = _by_patient(_THERAPIES.rows(session, those)), _by_patient(_STAYS.rows(session, those))
    ours = {
        patient: [
            part
            for each in several
            for part in at_home(from_care_on(each, therapies[patient], stays[patient]), stays[patient])
        ]
        for patient, several in found.items()
    }
    return {
        patient: tuple(sorted((*ours.get(patient, ()), *elsewhere.get(patient, ())), key=_in_order))
        for patient in (ours | elsewhere if elsewhere else ours)
    }


@value
class Policy:
    """On which days a payer covers a patient, and whether as the first one."""

    payer_id: PayerId
    is_first: bool
    days: Days


def policies_of(session: Session, patients: Sequence[PatientId]) -> Mapping[PatientId, tuple[Policy, ...]]:
    """Who covers each patient, and has."""
    found: dict[PatientId, tuple[Policy, ...]] = {}
    for row in _POLICIES.rows(session, as_ids(patients)):
        if row.ends_on is None or row.starts_on <= row.ends_on:
            days, patient = Days(row.starts_on, row.ends_on or date.max), PatientId(row.patient_id)
            policy = Policy(PayerId(row.payer_id), row.rank is Rank.PRIMARY, days)
            found[patient] = (*found.get(patient, ()), policy)
    return found


def paid_by_others(policies: Sequence[Policy], payer: PayerId) -> list[Days]:
    """The days on which another payer was the first one and this one none at all."""
    ours = [each.days for each in policies if each.payer_id == payer]
    return [days for each in policies if each.is_first and each.payer_id != payer for days in each.days.without(ours)]


def _in_order(home: Possession) -> tuple[date, str, str]:
    return home.first_on, home.code, home.tag


def _by_patient(rows: Iterable[Any]) -> dict[int, list[Days]]:
    found: dict[int, list[Days]] = defaultdict(list)
    for row in rows:
        found[row.patient_id].append(Days(row.first, row.last or date.max))
    return found


def _therapies(dialect: str) -> Select[*tuple[Any, ...]]:
    days = select(Therapy.patient_id, Therapy.starts_on.label("first"), Therapy.stops_on.label("last"))
    return days.where(is_given(dialect, Therapy.patient_id))


def _stays(dialect: str) -> Select[*tuple[Any, ...]]:
    """In hospital or a nursing facility; those that end after the month too, for what came on their last days."""
    return (
        select(Interruption.patient_id, Interruption.first_on.label("first"), Interruption.last_on.label("last"))
        .where(is_given(dialect, Interruption.patient_id), Interruption.removed_at.is_(None))
        .where(or_(*(Interruption.kind == each for each in _STAY_KINDS)))
    )


def _homes(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(Patient.id, Patient.home_id).where(is_given(dialect, Patient.id))


def _events(dialect: str) -> Select[*tuple[Any, ...]]:
    came, went = AssetEvent.to_location_id, AssetEvent.from_location_id
    return (
        select(
            AssetEvent.asset_id, AssetEvent.deed, went, came, AssetEvent.effective_at, AssetEvent.document,
            AssetEvent.document_id, Asset.tag, Item.hcpcs,
        )
        .join(Asset, Asset.id == AssetEvent.asset_id)
        .join(Item, Item.id == Asset.item_id)
        .where(or_(is_given(dialect, came), is_given(dialect, went)))
        .where(AssetEvent.effective_at < bindparam("end"), Item.hcpcs != "")
        .order_by(AssetEvent.asset_id, AssetEvent.effective_at, AssetEvent.id)
    )  # fmt: skip


def _policies(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(Coverage.patient_id, Coverage.payer_id, Coverage.rank, Coverage.starts_on, Coverage.ends_on)
        .where(is_given(dialect, Coverage.patient_id))
        .order_by(Coverage.starts_on, Coverage.id)
    )


_HOMES, _EVENTS = Prepared(_homes), Prepared(_events)
_THERAPIES, _STAYS, _POLICIES = Prepared(_therapies), Prepared(_stays), Prepared(_policies)
