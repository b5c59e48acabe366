"""The delivery manifest: what goes to a patient's home, by lot and serial, and the signature that proves it arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from reports import shown
from reports.grid import Cell, Column, Grid, continued
from reports.lettering import BODY, CAPTION, CODE, FAINT, LARGE, LARGE_STRONG, SMALL, STRONG, Style
from reports.paper import (
    Block,
    Letterhead,
    Panel,
    Paper,
    Printed,
    draw_pages,
    heading_block,
    letterhead_block,
    panels_block,
    running_head,
)

_PER_LOT_ROWS_TOGETHER = 12


class Storage(Enum):
    """How something is kept until it is used."""

    ROOM = "Room"
    REFRIGERATED = "Refrigerate"
    FROZEN = "Freeze"

    @property
    def is_cold(self) -> bool:
        """Whether it travels in a cold tote."""
        return self is not Storage.ROOM

    @property
    def mark(self) -> str:
        """The word in a narrow column, in capitals where it must not be overlooked."""
        return {"Room": "Room", "Refrigerate": "COLD", "Freeze": "FROZEN"}[self.value]

    @property
    def instruction(self) -> str:
        """What the person who unpacks does with it."""
        if self is Storage.REFRIGERATED:
            return "COLD 2–8 °C: put into the refrigerator on arrival"
        return "FROZEN: put into the freezer on arrival" if self is Storage.FROZEN else "Room temperature"


@dataclass(frozen=True, slots=True)
class Recipient:
    """The patient and the door the delivery goes to."""

    name: str
    address_lines: tuple[str, ...]
    phone: str = ""
    patient_number: str = ""
    born_on: date | None = None
    caregiver: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """When and how the delivery is to arrive."""

    deliver_on: date | None
    window: str = ""
    instructions: str = ""
    carried_by: str = ""
    tracking_number: str = ""


@dataclass(frozen=True, slots=True)
class TherapySupplied:
    """A therapy the delivery is for and the days its supplies shall last, both ends included."""

    name: str
    supply_from: date | None = None
    supply_through: date | None = None
    prescriber: str = ""
    access_device: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What did not stay with the patient, once it is known; None leaves the box empty for the pen."""

    not_delivered: int | None = None
    refused: int | None = None
    returned: int | None = None


@dataclass(frozen=True, slots=True)
class LotSent:
    """A part of a line: how many of which lot, in which tote."""

    quantity: int
    lot: str = ""
    expires_on: date | None = None
    serial: str = ""
    tote: str = ""
    outcome: Outcome = Outcome()


@dataclass(frozen=True, slots=True)
class Line:
    """An item on the delivery with every lot it is sent from; ``kind`` is the group it prints under."""

    kind: str
    item_number: str
    description: str
    unit: str
    lots: tuple[LotSent, ...]
    storage: Storage = Storage.ROOM
    note: str = ""

    @property
    def quantity(self) -> int:
        """All that is sent of the item, in its unit."""
        return sum(lot.quantity for lot in self.lots)


@dataclass(frozen=True, slots=True)
class EquipmentSent:
    """A pump or pole that stays with the patient and comes back."""

    kind: str
    model: str
    serial: str
    asset_number: str = ""
    checked_on: date | None = None
    maintenance_due_on: date | None = None
    note: str = ""
    outcome: Outcome = Outcome()


@dataclass(frozen=True, slots=True)
class Tote:
    """A box, bag or cooler the driver carries."""

    label: str
    storage: Storage = Storage.ROOM
    contents: str = ""
    seal: str = ""


@dataclass(frozen=True, slots=True)
class Owed:
    """What was needed but could not be sent, and remains owed to the patient."""

    item_number: str
    description: str
    quantity: int
    unit: str
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Who did a step of the delivery and when: picked, verified, packed, shipped."""

    name: str
    by: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof of delivery, once recorded."""

    received_by: str
    relation: str
    at: datetime | None
    remark: str = ""
    signature_on_file: bool = True


@dataclass(frozen=True, slots=True)
class DeliveryManifest:
    """All that one delivery's manifest shows."""

    letterhead: Letterhead
    printed: Printed
    number: str
    recipient: Recipient
    visit: Visit
    therapies: tuple[TherapySupplied, ...] = ()
    lines: tuple[Line, ...] = ()
    equipment: tuple[EquipmentSent, ...] = ()
    totes: tuple[Tote, ...] = ()
    owed: tuple[Owed, ...] = ()
    steps: tuple[Step, ...] = ()
    receipt: Receipt | None = None
    state: str = ""


def scan_code(number: str) -> str:
    """What the code on the manifest says; scanned in the application it opens the delivery."""
    return f"DLV:{number}"


