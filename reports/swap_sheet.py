"""The exchange or hand-over of a pump on one sheet: the old one's fault, the new one, what is shown and signed."""

from dataclasses import dataclass
from datetime import date

from reports import shown
from reports.delivery_manifest import Recipient
from reports.grid import Column, Grid
from reports.lettering import BODY, CAPTION, CODE, LARGE, LARGE_STRONG, SMALL, STRONG, Style
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

_CODE = Style(CODE.font, 9.0, 11.4)


@dataclass(frozen=True, slots=True)
class Pump:
    """A pump as the sheet shows it."""

    tag: str
    serial: str
    model: str
    checked_on: date | None = None
    maintenance_due_on: date | None = None
    firmware: str = ""
    library: str = ""
    accessories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HandOver:
    """The hand-over of a pump; with ``old`` it is an exchange, and ``fault`` says why."""

    letterhead: Letterhead
    printed: Printed
    number: str
    code: str
    patient: Recipient
    day: date | None
    window: str
    therapy: str
    new: Pump | None
    """None until one was scanned for the delivery: its fields are left to write in."""
    old: Pump | None = None
    fault: str = ""
    reported: str = ""
    shown_lines: tuple[str, ...] = ()
    """What the patient or caregiver is shown."""


_LIST = Grid((Column("Yes", 34, box=True), Column("No", 34, box=True), Column("What", 472, style=BODY)),
             least_height=19.0)  # fmt: skip
_THINGS = Grid(
    (Column("There", 34, box=True), Column("Accessory", 250, style=STRONG), Column("Remarks", 256, box=True)),
    least_height=19.0,
)
USUAL = (
    "The pump's settings were compared with the order by the person handing it over",
    "Starting, stopping and changing the bag or cassette was shown and done by the patient or caregiver",
    "Alarms: what they sound like, what to do, whom to call at night",
    "Battery or power cord: how to charge, how to change",
    "Cleaning, and keeping the pump dry and safe",
    "The pump belongs to the pharmacy and is returned when the therapy ends",
)
"""What is shown where the model has no list of its own: our own working list."""


def render(sheet: HandOver) -> bytes:
    """The sheet as a PDF."""
    title = "Pump exchange" if sheet.old else "Pump hand-over"
    paper = Paper(f"{title} {sheet.number}")
    first = letterhead_block(sheet.letterhead, title, f"No. {sheet.number}", sheet.code, copy=sheet.printed.copy)
    following = running_head(sheet.letterhead, title, f"{sheet.number} · {sheet.patient.name}", sheet.code)
    draw_pages(paper, _blocks(paper, sheet), first, following, sheet.printed, f"{title} {sheet.number}")
    return paper.finish()


def _blocks(paper: Paper, sheet: HandOver) -> list[Block]:
    when = "  ".join(part for part in (shown.day(sheet.day), sheet.window) if part)
    where = Panel(
        "Patient",
        (
            ("", sheet.patient.name, LARGE_STRONG),
            ("", "\n".join(sheet.patient.address_lines), LARGE),
            ("", f"Phone {sheet.patient.phone}" if sheet.patient.phone else "", LARGE),
            ("", f"Caregiver {sheet.patient.caregiver}" if sheet.patient.caregiver else "", BODY),
        ),
    )
    why = Panel(
        "When and why",
        (
            ("", when or "not agreed", LARGE_STRONG),
            ("Therapy", sheet.therapy, BODY),
            ("What is wrong", sheet.fault, STRONG),
            ("Reported", sheet.reported, BODY),
            (
                "",
                "The therapy goes on without a break; its days and per diem are unchanged." if sheet.old else "",
                SMALL,
            ),
        ),
    )
    blocks = [panels_block(paper, (where, why), (0.5, 0.5), gap=0.0)]
    pumps = [_panel("New pump: stays with the patient", sheet.new)]
    if sheet.old is not None:
        pumps.insert(0, _panel("Old pump: comes back, not clean", sheet.old))
    blocks.append(panels_block(paper, pumps, [1 / len(pumps)] * len(pumps), gap=8.0))
    extras = sheet.new.accessories if sheet.new else (sheet.old.accessories if sheet.old else ())
    if extras:
        table = _THINGS.heading()
        blocks.extend((heading_block("Handed over with it"), table))
        blocks.extend(_THINGS.row(paper, ("", each, ""), table) for each in extras)
    table = _LIST.heading()
    blocks.extend((heading_block("Hand-over check list"), table))
    blocks.extend(_LIST.row(paper, ("", "", each), table) for each in sheet.shown_lines or USUAL)
    return [*blocks, _signed(sheet)]


def _panel(title: str, pump: Pump | None) -> Panel:
    if pump is None:
        blank = (("Tag", "\n____________________", BODY), ("Serial number", "\n____________________", BODY))
        return Panel(title, blank)
    return Panel(
        title,
        (
            ("", f"{pump.tag}  {pump.model}", LARGE_STRONG),
            ("", f"Serial number {pump.serial}", _CODE),
            ("", f"Function check passed {shown.day(pump.checked_on)}" if pump.checked_on else "", BODY),
            ("", f"Maintenance due {shown.day(pump.maintenance_due_on)}" if pump.maintenance_due_on else "", BODY),
            ("", f"Software {pump.firmware}" if pump.firmware else "", BODY),
            ("", f"Drug library {pump.library}" if pump.library else "", BODY),
        ),
    )


def _signed(sheet: HandOver) -> Block:
    high = 104.0

    def draw(paper: Paper, top: float) -> None:
        paper.box(paper.left, top - high, paper.room, high, stroke=0.0, weight=1.0, round_by=3)
        left, right = paper.left + 12, paper.right - 12
        said = "I received the new pump, was shown how it works, and gave the old one back." if sheet.old else (
            "I received the pump and was shown how it works.")  # fmt: skip
        paper.text(left, top - 16, said, Style(STRONG.font, 9.5, 12))
        for x, y, end, name in (
            (left, top - 50, left + 200, "Name in print"),
            (left + 216, top - 50, left + 310, "Relation to the patient"),
            (left + 326, top - 50, right, "Signature"),
            (left, top - 86, left + 100, "Date and time"),
            (left + 116, top - 86, right, "Handed over by: name and signature"),
        ):
            paper.rule(x, y, end, 0.0, 0.7)
            paper.text(x, y - 8, name, CAPTION)

    return Block(high, draw, gap=14.0)
