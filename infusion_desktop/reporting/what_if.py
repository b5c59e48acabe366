"""What a past month would have brought under another contract, kit or supply price; nothing is kept anywhere.

A contract is counted again by the day engine, and deliveries of another kit are planned again by the planning rules
(kit_again.py). A kit and a price change what supplies cost in the month's margin.
"""

from collections import defaultdict
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import select

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.months.rule_effects import effect_of_contract
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days
from infusion_desktop.deliveries.kits.templates import templates
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO, to_cents
from infusion_desktop.patients.queries import payers
from infusion_desktop.patients.tables import Therapy
from infusion_desktop.patients.words import PayerId
from infusion_desktop.progress import Progress
from infusion_desktop.reporting.kit_again import KitLine, with_kit
from infusion_desktop.reporting.margin_rules import Margin
from infusion_desktop.reporting.margins import margins, supplies_of
from infusion_desktop.stock.queries import item_rows

NO_PAYER = "(not billed yet)"
BY_CONTRACT = (
    "Exact: the day engine counts every claim line of the month again under the other contract; dollars are what the"
    " contracts pay."
)
BY_PRICE = (
    "Exact: the supplies that each therapy of the month was sent, at a cost that many percent higher; dollars are the"
    " margin, all else as it was."
)
BY_KIT = (
    "Exact: each delivery of the month with the one kit is planned again with the other, from the same order, count at"
    " home and deliveries before it. What goes unchanged costs what it cost, what is new the item's expected cost; per"
    " diem, pumps, drugs and the way stay. Dollars are the margin."
)
"""What is counted."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One therapy of a patient, or several added up: dollars as they were and as they would be."""

    payer: str
    therapy: str
    patient: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        """What it would bring more."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The month as it was and as it would be. ``what`` names the dollars: what contracts pay, or the margin."""

    what: str
    rows: tuple[Changed, ...]
    problems: tuple[str, ...] = ()
    lines: tuple[KitLine, ...] = ()
    """Where another kit makes the difference, delivery by delivery and item by item."""

    @property
    def total(self) -> Changed:
        """Everything added up."""
        return _sum("All", self.rows)


@dataclass(frozen=True, slots=True)
class Offers:
    """What may be chosen: payers, items that are no drugs, the month's kits, and those to have instead."""

    payers: tuple[tuple[str, PayerId], ...]
    items: tuple[tuple[str, str], ...]
    kits: tuple[str, ...]
    instead: tuple[str, ...]


def together(rows: Iterable[Changed], name: Callable[[Changed], str]) -> tuple[Changed, ...]:
    """The rows added up by a name, the biggest change first."""
    members: dict[str, list[Changed]] = defaultdict(list)
    for row in rows:
        members[name(row)].append(row)
    found = [_sum(key, of_it) for key, of_it in members.items()]
    return tuple(sorted(found, key=lambda row: (-abs(row.difference), row.therapy)))


def _sum(name: str, rows: Iterable[Changed]) -> Changed:
    kept = tuple(rows)
    before, after = sum((row.before for row in kept), ZERO), sum((row.after for row in kept), ZERO)
    return Changed(name, name, name, before, after)


def offers(database: Database, month: Days, by: UserId) -> Offers:
    """What may be compared for a month."""
    with database.reading() as session:
        authorize(session, by, Permission.SEE_REPORTS)
        return Offers(
            tuple((row.payer.name, row.id) for row in payers(session)),
            tuple((f"{row.name} ({row.number})", row.number) for row in item_rows(session)),
            tuple(sorted({row.template for row in margins(session, month) if row.template and row.days})),
            tuple(sorted({row.template.name for row in templates(session, month.last, later_too=True)})),
        )


def under_contract(
    database: Database, payer: PayerId, like: PayerId, month: Days, by: UserId
) -> Generator[Progress, None, WhatIf]:
    """What a payer's month would have paid under another payer's contract."""
    effect = yield from effect_of_contract(database, payer, like, month, by)
    with database.reading() as session:
        name = next((row.payer.name for row in payers(session, ended_too=True) if row.id == payer), "")
        drugs = {row.id: row.drug for row in session.execute(select(Therapy.id, Therapy.drug))}
    rows = [
        Changed(name, drugs.get(line.therapy_id or 0, line.code), line.patient, line.before, line.after)
        for line in effect.lines
    ]
    return WhatIf("what the contract pays", tuple(rows), effect.problems)


def with_prices(database: Database, item: str, percent: Decimal, month: Days, by: UserId) -> WhatIf:
    """The month's margin if an item, or with "" all supplies, had cost so many percent more (below zero: less)."""
    if percent < -100:
        raise Refused("Nothing can be cheaper than free. Type a change of -100 percent or more.")
    with database.reading() as session:
        authorize(session, by, Permission.SEE_REPORTS)
        rows = margins(session, month)
        costs = supplies_of(session, month, item) if item else {row.therapy_id: row.supplies for row in rows}
    return _margins(rows, lambda row: costs.get(row.therapy_id, ZERO) * percent / 100)


def with_template(
    database: Database, kit: str, instead: str, month: Days, by: UserId
) -> Generator[Progress, None, WhatIf]:
    """The month's margin if the deliveries of one kit had been planned with another."""
    with database.reading() as session:
        authorize(session, by, Permission.SEE_REPORTS)
        rows = margins(session, month)
    lines, problems = yield from with_kit(database, kit, instead, month)
    more: dict[int, Decimal] = defaultdict(Decimal)
    for line in lines:
        more[line.therapy_id] += line.costs_more
    found = _margins(rows, lambda row: more.get(row.therapy_id, ZERO))
    return replace(found, lines=lines, problems=problems)


def _margins(rows: Iterable[Margin], costs_more: Callable[[Margin], Decimal]) -> WhatIf:
    """Each therapy's margin before and after what it costs more, each rounded once."""
    found = []
    for row in rows:
        more = costs_more(row)
        found.append(
            Changed(row.payer or NO_PAYER, row.kind, row.patient, to_cents(row.margin), to_cents(row.margin - more))
        )
    return WhatIf("margin", tuple(found))
