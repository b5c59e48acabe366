"""Kit templates: the shipped ones taken in, new versions, and the one that fits a therapy."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.kinds import EQUIPMENT_KINDS
from infusion_desktop.deliveries.rules import QuantityRule
from infusion_desktop.deliveries.tables import KitTemplate, KitTemplateLine
from infusion_desktop.deliveries.words import TemplateId
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients.words import AccessKind, Method, TherapyClass
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId, ItemKind


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """An item (or a kind of equipment) and the rule its quantity follows; optional lines are sent when asked for."""

    item_id: ItemId | None
    rule: QuantityRule
    amount: Decimal
    round_to: int = 1
    equipment: str = ""
    optional: bool = False
    latex_free_item_id: ItemId | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A kit for a class of therapy, its methods, access devices (none for any) and dosing intervals."""

    code: str
    name: str
    therapy_class: TherapyClass
    methods: tuple[Method, ...]
    access_kinds: tuple[AccessKind, ...]
    lines: tuple[TemplateLine, ...]
    lowest_interval_hours: int = 1
    highest_interval_hours: int = 8760


@dataclass(frozen=True, slots=True)
class KeptTemplate:
    """A version of a template that is kept."""

    id: TemplateId
    number: int
    starts_on: date
    ends_on: date | None
    template: Template


def save_template(database: Database, template: Template, by: UserId, starts_on: date | None = None) -> TemplateId:
    """Keep a template; when its code is known this is the next version and the one before ends the day before."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_TEMPLATES)
        refuse_if(_reasons_against(session, template))
        return _insert(session, template, starts_on or today(), by)


def end_template(database: Database, template_id: TemplateId, ends_on: date, by: UserId) -> None:
    """Offer it no longer after ``ends_on``; deliveries made from it keep it."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_TEMPLATES)
        row = session.get(KitTemplate, template_id)
        if row is None or ends_on < row.starts_on:
            raise Refused("A template ends on or after the day it starts. Choose another day.")
        before = row.ends_on
        row.ends_on = ends_on
        record(session, by, "end", "kit template", template_id, before={"ends_on": before}, after={"ends_on": ends_on})


def load_starter_templates(database: Database, by: UserId, starts_on: date | None = None) -> int:
    """Take the shipped templates in whose codes are new and whose items are all in the catalogue; how many."""
    from resources import read_text

    shipped = json.loads(read_text("templates/kits.json"))["templates"]
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_TEMPLATES)
        items = {number: ItemId(id_) for number, id_ in session.execute(select(Item.number, Item.id))}
        known = set(session.scalars(select(KitTemplate.code)))
        wanted = [each for each in shipped if each["code"] not in known and _items_of(each) <= items.keys()]
        for each in wanted:
            template = _from_shipped(each, items)
            refuse_if(_reasons_against(session, template))
            _insert(session, template, starts_on or today(), by)
        return len(wanted)


def _items_of(shipped: dict[str, Any]) -> set[str]:
    return {line[key] for line in shipped["lines"] for key in ("item", "latex_free_item") if line.get(key)}


def _from_shipped(shipped: dict[str, Any], items: dict[str, ItemId]) -> Template:
    return Template(
        shipped["code"],
        shipped["name"],
        TherapyClass[shipped["therapy_class"].upper()],
        tuple(Method[each.upper()] for each in shipped["methods"]),
        tuple(AccessKind[each.upper()] for each in shipped["access_kinds"]),
        tuple(
            TemplateLine(
                items.get(line.get("item", "")),
                QuantityRule(line["rule"]),
                Decimal(line["amount"]),
                line["round_to"],
                line.get("equipment", "").replace("_", " "),
                line["optional"],
                items.get(line.get("latex_free_item", "")),
                line["note"],
            )
            for line in shipped["lines"]
        ),
        shipped["lowest_interval_hours"],
        shipped["highest_interval_hours"],
    )


def _reasons_against(session: Session, template: Template) -> list[str]:
    reasons = []
    if not template.code.strip() or not template.name.strip():
        reasons.append("A template needs a code and a name.")
    if not template.lines:
        reasons.append("A template needs at least one line.")
    if not 1 <= template.lowest_interval_hours <= template.highest_interval_hours:
        reasons.append("The lowest dosing interval is at least one hour and not above the highest.")
    for number, line in enumerate(template.lines, 1):
        if (line.item_id is None) == (not line.equipment):
            reasons.append(f"Line {number} needs an item or a kind of equipment, one of the two.")
        if line.equipment and line.equipment not in EQUIPMENT_KINDS:
            reasons.append(f"Line {number}: “{line.equipment[:30]}” is no kind of pump or pole.")
        if line.amount <= 0 or line.round_to < 1:
            reasons.append(f"Line {number} needs an amount above zero and packs of at least one.")
    wanted = {line.item_id for line in template.lines if line.item_id is not None}
    rows = session.execute(select(Item.name, Item.kind, Item.ended_on).where(Item.id.in_(wanted))).all()
    if len(rows) != len(wanted):
        reasons.append("An item of the template is not in the catalogue. Choose it again.")
    reasons += [
        f"{row.name} was ended on {show_day(row.ended_on)}. Choose another item." for row in rows if row.ended_on
    ]
    reasons += [f"{row.name} is equipment. Ask for its kind instead." for row in rows if row.kind.is_equipment]
    return reasons


