"""The shipped kit templates, taken in as the pharmacy's own; what was taken in is changed like any other."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.deliveries.care_words import Ages, Purpose
from infusion_desktop.deliveries.kits.template_rules import MOST_LUMENS, Template, TemplateLine
from infusion_desktop.deliveries.kits.templates import insert_template, reasons_against
from infusion_desktop.deliveries.rules import QuantityRule
from infusion_desktop.deliveries.tables import KitTemplate
from infusion_desktop.errors import refuse_if
from infusion_desktop.patients.words import AccessKind, Method, TherapyClass
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId


def load_starter_templates(database: Database, by: UserId, starts_on: date | None = None) -> int:
    """Take the shipped templates in whose codes are new and whose items are all in the catalogue; how many."""
    from resources import read_text

    shipped = json.loads(read_text("templates/kits.json"))["templates"]
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_TEMPLATES)
        items = {number: ItemId(id_) for number, id_ in session.execute(
            select(Item.number, Item.id).where(Item.ended_on.is_(None)))}  # fmt: skip
        known = set(session.scalars(select(KitTemplate.code)))
        wanted = [each for each in shipped if each["code"] not in known and _items_of(each) <= items.keys()]
        for each in wanted:
            template = _from_shipped(each, items)
            refuse_if(reasons_against(session, template))
            insert_template(session, template, starts_on or today(), by)
        return len(wanted)


def _items_of(shipped: dict[str, Any]) -> set[str]:
    return {line[key] for line in shipped["lines"] for key in ("item", "latex_free_item") if line.get(key)}


def _from_shipped(shipped: dict[str, Any], items: dict[str, ItemId]) -> Template:
    return Template(
        shipped["code"],
        shipped["name"],
        TherapyClass[shipped["therapy_class"].upper()],
        tuple(Method[each.upper()] for each in shipped["methods"]),
        _access(shipped["access_kinds"]),
        tuple(_line(each, items) for each in shipped["lines"]),
        shipped["lowest_interval_hours"],
        shipped["highest_interval_hours"],
        shipped.get("lowest_lumens", 0),
        shipped.get("highest_lumens", MOST_LUMENS),
        shipped.get("latex_allergic_only", False),
        Ages[shipped.get("ages", "any").upper()],
    )


def _line(shipped: dict[str, Any], items: dict[str, ItemId]) -> TemplateLine:
    return TemplateLine(
        items.get(shipped.get("item", "")),
        QuantityRule(shipped["rule"]),
        Decimal(shipped["amount"]),
        shipped["round_to"],
        shipped.get("equipment", "").replace("_", " "),
        shipped["optional"],
        items.get(shipped.get("latex_free_item", "")),
        shipped["note"],
        Purpose[shipped.get("purpose", "supply").upper()],
        shipped.get("per_lumen", False),
        _access(shipped.get("access_kinds", ())),
        tuple(items[each] for each in shipped.get("alternatives", ()) if each in items),
    )


def _access(names: Any) -> tuple[AccessKind, ...]:
    return tuple(AccessKind[each.upper()] for each in names)
