"""The log of one pump or pole from registration on, for an accreditation surveyor: what was done, by whom, measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from reports import shown
from reports.grid import Cell, Column, Grid
from reports.lettering import BODY, CODE, FAINT, SMALL, STRONG, Style, capitals
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

_SMALL = Style(size=8.0, leading=9.8)
_WHEN = Style(size=7.6, leading=9.6)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """Something that happened to it. ``patient`` is the home's number, never a name."""

    at: datetime
    deed: str
    state: str
    place: str
    by: str
    document: str = ""
    note: str = ""
    recorded_at: datetime | None = None
    """When it was typed in, where that was on another day."""


@dataclass(frozen=True, slots=True)
class CheckEntry:
    """A function check: each value in the order of ``AssetLog.measures``, "" where it was not measured then."""

    at: datetime
    passed: bool
    by: str
    values: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class AssetLog:
    """The whole life of one pump or pole."""

    letterhead: Letterhead
    printed: Printed
    tag: str
    serial: str
    model: str
    manufacturer: str
    state: str
    place: str
    owner: str
    acquired_on: date | None
    firmware: str
    library: str
    run_hours: int
    checked_on: date | None
    maintenance_due_on: date | None
    maintenance_rule: str
    limits: tuple[str, ...]
    """What a check allows, such as "Flow accuracy -6 to 6 %"."""
    accessories: tuple[str, ...]
    measures: tuple[str, ...]
    checks: tuple[CheckEntry, ...]
    entries: tuple[LogEntry, ...]
    standing: tuple[str, ...] = ()
    """What stands against its use now: a hold, a fault, missing accessories."""


_EVENTS = Grid(
    (
        Column("When", 82, style=_WHEN),
        Column("What was done", 104, style=Style(STRONG.font, 8.4, 10.2)),
        Column("Then", 84, style=_SMALL),
        Column("Where", 100, style=_SMALL),
        Column("By", 70, style=_SMALL),
        Column("Remarks", 100, style=SMALL),
    )
)
_MOST_MEASURES = 8


def scan_code(tag: str) -> str:
    """What the code on the log says: the pump itself."""
    return f"AST:{tag}"


def render(log: AssetLog) -> bytes:
    """The log as a PDF."""
    paper = Paper(f"Equipment log {log.tag}")
    code = scan_code(log.tag)
    first = letterhead_block(log.letterhead, "Equipment log", log.tag, code, copy=log.printed.copy)
    following = running_head(log.letterhead, "Equipment log", f"{log.tag} · serial {log.serial}", code)
    draw_pages(paper, _blocks(paper, log), first, following, log.printed, f"Equipment log {log.tag}")
    return paper.finish()


def _blocks(paper: Paper, log: AssetLog) -> list[Block]:
    thing = Panel(
        "Equipment",
        (
            ("", log.model, Style(STRONG.font, 11.0, 13.6)),
            ("", log.manufacturer, BODY),
            ("", f"Serial number {log.serial}", Style(CODE.font, 9.0, 11.4)),
            ("", f"Owner: {log.owner or 'the pharmacy'}", BODY),
            ("", f"Acquired {shown.day(log.acquired_on)}" if log.acquired_on else "", BODY),
            ("", f"Software {log.firmware}" if log.firmware else "", BODY),
            ("", f"Drug library {log.library}" if log.library else "", BODY),
            ("", f"Hour meter {log.run_hours:,}" if log.run_hours else "", BODY),
            ("Travels with", ", ".join(log.accessories), BODY),
        ),
    )
    now = Panel(
        "As it stands",
        (
            ("", f"{capitals(log.state[:1])}{log.state[1:]}", Style(STRONG.font, 11.0, 13.6)),
            ("", log.place, BODY),
            (
                "",
                f"Last passed check {shown.day(log.checked_on)}" if log.checked_on else "No passed check stands",
                BODY,
            ),
            ("", f"Maintenance due {shown.day(log.maintenance_due_on)}" if log.maintenance_due_on else "", BODY),
            ("Maintenance", log.maintenance_rule, BODY),
            ("The check allows", "\n".join(log.limits), _SMALL),
            ("Stands against its use", "\n".join(log.standing), STRONG),
        ),
    )
    blocks = [panels_block(paper, (thing, now), (0.5, 0.5), gap=0.0)]
    blocks.extend(_checks(paper, log))
    table = _EVENTS.heading()
    blocks.extend(
        (heading_block("Everything that happened to it", f"{len(log.entries):,} entries, oldest first"), table)
    )
    blocks.extend(_EVENTS.row(paper, _cells(entry), table) for entry in log.entries)
    return [*blocks, _end(log)]


def _checks(paper: Paper, log: AssetLog) -> list[Block]:
    if not log.checks:
        return [heading_block("Function checks", "none recorded")]
    measures = log.measures[:_MOST_MEASURES]
    wide = (paper.room - 82 - 46 - 80) / max(1, len(measures))
    grid = Grid(
        (
            Column("Checked", 82, style=_WHEN),
            Column("Result", 46, style=STRONG),
            *(Column(name, wide, style=_SMALL) for name in measures),
            Column("By", 80, style=_SMALL),
        )
    )
    table = grid.heading()
    passed = sum(check.passed for check in log.checks)
    blocks: list[Block] = [
        heading_block("Function checks", f"{passed:,} passed, {len(log.checks) - passed:,} failed"), table
    ]  # fmt: skip
    blocks.extend(
        grid.row(
            paper,
            (
                shown.instant(check.at),
                "passed" if check.passed else "FAILED",
                *check.values[:_MOST_MEASURES],
                check.by,
            ),
            table,
        )
        for check in log.checks
    )
    return blocks


def _cells(entry: LogEntry) -> Sequence[Cell]:
    late = f"recorded {shown.instant(entry.recorded_at)}" if entry.recorded_at else ""
    remarks = tuple((text, style) for text, style in (
        (entry.note, SMALL), (entry.document, SMALL), (late, FAINT)) if text)  # fmt: skip
    return (
        shown.instant(entry.at), entry.deed, entry.state, entry.place, entry.by, remarks,
    )  # fmt: skip


def _end(log: AssetLog) -> Block:
    high = 46.0

    def draw(paper: Paper, top: float) -> None:
        said = "Entries are added and never changed. Reviewed by:"
        paper.text(paper.left, top - 10, said, SMALL)
        for x, end, name in (
            (paper.left, paper.left + 240, "Name and signature"),
            (paper.left + 260, paper.right, "Date"),
        ):
            paper.rule(x, top - 34, end, 0.0, 0.7)
            paper.text(x, top - 42, name, FAINT)

    return Block(high, draw, gap=14.0)
