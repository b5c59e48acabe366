"""Reports on patients in care and on the deliveries that reached them."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Text, case, func, select, type_coerce
from sqlalchemy.orm import Session

from infusion_desktop.database.local_days import KeptDays, local_day_of
from infusion_desktop.dates import Days, local_day, show_day, today
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.money import percent
from infusion_desktop.patients.tables import Coverage, Episode, Interruption, Patient, Payer, Therapy
from infusion_desktop.patients.words import Rank
from infusion_desktop.reporting.report import ALL, Choice, Found
from reports.bar_chart import MOST_BARS
from reports.table_report import Column, Kind, Row


def census(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """Patients in care at the end of the period, by the classes of their therapies; and the day it began."""
    on = period.last
    rows = session.execute(
        select(Therapy.therapy_class, Therapy.patient_id, Payer.name)
        .join(Episode, Episode.id == Therapy.episode_id)
        .outerjoin(
            Coverage, (Coverage.patient_id == Therapy.patient_id) & (Coverage.rank == Rank.PRIMARY)
            & (Coverage.starts_on <= on) & (Coverage.ends_on.is_(None) | (Coverage.ends_on >= on)),
        )
        .outerjoin(Payer, Payer.id == Coverage.payer_id)
        .where(Therapy.starts_on <= on, Therapy.stops_on.is_(None) | (Therapy.stops_on >= on))
        .where(Episode.discharged_on.is_(None) | (Episode.discharged_on >= on))
        .where(*((Therapy.therapy_class == choice.therapy_class,) if choice.therapy_class else ()))
    )  # fmt: skip
    patients: dict[tuple[str, str], set[int]] = {}
    everybody: set[int] = set()
    for kind, patient, payer in rows:
        patients.setdefault((kind.value, payer or "(no coverage)"), set()).add(patient)
        everybody.add(patient)
    found = tuple((*key, len(who)) for key, who in sorted(patients.items(), key=lambda row: (row[0][0], -len(row[1]))))
    columns = (Column("Therapy class"), Column("Payer"), Column("Patients", Kind.NUMBER))
    return Found(columns, found, ("Patients in care, each once", None, len(everybody)) if found else None)


def on_time(session: Session, period: Days) -> Found:
    """Deliveries promised for a day of the period that arrived late or did not arrive, in the order of their days."""
    rows = session.execute(
        select(Delivery.number, Patient.last_name, Patient.first_name, Delivery.scheduled_on, Delivery.delivered_at,
               Delivery.state, Delivery.carrier)
        .join(Patient, Patient.id == Delivery.patient_id)
        .where(*_left_for(period), ~_was_on_time(session, period))
        .order_by(Delivery.scheduled_on, Delivery.number)
    )  # fmt: skip
    found: list[Row] = []
    for row in rows:
        arrived = None if row.delivered_at is None else local_day(row.delivered_at)
        days = None if arrived is None else (arrived - row.scheduled_on).days
        found.append((row.number, f"{row.last_name}, {row.first_name}", row.scheduled_on, arrived, days,
                      row.state.value, row.carrier.value))  # fmt: skip
    columns = (Column("Delivery"), Column("Patient"), Column("Promised", Kind.DAY), Column("Arrived", Kind.DAY),
               Column("Days late", Kind.NUMBER), Column("State"), Column("Carrier"))  # fmt: skip
    seen = punctuality(session, period)
    left, in_time = sum(each.left for each in seen), sum(each.on_time for each in seen)
    if not left:
        return Found(columns, ())
    told = f"{in_time:,} of {left:,} on time ({percent(in_time, left)} %)"
    return Found(columns, tuple(found), (told, *[None] * 6))


class Punctual(NamedTuple):
    """What left for a promised day by one carrier: how many, on time, later, and not arrived."""

    day: date
    carrier: str
    left: int
    on_time: int
    not_arrived: int

    @property
    def late(self) -> int:
        """Arrived later or not at all."""
        return self.left - self.on_time


def punctuality(session: Session, period: Days) -> tuple[Punctual, ...]:
    """Deliveries that left for a promised day of the period, by day and carrier."""
    in_time = func.sum(case((_was_on_time(session, period), 1), else_=0))
    missing = func.sum(case((Delivery.delivered_at.is_(None), 1), else_=0))
    rows = session.execute(
        select(Delivery.scheduled_on, Delivery.carrier, func.count(), in_time, missing)
        .where(*_left_for(period))
        .group_by(Delivery.scheduled_on, Delivery.carrier)
        .order_by(Delivery.scheduled_on, Delivery.carrier)
    )
    return tuple(Punctual(day, carrier.value, left, int(good), int(none)) for day, carrier, left, good, none in rows)


def _left_for(period: Days) -> tuple[ColumnElement[bool], ...]:
    """What left for a day of the period; what is still on the way on its day is not late yet."""
    gone = (DeliveryState.SHIPPED, DeliveryState.DELIVERED, DeliveryState.REFUSED)
    under_way = (Delivery.state == DeliveryState.SHIPPED) & (Delivery.scheduled_on >= today())
    return Delivery.scheduled_on.between(period.first, period.last), Delivery.state.in_(gone), ~under_way


def _was_on_time(session: Session, period: Days) -> ColumnElement[bool]:
    seen = Days(period.first, max(period.last, today()))
    return Delivery.delivered_at.is_not(None) & (
        local_day_of(session, Delivery.delivered_at, seen) <= Delivery.scheduled_on
    )


def by_week(session: Session, period: Days) -> Found:
    """How punctual deliveries were, week by week; month by month where there are more than twelve weeks."""
    by_month = len(period) > 7 * MOST_BARS
    sums: dict[date, list[int]] = defaultdict(lambda: [0, 0, 0])
    for each in punctuality(session, period):
        begins = each.day.replace(day=1) if by_month else each.day - timedelta(days=each.day.weekday())
        facts = (each.left, each.on_time, each.not_arrived)
        sums[begins] = [old + new for old, new in zip(sums[begins], facts, strict=True)]
    columns = (Column("Month" if by_month else "Week from"), Column("Deliveries", Kind.NUMBER),
               Column("On time", Kind.NUMBER), Column("Later", Kind.NUMBER), Column("Not arrived", Kind.NUMBER),
               Column("On time of all", Kind.PERCENT))  # fmt: skip
    if not sums:
        return Found(columns, ())
    total = [sum(kept[place] for kept in sums.values()) for place in range(3)]
    name = (lambda day: f"{day:%b %Y}") if by_month else show_day
    rows = tuple(_punctual(name(begins), kept) for begins, kept in sorted(sums.items()))
    return Found(columns, rows, _punctual(None, total))


def _punctual(name: str | None, kept: list[int]) -> Row:
    left, in_time, missing = kept
    return (name, left, in_time, left - in_time - missing, missing, percent(in_time, left))


def census_days(session: Session, period: Days, choice: Choice = ALL) -> Found:
    """Patients in care by class over a period: how many, patient days, days interrupted, the average and the last day.

    A patient with two therapies of a class counts once a day; the total counts each patient once a day.
    """
    days: list[Any] = [type_coerce(day, Text) for day in (Therapy.starts_on, Therapy.stops_on, Episode.discharged_on)]
    rows: Any = session.connection().execute(
        select(Therapy.id, type_coerce(Therapy.therapy_class, Text), Therapy.patient_id, *days)
        .join(Episode, Episode.id == Therapy.episode_id)
        .where(Therapy.starts_on <= period.last, Therapy.stops_on.is_(None) | (Therapy.stops_on >= period.first))
        .where(Episode.discharged_on.is_(None) | (Episode.discharged_on >= period.first))
    )  # fmt: skip
    away = _interrupted(session, period)
    interrupted = {patient for patient, _ in away}
    in_care: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    treated: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    """Of those who were interrupted; nobody else's days differ."""
    spans = _Spans(period)
    everybody = in_care[""]
    for therapy, kind, patient, *ends in rows.all():
        if choice.therapy_class not in ("", kind):
            continue
        span = spans[tuple(ends)]
        in_care[kind][patient] |= span
        everybody[patient] |= span
        if patient in interrupted:
            works = span & ~(away.get((patient, None), 0) | away.get((patient, therapy), 0))
            treated[kind][patient] |= works
            treated[""][patient] |= works
    last = 1 << (len(period) - 1)

    def shown(name: str, key: str) -> Row:
        kept = in_care[key]
        spans = [span for span in kept.values() if span]
        days = sum(map(int.bit_count, spans))
        lost = sum(kept[patient].bit_count() - works.bit_count() for patient, works in treated[key].items())
        mean = (Decimal(days) / len(period)).quantize(Decimal("0.1"))
        return (name, len(spans), days, lost, mean, sum(1 for span in spans if span & last))

    columns = (Column("Therapy class"), Column("Patients", Kind.NUMBER), Column("Patient days", Kind.NUMBER),
               Column("Of these interrupted", Kind.NUMBER), Column("Average a day", Kind.NUMBER),
               Column("Last day", Kind.NUMBER))  # fmt: skip
    names = sorted(name for name in in_care if name and any(in_care[name].values()))
    total = shown("Patients in care, each once", "") if names else None
    return Found(columns, tuple(shown(name, name) for name in names), total)


