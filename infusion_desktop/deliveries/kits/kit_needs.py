"""From an order to what its kit needs: the kit that fits, its lines for this patient, shared with other therapies."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import ONE_DAY, Days, show_days, today
from infusion_desktop.deliveries.care_words import Purpose
from infusion_desktop.deliveries.kits import templates as kits
from infusion_desktop.deliveries.kits.supply_rules import NOT_USED_UP, ItemNeed, Use, needs
from infusion_desktop.deliveries.kits.template_rules import ADULT_FROM, Care, TemplateLine, lines_for
from infusion_desktop.deliveries.kits.templates import KeptTemplate
from infusion_desktop.deliveries.rules import Frequency, KitLine, QuantityRule, Supply
from infusion_desktop.deliveries.steps import core
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState, TemplateId
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients.order_versions import first_versions
from infusion_desktop.patients.queries import TherapyCalendar, therapy_calendar, therapy_calendars
from infusion_desktop.patients.tables import Patient, Therapy
from infusion_desktop.patients.therapies import the_therapy
from infusion_desktop.patients.words import PatientId, TherapyId
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId, ItemKind

GONE = (DeliveryState.CANCELLED, DeliveryState.REFUSED)
"""A delivery that stands in one of these supplies nothing."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A patient as far as kits ask."""

    latex_allergic: bool
    born_on: date


@dataclass(frozen=True, slots=True)
class Supplied:
    """A delivery that supplies a therapy for a period, arrived or still to come."""

    therapy_id: TherapyId
    template_id: TemplateId | None
    period: Days


@dataclass(frozen=True, slots=True)
class Setting:
    """What a plan stands on, whichever kit it takes."""

    calendar: TherapyCalendar
    period: Days
    counts: Mapping[ItemId, int]
    facts: Facts
    history: tuple[Supplied, ...]
    others: Sequence[Use]
    """What other therapies take, whose deliveries supply days of the period too."""
    before: Sequence[Use]
    """What is used from the count until the period begins."""
    planned_before: DeliveryId | None = None


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What a kit sends for a period."""

    template_id: TemplateId
    kit: KeptTemplate
    lines: tuple[TemplateLine, ...]
    """The kit's lines for this patient, with the ordered drug in its place."""
    needs: tuple[ItemNeed, ...]
    instead: Mapping[ItemId, ItemId]
    """What goes because of a latex allergy, and the item it goes in place of."""


class _ItemFacts(NamedTuple):
    id: int
    name: str
    unit: str
    kind: ItemKind
    contains_latex: bool


def reckon(
    session: Session,
    calendar: TherapyCalendar,
    period: Days,
    counts: Mapping[ItemId, int],
    counted_on: date,
    *,
    template_id: TemplateId | None = None,
    optional: Collection[ItemId] = (),
) -> Reckoned:
    """What to send for a therapy and a period: less what was counted at home and is not used up by then.

    Other therapies whose deliveries touch the period share what they can. Refused when no kit fits, the therapy does
    not run in the period, or only latex is to be had for the allergic.
    """
    return reckon_with(session, setting_of(session, calendar, period, counts, counted_on), template_id, optional)


def setting_of(
    session: Session,
    calendar: TherapyCalendar,
    period: Days,
    counts: Mapping[ItemId, int],
    counted_on: date,
    planned_before: DeliveryId | None = None,
) -> Setting:
    """What a plan stands on whichever kit it takes; as it was before a delivery was planned, where one is named."""
    patient = calendar.patient_id
    facts = facts_of(session, patient)
    history = supplied(session, patient, period, planned_before)
    others = _others(session, calendar, period, history, facts)
    before: list[Use] = []
    if counts and counted_on < period.first:
        before = used_until(session, patient, Days(counted_on, period.first - ONE_DAY), facts)
    return Setting(calendar, period, counts, facts, history, others, before, planned_before)


