"""Kit templates: kept in versions with their days, read, and the one that fits a therapy."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.database.types import UnitCost
from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.care_words import Purpose
from infusion_desktop.deliveries.kits.template_rules import (
    Care,
    Fit,
    Template,
    TemplateLine,
    rank,
    reasons_against_template,
)
from infusion_desktop.deliveries.rules import QuantityRule
from infusion_desktop.deliveries.tables import KitAlternative, KitTemplate, KitTemplateLine
from infusion_desktop.deliveries.words import TemplateId
from infusion_desktop.errors import Refused, Stale, refuse_if
from infusion_desktop.patients.words import AccessKind, Method, TherapyClass
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import ItemId, ItemKind


@dataclass(frozen=True, slots=True)
class KeptTemplate:
    """A version of a template that is kept."""

    id: TemplateId
    number: int
    starts_on: date
    ends_on: date | None
    template: Template


def save_template(
    database: Database, template: Template, by: UserId, starts_on: date | None = None, *, seen: int | None = None
) -> TemplateId:
    """Keep a template; when its code is known this is the next version and the one before ends the day before.

    ``seen`` is the newest version the person had before them, 0 for a new kit; Stale when somebody added another one.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_TEMPLATES)
        refuse_if(reasons_against(session, template))
        if seen is not None and (newest := _newest(session, template.code)) != seen:
            if not seen:
                raise Refused(f"There is a kit {template.code} already. Open it to change it, or choose another code.")
            raise Stale(f"Somebody else changed kit {template.code} meanwhile (version {newest}). Look at it again.")
        return insert_template(session, template, starts_on or today(), by)


def _newest(session: Session, code: str) -> int:
    """The newest version of a kit, while nobody else adds one; 0 where there is none."""
    versions = select(KitTemplate.template_version).where(KitTemplate.code == code)
    session.execute(versions.with_for_update())
    return max(session.scalars(versions), default=0)


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


def reasons_against(session: Session, template: Template) -> list[str]:
    """What speaks against keeping a template; all reasons."""
    reasons = reasons_against_template(template)
    wanted = {line.item_id for line in template.lines if line.item_id is not None}
    wanted |= {each for line in template.lines for each in (*line.alternatives, line.latex_free_item_id) if each}
    rows = session.execute(select(Item.name, Item.kind, Item.ended_on).where(Item.id.in_(wanted))).all()
    if len(rows) != len(wanted):
        reasons.append("An item of the template is not in the catalogue. Choose it again.")
    reasons += [
        f"{row.name} was ended on {show_day(row.ended_on)}. Choose another item." for row in rows if row.ended_on
    ]
    reasons += [f"{row.name} is equipment. Ask for its kind instead." for row in rows if row.kind.is_equipment]
    return reasons


def insert_template(session: Session, template: Template, starts_on: date, by: UserId) -> TemplateId:
    """Keep a checked template as the next version of its code, within a larger deed."""
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
        lowest_lumens=template.lowest_lumens,
        highest_lumens=template.highest_lumens,
        latex_allergic_only=template.latex_allergic_only,
        ages=template.ages,
        starts_on=starts_on,
    )
    session.add(row)
    session.flush()
    lines = session.scalars(
        insert(KitTemplateLine).returning(KitTemplateLine.id, sort_by_parameter_order=True),
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
                "purpose": line.purpose,
                "per_lumen": line.per_lumen,
                "access_kinds": json.dumps([each.value for each in line.access_kinds]),
                "note": line.note,
            }
            for position, line in enumerate(template.lines, 1)
        ],
    ).all()
    instead = [
        {"line_id": line_id, "item_id": each, "position": position}
        for line_id, line in zip(lines, template.lines, strict=True)
        for position, each in enumerate(line.alternatives, 1)
    ]
    if instead:
        session.execute(insert(KitAlternative), instead)
    after = {"code": template.code, "version": number, "lines": len(template.lines), "starts_on": starts_on}
    record(session, by, "save", "kit template", row.id, after=after)
    return TemplateId(row.id)


_TEMPLATE, _LINE = cast(Table, KitTemplate.__table__), cast(Table, KitTemplateLine.__table__)
_ONE = Prepared(select(_TEMPLATE).where(_TEMPLATE.c.id == bindparam("template")))
_LINES = Prepared(
    select(
        _LINE.c.id, _LINE.c.item_id, _LINE.c.rule, _LINE.c.amount, _LINE.c.round_to, _LINE.c.equipment,
        _LINE.c.optional, _LINE.c.latex_free_item_id, _LINE.c.note, _LINE.c.purpose, _LINE.c.per_lumen,
        _LINE.c.access_kinds,
    )
    .where(_LINE.c.template_id == bindparam("template"))
    .order_by(_LINE.c.position)
)  # fmt: skip


def template(session: Session, template_id: TemplateId, *, alternatives: bool = False) -> KeptTemplate:
    """One version with its lines, or Refused; with ``alternatives`` also what may go instead of each item."""
    row = _ONE.first(session, {"template": template_id})
    if row is None:
        raise Refused("This template is not known. Choose one from the list.")
    lines = _LINES.kept(session, {"template": template_id})
    instead = _alternatives(session, template_id) if alternatives else {}
    fit = _fit(row)
    return KeptTemplate(
        template_id,
        row.template_version,
        row.starts_on,
        row.ends_on,
        Template(
            row.code,
            row.name,
            fit.therapy_class,
            fit.methods,
            fit.access_kinds,
            tuple(_line(tuple(instead.get(each[0], ())), *each[1:]) for each in lines),
            fit.lowest_interval_hours,
            fit.highest_interval_hours,
            fit.lowest_lumens,
            fit.highest_lumens,
            fit.latex_allergic_only,
            fit.ages,
        ),
    )


