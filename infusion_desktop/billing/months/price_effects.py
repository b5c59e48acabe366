"""What changed costs do to the margin of a day: the therapies that use them, with what a day is paid."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.billing.tables import Claim, ClaimLine
from infusion_desktop.billing.words import ClaimState, LineKind
from infusion_desktop.deliveries.scarce.supply_demand import ItemUse, daily_use
from infusion_desktop.patients.tables import Payer
from infusion_desktop.patients.words import TherapyId
from infusion_desktop.stock.buying.costs import CostRow, cost_changes
from infusion_desktop.stock.buying.price_rules import DayUse, Effect, effects
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import BillingClass


@dataclass(frozen=True, slots=True)
class TherapyEffect:
    """A running therapy's day before and after; ``payer`` is who was billed last, "" when nobody was yet."""

    therapy_id: TherapyId
    drug: str
    patient: str
    payer: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class CostAlert:
    """The items that cost something else than expected, those that cost most a month first, and what they feed."""

    changes: tuple[CostRow, ...]
    therapies: tuple[TherapyEffect, ...]
    used_by: dict[int, int]
    """Running therapies that use each changed item."""
    a_month: dict[int, Decimal]
    """Dollars a month that each change costs over all running therapies."""


def cost_alert(session: Session, today: date) -> CostAlert:
    """Which costs changed, and what they do to a day of each running therapy that its per diem pays."""
    changes = cost_changes(session, today)
    inside = [row for row in changes if row.in_per_diem]
    costs = {row.id: row.unit_cost for row in session.execute(
        select(Item.id, Item.unit_cost).where(Item.billing_class == BillingClass.PER_DIEM_INCLUDED))}  # fmt: skip
    every = daily_use(session, today)
    uses = [use for use in every if use.item_id in costs]
    paid = _per_diems(session)
    found = effects(
        [row.change for row in inside],
        [DayUse(use.therapy_id, use.item_id, use.units, use.days) for use in uses],
        costs,
        {therapy: rate for therapy, (rate, _) in paid.items()},
    )
    about: dict[object, ItemUse] = {use.therapy_id: use for use in uses}
    therapies = tuple(
        TherapyEffect(
            about[each.therapy].therapy_id, about[each.therapy].drug, about[each.therapy].patient,
            paid.get(about[each.therapy].therapy_id, (Decimal(0), ""))[1], each,
        )
        for each in found
    )  # fmt: skip
    used_by, a_month = _reach(changes, every)
    costliest = sorted(changes, key=lambda row: (-a_month[row.change.item], -row.change.rise, row.change.name))
    return CostAlert(tuple(costliest), therapies, used_by, a_month)


def _reach(changes: tuple[CostRow, ...], uses: tuple[ItemUse, ...]) -> tuple[dict[int, int], dict[int, Decimal]]:
    rises = {row.change.item: row.change.rise for row in changes}
    used_by: dict[int, int] = dict.fromkeys(rises, 0)
    a_month = dict.fromkeys(rises, Decimal(0))
    for use in uses:
        if use.item_id in rises:
            used_by[use.item_id] += 1
            a_month[use.item_id] += rises[use.item_id] * use.units * 30 / use.days
    return used_by, a_month


def _per_diems(session: Session) -> dict[TherapyId, tuple[Decimal, str]]:
    """What a day of each therapy was last billed at, after rank, and to whom; voided claims count for nothing."""
    rows = session.execute(
        select(ClaimLine.therapy_id, ClaimLine.rate, Payer.name)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .where(ClaimLine.kind == LineKind.PER_DIEM, ClaimLine.therapy_id.is_not(None), Claim.state != ClaimState.VOIDED)
        .order_by(ClaimLine.last_on, ClaimLine.id)
    )
    return {TherapyId(row.therapy_id): (row.rate, row.name) for row in rows if row.therapy_id is not None}