def render(manifest: DeliveryManifest) -> bytes:
    """The manifest as a PDF; the same data gives the same bytes."""
    paper = Paper(f"Delivery manifest {manifest.number}")
    draw(paper, manifest)
    return paper.finish()


def render_batch(manifests: Sequence[DeliveryManifest]) -> bytes:
    """Several manifests in one PDF, each counting its own pages. ValueError when there is none."""
    if not manifests:
        raise ValueError("no manifest to print")
    paper = Paper("Delivery manifests")
    for manifest in manifests:
        paper.missing = ""
        draw(paper, manifest)
    return paper.finish()


def draw(paper: Paper, manifest: DeliveryManifest) -> None:
    """The manifest's pages on a paper that may hold others."""
    code = scan_code(manifest.number)
    first = letterhead_block(
        manifest.letterhead,
        "Delivery manifest",
        f"No. {manifest.number}",
        code,
        (manifest.state,) if manifest.state else (),
        manifest.printed.copy,
    )
    subject = f"{manifest.number} · {manifest.recipient.name}"
    following = running_head(manifest.letterhead, "Delivery manifest", subject, code)
    draw_pages(paper, _blocks(paper, manifest), first, following, manifest.printed, f"Delivery {manifest.number}")


def _blocks(paper: Paper, manifest: DeliveryManifest) -> list[Block]:
    blocks = [_who_and_when(paper, manifest)]
    if manifest.therapies:
        blocks.append(_therapies(paper, manifest.therapies))
    if manifest.totes:
        blocks.extend(_totes(paper, manifest.totes))
    blocks.extend(_equipment(paper, manifest.equipment))
    blocks.extend(_supplies(paper, manifest.lines))
    blocks.extend(_owed(paper, manifest.owed))
    if manifest.steps:
        blocks.append(_steps(paper, manifest.steps))
    blocks.append(_signatures(paper, manifest.receipt))
    return blocks


def _who_and_when(paper: Paper, manifest: DeliveryManifest) -> Block:
    who, visit = manifest.recipient, manifest.visit
    born = f"Born {shown.day(who.born_on)}" if who.born_on else ""
    number = f"Patient no. {who.patient_number}" if who.patient_number else ""
    identity = "   ".join(part for part in (born, number) if part)
    patient = Panel(
        "Deliver to",
        (
            ("", who.name, LARGE_STRONG),
            ("", "\n".join(who.address_lines), LARGE),
            ("", f"Phone {who.phone}" if who.phone else "", LARGE),
            ("", f"Caregiver {who.caregiver}" if who.caregiver else "", BODY),
            ("", identity, BODY),
        ),
    )
    when = "  ".join(part for part in (shown.day(visit.deliver_on), visit.window) if part)
    how = "   ".join(
        part
        for part in (visit.carried_by, f"Tracking {visit.tracking_number}" if visit.tracking_number else "")
        if part
    )
    delivery = Panel(
        "Delivery window",
        (
            ("", when or "Not agreed", LARGE_STRONG),
            ("", how, BODY),
            ("Instructions", visit.instructions or "None", Style(size=9.0, leading=11.4)),
        ),
    )
    return panels_block(paper, (patient, delivery), (0.5, 0.5), gap=0.0)


def _therapies(paper: Paper, therapies: Sequence[TherapySupplied]) -> Block:
    entries = tuple(
        (
            "",
            " · ".join(
                part
                for part in (
                    therapy.name,
                    f"supplies for {shown.days(therapy.supply_from, therapy.supply_through)}"
                    if therapy.supply_from or therapy.supply_through
                    else "",
                    f"access: {therapy.access_device}" if therapy.access_device else "",
                    f"ordered by {therapy.prescriber}" if therapy.prescriber else "",
                )
                if part
            ),
            Style(size=8.5, leading=11.0),
        )
        for therapy in therapies
    )
    return panels_block(paper, (Panel("Therapy and supply period", entries),), (1.0,), gap=8.0)


def _totes(paper: Paper, totes: Sequence[Tote]) -> list[Block]:
    grid = Grid(
        (
            Column("Loaded", 42, "center", box=True),
            Column("Tote", 62, style=Style(STRONG.font, 9.0, 11.0)),
            Column("Keep", 210, style=Style(STRONG.font, 8.0, 10.0)),
            Column("Contents", 146),
            Column("Seal", 80, style=CODE),
        ),
        least_height=20.0,
    )
    cold = sum(tote.storage.is_cold for tote in totes)
    title = shown.count(len(totes), "tote", "totes") + " to carry in"
    table = grid.heading()
    blocks = [heading_block(title, f"{cold} of them cold" if cold else "none of them cold"), table]
    for tote in totes:
        cells = ("", tote.label, tote.storage.instruction, tote.contents, tote.seal)
        blocks.append(grid.row(paper, cells, table, shaded=tote.storage.is_cold))
    return blocks