class _Spans(dict[tuple[Any, ...], int]):
    """The days of the period from the first of some days to the earliest of the others, each such row told once."""

    def __init__(self, period: Days) -> None:
        super().__init__()
        self._period, self._days = period, KeptDays()

    def __missing__(self, ends: tuple[Any, ...]) -> int:
        starts, *lasts = ends
        last = min((self._days[each] for each in lasts if each is not None), default=self._period.last)
        self[ends] = found = _bits(self._period, self._days[starts], last)
        return found


def _bits(period: Days, first: date, last: date) -> int:
    """The days of the period from first to last as bits, the period's first day lowest: a union is one operation."""
    first, last = max(first, period.first), min(last, period.last)
    if last < first:
        return 0
    return ((1 << (last - first).days + 1) - 1) << (first - period.first).days


def _interrupted(session: Session, period: Days) -> dict[tuple[int, int | None], int]:
    """Days on which a patient, or one therapy of theirs, was interrupted."""
    found: dict[tuple[int, int | None], int] = defaultdict(int)
    spans = _Spans(period)
    days: list[Any] = [type_coerce(day, Text) for day in (Interruption.first_on, Interruption.last_on)]
    rows: Any = session.connection().execute(
        select(Interruption.patient_id, Interruption.therapy_id, *days)
        .where(Interruption.removed_at.is_(None), Interruption.first_on <= period.last)
        .where(Interruption.last_on.is_(None) | (Interruption.last_on >= period.first))
    )
    for patient, therapy, *ends in rows.all():
        found[patient, therapy] |= spans[tuple(ends)]
    return found