def reckon_with(
    session: Session, setting: Setting, template_id: TemplateId | None, optional: Collection[ItemId] = ()
) -> Reckoned:
    """What a kit sends there; without one, the kit that fits best."""
    calendar, period, facts = setting.calendar, setting.period, setting.facts
    chosen = template_id or best_template(session, calendar, facts, period.first)
    kit = kits.template(session, chosen)
    first = is_first(session, calendar, setting.history)
    supply = supply_of(calendar, period, is_first=first)
    lines, uses, instead = _uses(session, calendar, kit, supply, facts, optional)
    if first and setting.history:
        sent = _sent_before(session, calendar.patient_id, setting.planned_before)
        taught = {line.item_id for line in lines if line.purpose is Purpose.TEACHING and line.item_id in sent}
        uses = tuple(use for use in uses if use.item not in taught)
    reckoned = needs(uses, setting.counts, before=setting.before, others=setting.others, begins_on=period.first)
    return Reckoned(chosen, kit, lines, tuple(each for each in reckoned if each.needed or each.to_send), instead)


def uses_of(
    session: Session, calendar: TherapyCalendar, period: Days, facts: Facts, *, first: bool,
    template_id: TemplateId | None = None, optional: Collection[ItemId] = (),
) -> tuple[Use, ...]:  # fmt: skip
    """What a therapy's kit takes in a period; nothing when the therapy does not run in it or no kit fits."""
    try:
        chosen = template_id or best_template(session, calendar, facts, period.first)
        supply = supply_of(calendar, period, is_first=first)
        return _uses(session, calendar, kits.template(session, chosen), supply, facts, optional)[1]
    except Refused:
        return ()


def used_until(session: Session, patient_id: PatientId, days: Days, facts: Facts) -> list[Use]:
    """What all therapies of a patient use up on the days between a count and the next supply."""
    return [
        use
        for calendar in therapy_calendars(session, days, patient_id)
        for use in uses_of(session, calendar, days, facts, first=False)
        if use.line.rule not in NOT_USED_UP
    ]


def _others(
    session: Session, calendar: TherapyCalendar, period: Days, history: Sequence[Supplied], facts: Facts
) -> list[Use]:
    """What other therapies take, whose deliveries supply days of this period too."""
    found: list[Use] = []
    for place, each in enumerate(history):
        if each.template_id is None or each.therapy_id == calendar.therapy_id or not each.period.overlap(period):
            continue  # What a person named, such as a pump in exchange, is no supply of a kit.
        other = therapy_calendar(session, each.therapy_id, each.period)
        if other is not None:
            was_first = is_first(session, other, history[:place])
            found += uses_of(session, other, each.period, facts, first=was_first, template_id=each.template_id)
    return found


_PATIENT, _DELIVERY = core(Patient), core(Delivery)
_FACTS = Prepared(select(_PATIENT.c.latex_allergy, _PATIENT.c.born_on).where(_PATIENT.c.id == bindparam("patient")))
_SUPPLIES = (
    _DELIVERY.c.patient_id == bindparam("patient"),
    _DELIVERY.c.therapy_id.is_not(None),
    *(_DELIVERY.c.state != state for state in GONE),
)
_EARLIER = _DELIVERY.alias("earlier")
_FIRST_OF_EACH = select(
    select(func.min(_EARLIER.c.id))
    .where(_EARLIER.c.therapy_id == core(Therapy).c.id, *(_EARLIER.c.state != state for state in GONE))
    .scalar_subquery()
).where(core(Therapy).c.patient_id == bindparam("patient"))
_SUPPLIED = (
    select(_DELIVERY.c.therapy_id, _DELIVERY.c.template_id, _DELIVERY.c.period_first, _DELIVERY.c.period_last)
    .where(*_SUPPLIES, or_(_DELIVERY.c.period_last >= bindparam("first"), _DELIVERY.c.id.in_(_FIRST_OF_EACH)))
    .order_by(_DELIVERY.c.id)
)
_HISTORY = Prepared(_SUPPLIED)
_HISTORY_BEFORE = Prepared(_SUPPLIED.where(_DELIVERY.c.id < bindparam("before")))
_SENT = (
    select(core(DeliveryLine).c.item_id)
    .join(_DELIVERY, _DELIVERY.c.id == core(DeliveryLine).c.delivery_id)
    .where(_DELIVERY.c.patient_id == bindparam("patient"), _DELIVERY.c.state.not_in(GONE))
    .where(core(DeliveryLine).c.to_send > 0)
    .distinct()
)