def _fit(row: Any) -> Fit:
    return Fit(
        TherapyClass(row.therapy_class),
        tuple(Method(each) for each in json.loads(row.methods)),
        tuple(AccessKind(each) for each in json.loads(row.access_kinds)),
        row.lowest_interval_hours,
        row.highest_interval_hours,
        row.lowest_lumens,
        row.highest_lumens,
        row.latex_allergic_only,
        row.ages,
    )


@lru_cache(4096)  # Kits are planned far more often than changed.
def _line(
    alternatives: tuple[ItemId, ...], item_id: int | None, rule: str, amount: int, round_to: int, equipment: str,
    optional: bool, latex_free_item_id: int | None, note: str, purpose: str, per_lumen: bool, access_kinds: str,
) -> TemplateLine:  # fmt: skip
    """A line from what the database keeps of it."""
    return TemplateLine(
        None if item_id is None else ItemId(item_id),
        QuantityRule(rule),
        Decimal(amount).scaleb(-UnitCost.places),
        round_to,
        equipment,
        bool(optional),
        None if latex_free_item_id is None else ItemId(latex_free_item_id),
        note,
        Purpose(purpose),
        bool(per_lumen),
        tuple(AccessKind(each) for each in json.loads(access_kinds)),
        alternatives,
    )


def _alternatives(session: Session, template_id: TemplateId) -> dict[int, list[ItemId]]:
    found: dict[int, list[ItemId]] = {}
    for row in session.execute(
        select(KitAlternative.line_id, KitAlternative.item_id)
        .join(KitTemplateLine, KitTemplateLine.id == KitAlternative.line_id)
        .where(KitTemplateLine.template_id == template_id)
        .order_by(KitAlternative.line_id, KitAlternative.position)
    ):
        found.setdefault(row.line_id, []).append(ItemId(row.item_id))
    return found


def substitutes(session: Session, template_id: TemplateId, item_id: ItemId) -> tuple[ItemId, ...]:
    """What a kit says may go in place of one of its items, the first choice first."""
    rows = session.scalars(
        select(KitAlternative.item_id)
        .join(KitTemplateLine, KitTemplateLine.id == KitAlternative.line_id)
        .where(KitTemplateLine.template_id == template_id)
        .where(or_(KitTemplateLine.item_id == item_id, KitTemplateLine.latex_free_item_id == item_id))
        .order_by(KitAlternative.position)
    )
    return tuple(ItemId(each) for each in rows)


def templates(session: Session, on: date, *, later_too: bool = False) -> tuple[KeptTemplate, ...]:
    """Every template offered on a day, by code; ``later_too`` with the versions that begin after it."""
    wanted = _offered(on, later_too)
    return tuple(template(session, TemplateId(each)) for each in session.scalars(wanted))


def versions(session: Session, code: str) -> tuple[KeptTemplate, ...]:
    """Every version of a kit, the newest first."""
    kept = select(KitTemplate.id).where(KitTemplate.code == code).order_by(KitTemplate.template_version.desc())
    return tuple(template(session, TemplateId(each), alternatives=True) for each in session.scalars(kept))


def _offered(on: date, later_too: bool) -> Any:
    wanted = select(KitTemplate.id).where(or_(KitTemplate.ends_on.is_(None), KitTemplate.ends_on >= on))
    if not later_too:
        wanted = wanted.where(KitTemplate.starts_on <= on)
    return wanted.order_by(KitTemplate.code, KitTemplate.template_version)


_FITTING = select(
    _TEMPLATE.c.id, _TEMPLATE.c.code, _TEMPLATE.c.therapy_class, _TEMPLATE.c.methods, _TEMPLATE.c.access_kinds,
    _TEMPLATE.c.lowest_interval_hours, _TEMPLATE.c.highest_interval_hours, _TEMPLATE.c.lowest_lumens,
    _TEMPLATE.c.highest_lumens, _TEMPLATE.c.latex_allergic_only, _TEMPLATE.c.ages,
).where(
    _TEMPLATE.c.starts_on <= bindparam("on"), or_(_TEMPLATE.c.ends_on.is_(None), _TEMPLATE.c.ends_on >= bindparam("on"))
)  # fmt: skip
_FITTING_ONE_CLASS = _FITTING.where(_TEMPLATE.c.therapy_class == bindparam("therapy_class"))


def matching_templates(session: Session, on: date, care: Care) -> tuple[TemplateId, ...]:
    """Templates offered on a day that fit a therapy and its patient, the narrowest first."""
    rows = session.connection().execute(_FITTING_ONE_CLASS, {"on": on, "therapy_class": care.therapy_class.value})
    found = [(how, row.code, row.id) for row in rows if (how := rank(_fit(row), care)) is not None]
    return tuple(TemplateId(id_) for _, _, id_ in sorted(found))


def fits_on(session: Session, on: date) -> tuple[tuple[TemplateId, str, Fit], ...]:
    """Every template offered on a day, with its code and whom it is for."""
    rows = session.connection().execute(_FITTING, {"on": on})
    return tuple((TemplateId(row.id), row.code, _fit(row)) for row in rows)


def is_drug(kinds: dict[int, ItemKind], line: TemplateLine) -> bool:
    """Whether a line is a drug given with each dose or bag; the first of them stands for the drug that was ordered."""
    given = line.rule in (QuantityRule.PER_DOSE, QuantityRule.PER_BAG)
    return line.item_id is not None and given and kinds[line.item_id] is ItemKind.DRUG