_BOXES = (Column("Not deliv.", 34, box=True), Column("Refused", 34, box=True), Column("Returned", 34, box=True))
_SUPPLIES = Grid(
    (
        Column("Item no.", 56, style=SMALL),
        Column("Description", 132),
        Column("Qty", 28, "right", Style(STRONG.font, 9.0, 10.4)),
        Column("Unit", 30, style=SMALL),
        Column("Lot / serial", 76, style=CODE),
        Column("Expires", 53, style=SMALL),
        Column("Keep", 37, style=SMALL),
        Column("Tote", 26, "center", SMALL),
        *_BOXES,
    ),
    least_height=20.0,
)


def _supplies(paper: Paper, lines: Sequence[Line]) -> list[Block]:
    if not lines:
        return [heading_block("Supplies and drugs"), _remark("Nothing but what is listed above.")]
    table = _SUPPLIES.heading()
    note = "write a number where something did not stay with the patient"
    blocks = [heading_block("Supplies and drugs", note), table]
    for kind in dict.fromkeys(line.kind for line in lines):
        group = [line for line in lines if line.kind == kind]
        again = continued(table, kind, _SUPPLIES)
        blocks.append(_SUPPLIES.group(kind, table, shown.count(len(group), "line", "lines")))
        for line in group:
            blocks.extend(_line_rows(paper, line, again))
    return blocks


def _line_rows(paper: Paper, line: Line, heading: Block) -> list[Block]:
    """A row for each lot; the lots of a line stay on one page unless there are very many."""
    lots = line.lots or (LotSent(0),)
    together = len(lots) <= _PER_LOT_ROWS_TOGETHER
    rows = []
    for index, lot in enumerate(lots):
        last = index == len(lots) - 1
        if index == 0:
            first: tuple[Cell, Cell] = (line.item_number, _described(line))
        elif together:
            first = ("", "")
        else:
            first = (line.item_number, ((f"{line.description} (more lots)", FAINT),))
        cells = (*first, *_lot_cells(line, lot))
        rows.append(_SUPPLIES.row(paper, cells, heading, keep=together and not last, ruled=last or not together))
    return rows


def _described(line: Line) -> Cell:
    parts: list[tuple[str, Style]] = [(line.description, BODY)]
    if line.note:
        parts.append((line.note, FAINT))
    if len(line.lots) > 1:
        parts.append((f"{line.quantity:,} {line.unit} in {len(line.lots)} lots", FAINT))
    return tuple(parts)


def _lot_cells(line: Line, lot: LotSent) -> tuple[Cell, ...]:
    keep: Cell = ((line.storage.mark, Style(STRONG.font, 7.2, 8.8)),) if line.storage.is_cold else "Room"
    marks: tuple[tuple[str, Style], ...] = ((lot.lot, CODE),) if lot.lot else ()
    if lot.serial:
        marks = (*marks, (f"SN {lot.serial}", CODE))
    return (
        f"{lot.quantity:,}",
        line.unit,
        marks,
        shown.day(lot.expires_on),
        keep,
        lot.tote,
        *_outcome_cells(lot.outcome),
    )


def _outcome_cells(outcome: Outcome) -> tuple[str, str, str]:
    return (_entered(outcome.not_delivered), _entered(outcome.refused), _entered(outcome.returned))


def _entered(amount: int | None) -> str:
    return "" if amount is None else f"{amount:,}"


_EQUIPMENT = Grid(
    (
        Column("Kind", 48, style=SMALL),
        Column("Model", 132, style=STRONG),
        Column("Serial", 98, style=Style(CODE.font, 8.2, 10.4)),
        Column("Asset", 54, style=CODE),
        Column("Checked", 53, style=SMALL),
        Column("Service due", 53, style=SMALL),
        *_BOXES,
    ),
    least_height=22.0,
)


def _equipment(paper: Paper, equipment: Sequence[EquipmentSent]) -> list[Block]:
    if not equipment:
        return []
    table = _EQUIPMENT.heading()
    blocks = [heading_block("Equipment", "remains the pharmacy's property and is collected after therapy"), table]
    for one in equipment:
        model: Cell = ((one.model, STRONG), (one.note, FAINT)) if one.note else one.model
        cells: tuple[Cell, ...] = (
            one.kind,
            model,
            one.serial,
            one.asset_number,
            shown.day(one.checked_on),
            shown.day(one.maintenance_due_on),
            *_outcome_cells(one.outcome),
        )
        blocks.append(_EQUIPMENT.row(paper, cells, table))
    return blocks