def facts_of(session: Session, patient_id: PatientId) -> Facts:
    """The patient's allergy and birth date."""
    row = _FACTS.first(session, {"patient": patient_id})
    return Facts(row.latex_allergy, row.born_on)


def supplied(
    session: Session, patient_id: PatientId, period: Days, planned_before: DeliveryId | None = None
) -> tuple[Supplied, ...]:
    """The first delivery of each of a patient's therapies, and all that supply days of the period or later ones.

    In the order they were planned, those before a delivery where one is named; what was used up long ago is not read
    again with each plan.
    """
    asked = {"patient": patient_id, "first": period.first}
    if planned_before is None:
        rows = _HISTORY.rows(session, asked)
    else:
        rows = _HISTORY_BEFORE.rows(session, {**asked, "before": planned_before})
    return tuple(
        Supplied(
            TherapyId(row.therapy_id), None if row.template_id is None else TemplateId(row.template_id),
            Days(row.period_first, row.period_last),
        )
        for row in rows
    )  # fmt: skip


def is_first(session: Session, calendar: TherapyCalendar, history: Sequence[Supplied]) -> bool:
    """Whether nothing was planned for this therapy yet, under any version of its order."""
    if not history:
        return True
    had = {each.therapy_id for each in history}
    if calendar.therapy_id in had:
        return False
    first = first_versions(session, calendar.patient_id)
    return all(first.get(each) != first.get(calendar.therapy_id) for each in had)


def _sent_before(session: Session, patient_id: PatientId, planned_before: DeliveryId | None) -> set[ItemId]:
    sent = _SENT if planned_before is None else _SENT.where(_DELIVERY.c.id < planned_before)
    return {ItemId(each) for each in session.connection().scalars(sent, {"patient": patient_id})}


def supply_of(calendar: TherapyCalendar, period: Days, *, is_first: bool) -> Supply:
    """What the period asks of a therapy: its days, pauses and dosing."""
    order = calendar.order
    runs = period.overlap(Days(order.starts_on, max(order.starts_on, order.stops_on or period.last)))
    if runs is None:
        raise Refused(f"The therapy does not run in {show_days(period)}. Choose another period or change the order.")
    pauses = tuple(
        Days(each.first_on, max(each.first_on, each.last_on or period.last)) for each in calendar.interruptions
    )
    return Supply(runs, pauses, Frequency.every_hours(order.interval_hours, order.starts_on), is_first=is_first)


def calendar_of(session: Session, therapy_id: TherapyId, period: Days) -> TherapyCalendar:
    """The therapy's days in a period, or Refused when it does not run in it."""
    found = therapy_calendar(session, therapy_id, period)
    if found is not None:
        return found
    the_therapy(session, therapy_id)
    raise Refused(f"The therapy does not run in {show_days(period)}. Choose another period or change the order.")


def care_of(calendar: TherapyCalendar, facts: Facts, on: date) -> Care:
    """What a kit is chosen by."""
    order, born = calendar.order, facts.born_on
    age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return Care(order.therapy_class, order.method, order.interval_hours, calendar.device, calendar.lumens,
                facts.latex_allergic, age < ADULT_FROM)  # fmt: skip


def best_template(session: Session, calendar: TherapyCalendar, facts: Facts, on: date) -> TemplateId:
    """The kit that fits a therapy and its patient best on a day, or Refused."""
    care = care_of(calendar, facts, on)
    found = kits.matching_templates(session, max(on, today()), care) or kits.matching_templates(session, on, care)
    if not found:
        order = calendar.order
        raise Refused(
            f"No kit fits {order.therapy_class.value} by {order.method.value} every {order.interval_hours} hours. "
            "Add a kit template, or name the items to send."
        )
    return found[0]


