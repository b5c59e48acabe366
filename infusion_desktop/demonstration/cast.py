"""Who is in the demonstration: staff, payers with their contracts, and prescribers."""

import json
import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import resources
from infusion_desktop.access.people import add_person_with_hash
from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.billing.terms.code_table import code_table
from infusion_desktop.billing.terms.contracts import add_rules, starter
from infusion_desktop.billing.terms.fee_files import import_fees
from infusion_desktop.database.engine import Database
from infusion_desktop.money import to_cents
from infusion_desktop.patients.payers import NewPayer, add_payer
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.patients.words import PayerId, PayerKind, PrescriberId
from infusion_desktop.stock.importing.item_import import preview_items


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody the story needs, by what they do."""

    words: dict[str, Any]
    administrator: UserId
    technicians: tuple[UserId, ...]
    pharmacists: tuple[UserId, ...]
    coordinator: UserId
    biller: UserId
    payers: tuple[PayerId, ...]
    prescribers: tuple[PrescriberId, ...]


def npi(pick: random.Random) -> str:
    """An invented NPI with a right check digit (Luhn over 80840 and the number)."""
    body = f"1{pick.randrange(10**8):08}"
    digits = [int(digit) for digit in "80840" + body]
    doubled = [sum(divmod(digit * 2, 10)) if place % 2 == 0 else digit for place, digit in enumerate(reversed(digits))]
    return body + str(-sum(doubled) % 10)


def make_cast(database: Database, administrator: UserId, kept_hash: str, first: date, pick: random.Random) -> Cast:
    """Hire the staff, write the contracts and meet the prescribers."""
    words = json.loads(resources.read_text("demonstration/people.json"))
    people: dict[Role, list[UserId]] = {}
    with database.transaction() as session:
        for username, name, roles, badge in words["staff"]:
            chosen = frozenset(Role(role) for role in roles)
            person = add_person_with_hash(session, username, name, kept_hash, chosen, administrator, badge=badge)
            for role in chosen:
                people.setdefault(role, []).append(person)
    payers = tuple(_payer(database, facts, first, administrator) for facts in words["payers"])
    prescribers = tuple(
        add_prescriber(
            database,
            NewPrescriber(last, first_name, npi(pick), degree, f"503-555-01{number:02}", "", practice),
            administrator,
        )
        for number, (last, first_name, degree, practice) in enumerate(words["prescribers"], 10)
    )
    return Cast(
        words,
        administrator,
        tuple(people[Role.TECHNICIAN]),
        tuple(people[Role.PHARMACIST]),
        people[Role.COORDINATOR][0],
        people[Role.BILLER][0],
        payers,
        prescribers,
    )


def _payer(database: Database, facts: list[Any], first: date, by: UserId) -> PayerId:
    name, code, kind, rules, level = facts
    payer = add_payer(
        database, NewPayer(name, code, PayerKind(kind), "PO Box 1200", "Portland", "OR", "97201", "800-555-0100"), by
    )
    starts_on = (first - timedelta(days=400)).replace(month=1, day=1)
    chosen = starter(rules).rules
    add_rules(database, payer, replace(chosen, name=f"{name}: {chosen.name}"[:80]), starts_on, by, "demonstration")
    import_fees(database, payer, _price_list(Decimal(level), starts_on), by)
    return payer


def _price_list(level: Decimal, starts_on: date) -> str:
    """An invented price list as a contract's file: ``level`` is what the payer pays for an ordinary day of therapy."""
    rates = {"99601": Decimal("145.00"), "99602": Decimal("62.00")}
    for code in code_table().codes:
        if code.per_diem:
            rates[code.code] = to_cents(level * _WEIGHT.get(code.code, Decimal(1)))
        elif code.code in ("E0779", "E0780", "E0781", "E0791", "B9002", "E0776"):
            rates[code.code] = to_cents(level * 2)
    rates |= _rates_of_goods()
    rates["A4221"] = Decimal("23.50")
    lines = [
        f"{code},{rate},{to_cents(rate * Decimal('1.6'))},{starts_on},{_CATEGORIES.get(code, '')}"
        for code, rate in sorted(rates.items())
    ]
    return "\n".join(["code,rate,charge,starts_on,category", *lines])


def _rates_of_goods() -> dict[str, Decimal]:
    """For each drug and supply code of the catalogue, cost and a third for one HCPCS unit of the dearest item."""
    preview = preview_items(resources.read("demonstration/items.csv"), "items.csv")
    rates: dict[str, Decimal] = {}
    for item in (row.item for row in preview.rows):
        if item.hcpcs and not item.kind.is_equipment and not item.hcpcs.startswith("S"):
            rate = to_cents(item.unit_cost * Decimal("1.35") / (item.hcpcs_units_per_unit or 1)) or Decimal("0.01")
            rates[item.hcpcs] = max(rate, rates.get(item.hcpcs, rate))
    return rates


_CATEGORIES = {"E0779": "CR", "E0780": "IN", "E0781": "CR", "E0791": "CR", "E0776": "IN", "A4221": "SU"}
_WEIGHT = {
    "S9365": Decimal("1.9"), "S9366": Decimal("2.2"), "S9367": Decimal("2.5"), "S9368": Decimal("2.8"),
    "S9338": Decimal("1.1"), "S9348": Decimal("1.4"), "S9330": Decimal("1.3"), "S9331": Decimal("1.2"),
    "S9326": Decimal("1.1"), "S9374": Decimal("0.7"), "S9375": Decimal("0.8"), "S9342": Decimal("0.4"),
    "S5498": Decimal("0.25"), "S5501": Decimal("0.3"), "S5502": Decimal("0.2"), "S5497": Decimal("0.25"),
    "S9504": Decimal("1.3"), "S9503": Decimal("1.2"), "S9502": Decimal("1.15"), "S9501": Decimal("1.05"),
}  # fmt: skip