def _owed(paper: Paper, owed: Sequence[Owed]) -> list[Block]:
    if not owed:
        return []
    grid = Grid(
        (
            Column("Item no.", 62, style=SMALL),
            Column("Description", 250),
            Column("Owed", 40, "right", STRONG),
            Column("Unit", 48, style=SMALL),
            Column("Expected", 140),
        )
    )
    table = grid.heading()
    blocks = [heading_block("Still owed", "needed, but not on this delivery"), table]
    for one in owed:
        cells = (one.item_number, one.description, f"{one.quantity:,}", one.unit, one.expected)
        blocks.append(grid.row(paper, cells, table))
    return blocks


def _steps(paper: Paper, steps: Sequence[Step]) -> Block:
    said = "     ".join(
        f"{step.name} by {step.by}" + (f", {shown.instant(step.at)}" if step.at else "") for step in steps
    )
    lines = paper.lines(said, SMALL, paper.room)

    def draw(paper: Paper, top: float) -> None:
        for index, line in enumerate(lines):
            paper.text(paper.left, top - 8 - index * SMALL.leading, line, SMALL)

    return Block(len(lines) * SMALL.leading + 4, draw, gap=10.0)


def _remark(text: str) -> Block:
    return Block(14.0, lambda paper, top: paper.text(paper.left, top - 9, text, BODY))


_SIGNATURE_HEIGHT = 158.0
_RELATIONS = ("Patient", "Spouse", "Parent", "Child", "Caregiver", "Nurse", "Other:")


def _signatures(paper: Paper, receipt: Receipt | None) -> Block:
    """The receipt, on one page: name, relation, date and time, and the driver's hand.

    Medicare wants the recipient's own signature and the date it was received, a designee's relationship, and never the
    supplier's staff as recipient (Noridian, proof of delivery).
    """
    remark = paper.lines(f"Remark: {receipt.remark}", BODY, paper.room - 24, 2) if receipt and receipt.remark else ()

    def draw(paper: Paper, top: float) -> None:
        left, right = paper.left + 12, paper.right - 12
        paper.box(
            paper.left, top - _SIGNATURE_HEIGHT, paper.room, _SIGNATURE_HEIGHT, stroke=0.0, weight=1.0, round_by=3
        )
        paper.text(left, top - 16, "Received", Style(STRONG.font, 10.5, 13))
        claim = "I received everything listed above in the quantities shown, except as marked in the boxes."
        paper.text(left + 56, top - 16, claim, BODY)
        _field(paper, left, top - 52, 250, "Name in print", receipt.received_by if receipt else "")
        _field(
            paper,
            left + 266,
            top - 52,
            right - left - 266,
            "Signature",
            "on file" if receipt and receipt.signature_on_file else "",
        )
        _relations(paper, left, top - 80, right, receipt.relation if receipt else "")
        at = receipt.at if receipt else None
        _field(paper, left, top - 112, 120, "Date", shown.day(at.date()) if at else "")
        _field(paper, left + 136, top - 112, 114, "Time", f"{at:%H:%M}" if at else "")
        _field(paper, left + 266, top - 112, right - left - 266, "Driver (not the recipient)", "")
        for index, line in enumerate(remark):
            paper.text(left, top - 133 - index * 10, line, BODY)
        if not remark:
            _field(paper, left, top - 144, right - left, "Remarks", "")

    return Block(_SIGNATURE_HEIGHT, draw, gap=14.0)


def _field(paper: Paper, x: float, y: float, wide: float, caption: str, value: str) -> None:
    if value:
        paper.text(x + 2, y + 3, value, Style(STRONG.font, 9.5, 12), room=wide - 4)
    paper.rule(x, y, x + wide, 0.0, 0.7)
    paper.text(x, y - 8, caption, CAPTION)


def _relations(paper: Paper, x: float, y: float, right: float, relation: str) -> None:
    paper.text(x, y, "Relation", Style(STRONG.font, 8, 10))
    step = (right - x - 44) / (len(_RELATIONS) + 0.9)
    known = next((name for name in _RELATIONS[:-1] if name.casefold() == relation.strip().casefold()), "")
    for index, name in enumerate(_RELATIONS):
        at = x + 44 + index * step
        paper.box(at, y - 2, 10, 10, stroke=0.0, weight=0.8)
        chosen = name == known if name != "Other:" else bool(relation) and not known
        if chosen:
            paper.text(at + 5, y - 0.2, "X", Style(STRONG.font, 9, 10), "center")
        paper.text(at + 14, y, name, BODY)
    other = x + 44 + (len(_RELATIONS) - 1) * step + 40
    paper.rule(other, y - 2, right, 0.0, 0.7)
    if relation and not known:
        paper.text(other + 2, y, relation, STRONG, room=right - other - 2)