def _uses(
    session: Session, calendar: TherapyCalendar, kit: KeptTemplate, supply: Supply, facts: Facts,
    optional: Collection[ItemId],
) -> tuple[tuple[TemplateLine, ...], tuple[Use, ...], dict[ItemId, ItemId]]:  # fmt: skip
    order = calendar.order
    lines = lines_for(kit.template.lines, calendar.device, calendar.lumens)
    asked = [line.item_id for line in lines] + [line.latex_free_item_id for line in lines] + [order.drug_item_id]
    items = _items_of(session, {each for each in asked if each is not None})
    lines = _with_ordered_drug(order.drug_item_id, order.units_per_dose, lines, items)
    uses: list[Use] = []
    instead: dict[ItemId, ItemId] = {}
    reasons: list[str] = []
    for line in lines:
        if line.item_id is None or (line.optional and line.item_id not in optional):
            continue
        sent, replaced = line.item_id, ""
        if facts.latex_allergic and items[sent].contains_latex:
            replaced = items[sent].name
            if line.latex_free_item_id is None:
                reasons.append(f"The patient is allergic to latex and {replaced} contains it. Change the kit.")
                continue
            sent = line.latex_free_item_id
            instead[sent] = line.item_id
        rule = _rule(line.rule, line.amount, line.round_to, items[sent].unit)
        shared = _shared_by(line, items[sent].kind, order.device_id)
        uses.append(Use(sent, rule, supply, order.drug, shared, replaced))
    refuse_if(reasons)
    return lines, tuple(uses), instead


_rule = lru_cache(1024)(KitLine)


def _shared_by(line: TemplateLine, kind: ItemKind, device: int | None) -> str:
    """With whom a line shares: what belongs to a catheter, to the week at home, or is told a patient once."""
    if kind is ItemKind.DRUG:
        return ""
    if line.rule in (QuantityRule.PER_DRESSING_CHANGE, QuantityRule.PER_DELIVERY):
        return "" if device is None else f"device {device}"
    if line.rule is QuantityRule.PER_WEEK:
        return "patient"
    told_once = line.purpose in (Purpose.TEACHING, Purpose.ANAPHYLAXIS)
    return "patient" if line.rule is QuantityRule.ONCE_AT_START and told_once else ""


def _with_ordered_drug(
    ordered: ItemId | None, units: int, lines: tuple[TemplateLine, ...], items: Mapping[ItemId, _ItemFacts]
) -> tuple[TemplateLine, ...]:
    """The kit with the ordered drug in place of the one it names; without a catalogue item the kit's own stays."""
    if ordered is None:
        return lines
    kinds = {int(item): facts.kind for item, facts in items.items()}
    for at, line in enumerate(lines):
        if kits.is_drug(kinds, line):
            drug = TemplateLine(ordered, QuantityRule.PER_DOSE, Decimal(units), note=line.note)
            return (*lines[:at], drug, *(each for each in lines[at + 1 :] if each.item_id != ordered))
    drug = TemplateLine(ordered, QuantityRule.PER_DOSE, Decimal(units))
    return (drug, *(each for each in lines if each.item_id != ordered))


def _items_of(session: Session, wanted: Iterable[ItemId]) -> dict[ItemId, _ItemFacts]:
    rows: list[_ItemFacts] = _ITEMS.rows(session, as_ids(wanted))
    return {ItemId(row.id): row for row in rows}


def _items(dialect: str) -> Any:
    item = core(Item)
    columns = item.c.id, item.c.name, item.c.base_unit.label("unit"), item.c.kind, item.c.contains_latex
    return select(*columns).where(is_given(dialect, item.c.id))


_ITEMS = Prepared(_items)