def _insert(session: Session, template: Template, starts_on: date, by: UserId) -> TemplateId:
    last = session.scalars(
        select(KitTemplate).where(KitTemplate.code == template.code).order_by(KitTemplate.template_version.desc())
    ).first()
    number = 1 if last is None else last.template_version + 1
    if last is not None and last.ends_on is None:
        if last.starts_on >= starts_on:
            starts_on = last.starts_on + timedelta(days=1)
        session.execute(
            update(KitTemplate).where(KitTemplate.id == last.id).values(ends_on=starts_on - timedelta(days=1))
        )
    row = KitTemplate(
        code=template.code.strip(),
        template_version=number,
        name=template.name.strip(),
        therapy_class=template.therapy_class.value,
        methods=json.dumps([each.value for each in template.methods]),
        access_kinds=json.dumps([each.value for each in template.access_kinds]),
        lowest_interval_hours=template.lowest_interval_hours,
        highest_interval_hours=template.highest_interval_hours,
        starts_on=starts_on,
    )
    session.add(row)
    session.flush()
    session.execute(
        insert(KitTemplateLine),
        [
            {
                "template_id": row.id,
                "position": position,
                "item_id": line.item_id,
                "equipment": line.equipment,
                "rule": line.rule.value,
                "amount": line.amount,
                "round_to": line.round_to,
                "optional": line.optional,
                "latex_free_item_id": line.latex_free_item_id,
                "note": line.note,
            }
            for position, line in enumerate(template.lines, 1)
        ],
    )
    after = {"code": template.code, "version": number, "lines": len(template.lines), "starts_on": starts_on}
    record(session, by, "save", "kit template", row.id, after=after)
    return TemplateId(row.id)


_TEMPLATE, _LINE = cast(Table, KitTemplate.__table__), cast(Table, KitTemplateLine.__table__)
_ONE = select(_TEMPLATE).where(_TEMPLATE.c.id == bindparam("template"))
_LINES = select(_LINE).where(_LINE.c.template_id == bindparam("template")).order_by(_LINE.c.position)


def template(session: Session, template_id: TemplateId) -> KeptTemplate:
    """One version with its lines, or Refused."""
    connection = session.connection()
    row = connection.execute(_ONE, {"template": template_id}).one_or_none()
    if row is None:
        raise Refused("This template is not known. Choose one from the list.")
    lines = connection.execute(_LINES, {"template": template_id})
    return KeptTemplate(
        template_id,
        row.template_version,
        row.starts_on,
        row.ends_on,
        Template(
            row.code,
            row.name,
            TherapyClass(row.therapy_class),
            tuple(Method(each) for each in json.loads(row.methods)),
            tuple(AccessKind(each) for each in json.loads(row.access_kinds)),
            tuple(_line(each) for each in lines),
            row.lowest_interval_hours,
            row.highest_interval_hours,
        ),
    )


def _line(row: Any) -> TemplateLine:
    return TemplateLine(
        None if row.item_id is None else ItemId(row.item_id),
        QuantityRule(row.rule),
        row.amount,
        row.round_to,
        row.equipment,
        row.optional,
        None if row.latex_free_item_id is None else ItemId(row.latex_free_item_id),
        row.note,
    )


def templates(session: Session, on: date) -> tuple[KeptTemplate, ...]:
    """Every template offered on a day, by code."""
    return tuple(template(session, TemplateId(each)) for each in session.scalars(_offered(on)))


def _offered(on: date) -> Any:
    return (
        select(KitTemplate.id)
        .where(KitTemplate.starts_on <= on, or_(KitTemplate.ends_on.is_(None), KitTemplate.ends_on >= on))
        .order_by(KitTemplate.code, KitTemplate.template_version)
    )


def matching_templates(
    session: Session,
    on: date,
    therapy_class: TherapyClass,
    method: Method,
    interval_hours: int,
    access: AccessKind | None,
) -> tuple[TemplateId, ...]:
    """Templates that fit a therapy, the narrowest first: fewest access devices, then the tightest interval."""
    rows = session.scalars(
        select(KitTemplate).where(
            KitTemplate.id.in_(_offered(on).order_by(None)),
            KitTemplate.therapy_class == therapy_class.value,
            KitTemplate.lowest_interval_hours <= interval_hours,
            KitTemplate.highest_interval_hours >= interval_hours,
        )
    )
    found = []
    for row in rows:
        methods, devices = json.loads(row.methods), json.loads(row.access_kinds)
        if (not methods or method.value in methods) and (not devices or access is None or access.value in devices):
            width = row.highest_interval_hours - row.lowest_interval_hours
            found.append(((len(devices) or 99, width, len(methods), row.code), row.id))
    return tuple(TemplateId(id_) for _, id_ in sorted(found))


def is_drug(kinds: dict[int, ItemKind], line: TemplateLine) -> bool:
    """Whether a line is a drug given with each dose or bag; the first of them stands for the drug that was ordered."""
    given = line.rule in (QuantityRule.PER_DOSE, QuantityRule.PER_BAG)
    return line.item_id is not None and given and kinds[line.item_id] is ItemKind.DRUG


def kinds_of(session: Session, lines: Sequence[TemplateLine]) -> dict[int, ItemKind]:
    """What sort of thing each item of the lines is."""
    wanted = {line.item_id for line in lines if line.item_id is not None}
    rows = session.execute(select(Item.id, Item.kind).where(Item.id.in_(wanted)))
    return {row.id: row.kind for row in rows}
