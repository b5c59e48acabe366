"""The claim summary: what is billed for a patient and a period, day by day, and why each unit is there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum

from reports import shown
from reports.day_calendar import CalendarDay, DayState, TherapyCalendar, calendar_blocks
from reports.grid import Cell, Column, Grid, continued
from reports.lettering import BODY, CODE, FAINT, LARGE_STRONG, SMALL, STRONG, Style
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

__all__ = [
    "AuthorizationShown",
    "CalendarDay",
    "Claim",
    "ClaimSummary",
    "CoverageShown",
    "DayState",
    "DeliveryCover",
    "LineKind",
    "Patient",
    "ServiceLine",
    "TherapyCalendar",
    "TraceStep",
    "draw",
    "render",
    "render_batch",
]


class LineKind(Enum):
    """The three parts of a home infusion claim (NHIA: drugs, per diems, nursing), and what is billed besides."""

    PER_DIEM = "Per diem"
    DRUG = "Drugs"
    NURSING = "Nursing visits"
    OTHER = "Other supplies and services"


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One reason on the way to a line's units: the days it decides, the units, the rule and its evidence."""

    first: date | None
    last: date | None
    units: Decimal | int | None
    why: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A line of the claim; ``first`` and ``last`` are its from and to dates, both included."""

    number: int
    kind: LineKind
    code: str
    description: str
    first: date
    last: date
    units: Decimal | int
    charge: Decimal
    modifiers: tuple[str, ...] = ()
    unit: str = "day"
    rate: Decimal | None = None
    expected: Decimal | None = None
    ndc: str = ""
    authorization: str = ""
    trace: tuple[TraceStep, ...] = ()


@dataclass(frozen=True, slots=True)
class CoverageShown:
    """Who pays, and as whom the payer knows the patient."""

    payer: str
    member_id: str
    rank: str = "Primary"
    group_number: str = ""
    relation: str = ""
    payer_id: str = ""
    contract: str = ""


@dataclass(frozen=True, slots=True)
class AuthorizationShown:
    """What the payer has allowed and how much of it is left."""

    number: str
    codes: str
    first: date | None = None
    last: date | None = None
    approved: Decimal | int | None = None
    used: Decimal | int | None = None
    remaining: Decimal | int | None = None


@dataclass(frozen=True, slots=True)
class DeliveryCover:
    """A delivery, its proof, and the days its supplies cover."""

    number: str
    delivered_on: date | None
    proof: str
    first: date | None = None
    last: date | None = None
    days_counted: int | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim; ``missing`` holds a sentence for everything that keeps it from being sent."""

    number: str
    state: str
    coverage: CoverageShown
    lines: tuple[ServiceLine, ...] = ()
    authorizations: tuple[AuthorizationShown, ...] = ()
    calendars: tuple[TherapyCalendar, ...] = ()
    deliveries: tuple[DeliveryCover, ...] = ()
    missing: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    prescriber: str = ""
    place_of_service: str = ""
    rules: str = ""
    file_by: date | None = None

    @property
    def charge(self) -> Decimal:
        """The sum of all lines' charges."""
        return _sum(line.charge for line in self.lines)

    @property
    def expected(self) -> Decimal:
        """The sum of what the contract says the payer will allow, where it is known."""
        return _sum(line.expected for line in self.lines if line.expected is not None)

    @property
    def per_diem_units(self) -> Decimal:
        """All per-diem units of the claim."""
        return _units(line for line in self.lines if line.kind is LineKind.PER_DIEM)


@dataclass(frozen=True, slots=True)
class Patient:
    """The patient the claims are for."""

    name: str
    number: str = ""
    born_on: date | None = None
    address_lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimSummary:
    """A patient's claims for a period: one claim, or all of them."""

    letterhead: Letterhead
    printed: Printed
    patient: Patient
    first: date
    last: date
    claims: tuple[Claim, ...]


def render(summary: ClaimSummary) -> bytes:
    """The summary as a PDF; the same data gives the same bytes."""
    paper = Paper("Claim summary")
    draw(paper, summary)
    return paper.finish()


def render_batch(summaries: Sequence[ClaimSummary]) -> bytes:
    """Several patients' summaries in one PDF, each counting its own pages. ValueError when there is none."""
    if not summaries:
        raise ValueError("no claim summary to print")
    paper = Paper("Claim summaries")
    for summary in summaries:
        paper.missing = ""
        draw(paper, summary)
    return paper.finish()


def draw(paper: Paper, summary: ClaimSummary) -> None:
    """The summary's pages on a paper that may hold others."""
    claims = summary.claims
    number = f"Claim {claims[0].number}" if len(claims) == 1 else shown.count(len(claims), "claim", "claims")
    period = shown.days(summary.first, summary.last)
    first = letterhead_block(summary.letterhead, "Claim summary", number, details=(period,), copy=summary.printed.copy)
    following = running_head(summary.letterhead, f"Claim summary · {number}", f"{summary.patient.name} · {period}")
    draw_pages(paper, _blocks(paper, summary), first, following, summary.printed, number)


def _blocks(paper: Paper, summary: ClaimSummary) -> list[Block]:
    if not summary.claims:
        return [_patient(paper, summary.patient, None), heading_block("No claim for this patient in this period")]
    if len(summary.claims) == 1:
        (claim,) = summary.claims
        return [_patient(paper, summary.patient, claim), *_claim_blocks(paper, claim)]
    blocks = [_patient(paper, summary.patient, None), *_overview(paper, summary.claims)]
    for claim in summary.claims:
        blocks.append(_claim_title(claim))
        blocks.append(_coverage_only(paper, claim))
        blocks.extend(_claim_blocks(paper, claim))
    return blocks


def _claim_title(claim: Claim) -> Block:
    def draw(paper: Paper, top: float) -> None:
        paper.box(paper.left, top - 20, paper.room, 20, fill=0.0, stroke=None)
        paper.text(paper.left + 8, top - 14, f"Claim {claim.number}", Style(STRONG.font, 11, 13, 1.0))
        paper.text(paper.right - 8, top - 14, claim.state, Style(STRONG.font, 9, 11, 1.0), "right")

    return Block(20.0, draw, keep_with_next=True, gap=20.0)


def _patient(paper: Paper, patient: Patient, claim: Claim | None) -> Block:
    born = f"Born {shown.day(patient.born_on)}" if patient.born_on else ""
    number = f"Patient no. {patient.number}" if patient.number else ""
    who = Panel(
        "Patient",
        (
            ("", patient.name, LARGE_STRONG),
            ("", "   ".join(part for part in (born, number) if part), BODY),
            ("", "\n".join(patient.address_lines), BODY),
        ),
    )
    if claim is None:
        return panels_block(paper, (who,), (1.0,), gap=0.0)
    return panels_block(paper, (who, _coverage(claim), _facts(claim)), (0.34, 0.34, 0.32), gap=0.0)


def _coverage_only(paper: Paper, claim: Claim) -> Block:
    return panels_block(paper, (_coverage(claim), _facts(claim)), (0.5, 0.5), gap=6.0)


def _coverage(claim: Claim) -> Panel:
    coverage = claim.coverage
    known = (
        ("Member ID", coverage.member_id),
        ("Group", coverage.group_number),
        ("Patient is", coverage.relation),
        ("Payer ID", coverage.payer_id),
        ("Contract", coverage.contract),
    )
    rest = "\n".join(f"{name} {value}" for name, value in known if value)
    return Panel(f"{coverage.rank} coverage", (("", coverage.payer, Style(STRONG.font, 10, 12.4)), ("", rest, BODY)))


def _facts(claim: Claim) -> Panel:
    known = (
        ("State", claim.state),
        ("Diagnosis", ", ".join(claim.diagnoses)),
        ("Prescriber", claim.prescriber),
        ("Place of service", claim.place_of_service),
        ("Rules", claim.rules),
        ("File by", shown.day(claim.file_by)),
    )
    return Panel("Claim", (("", "\n".join(f"{name}: {value}" for name, value in known if value), BODY),))


_OVERVIEW = Grid(
    (
        Column("Claim", 84, style=CODE),
        Column("Payer", 150),
        Column("State", 90),
        Column("Missing", 46, "right"),
        Column("Per-diem units", 46, "right"),
        Column("Charge", 62, "right"),
        Column("Expected", 62, "right"),
    )
)


def _overview(paper: Paper, claims: Sequence[Claim]) -> list[Block]:
    table = _OVERVIEW.heading()
    blocks = [heading_block("Claims in this period"), table]
    for claim in claims:
        missing = str(len(claim.missing)) if claim.missing else "–"
        cells = (
            claim.number,
            claim.coverage.payer,
            claim.state,
            missing,
            shown.number(claim.per_diem_units),
            shown.money(claim.charge),
            shown.money(claim.expected),
        )
        blocks.append(_OVERVIEW.row(paper, cells, table, keep=claim is claims[-1]))
    totals = (
        "Total",
        "",
        "",
        "",
        shown.number(sum((claim.per_diem_units for claim in claims), Decimal(0))),
        shown.money(_sum(claim.charge for claim in claims)),
        shown.money(_sum(claim.expected for claim in claims)),
    )
    blocks.append(_OVERVIEW.row(paper, totals, table, strong=True, shaded=True))
    return blocks


def _claim_blocks(paper: Paper, claim: Claim) -> list[Block]:
    return [
        *_missing(paper, claim.missing),
        *_authorizations(paper, claim.authorizations),
        *_service_lines(paper, claim),
        *calendar_blocks(paper, claim.calendars),
        *_deliveries(paper, claim.deliveries),
        *_traces(paper, claim.lines),
    ]


def _missing(paper: Paper, missing: Sequence[str]) -> list[Block]:
    if not missing:
        return [_ready()]
    grid = Grid((Column("Done", 30, "center", box=True), Column("What is missing", 510, style=Style(size=8.6))), 18.0)
    title = shown.count(len(missing), "thing is", "things are") + " missing before it can be sent"
    rows = [
        grid.row(paper, ("", sentence), keep=index == 0 and len(missing) > 1) for index, sentence in enumerate(missing)
    ]
    return [heading_block(title), *rows]


def _ready() -> Block:
    def draw(paper: Paper, top: float) -> None:
        paper.box(paper.left, top - 18, paper.room, 18, stroke=0.0, weight=0.9, round_by=3)
        paper.text(paper.left + 8, top - 12.5, "The checks of this claim found nothing missing.", STRONG)

    return Block(18.0, draw, gap=10.0)


_AUTHORIZATIONS = Grid(
    (
        Column("Number", 110, style=CODE),
        Column("For", 160),
        Column("Valid", 126),
        Column("Approved", 48, "right"),
        Column("Used", 48, "right"),
        Column("Left", 48, "right", STRONG),
    )
)


def _authorizations(paper: Paper, authorizations: Sequence[AuthorizationShown]) -> list[Block]:
    if not authorizations:
        return []
    table = _AUTHORIZATIONS.heading()
    blocks = [heading_block("Authorization"), table]
    for one in authorizations:
        cells = (
            one.number,
            one.codes,
            shown.days(one.first, one.last),
            shown.number(one.approved),
            shown.number(one.used),
            shown.number(one.remaining),
        )
        blocks.append(_AUTHORIZATIONS.row(paper, cells, table))
    return blocks


_LINES = Grid(
    (
        Column("#", 18, "right", SMALL),
        Column("Code", 42, style=Style(CODE.font, 8.4, 10.4)),
        Column("Modifiers", 42, style=Style(CODE.font, 7.6, 10)),
        Column("Description", 146),
        Column("From – to", 88, style=SMALL),
        Column("Units", 40, "right", STRONG),
        Column("Rate", 46, "right"),
        Column("Charge", 59, "right"),
        Column("Expected", 59, "right"),
    )
)


def _service_lines(paper: Paper, claim: Claim) -> list[Block]:
    if not claim.lines:
        return [heading_block("Service lines", "none yet")]
    table = _LINES.heading()
    blocks = [heading_block("Service lines"), table]
    kinds = [kind for kind in LineKind if any(line.kind is kind for line in claim.lines)]
    for kind in kinds:
        lines = [line for line in claim.lines if line.kind is kind]
        subtotal = f"{shown.money(_sum(line.charge for line in lines))} charged"
        blocks.append(_LINES.group(kind.value, table, subtotal))
        again = continued(table, kind.value, _LINES)
        blocks.extend(
            _LINES.row(paper, _line_cells(line), again, keep=kind is kinds[-1] and line is lines[-1]) for line in lines
        )
    total = (
        "",
        "",
        "",
        "Claim total",
        "",
        "",
        "",
        shown.money(claim.charge),
        shown.money(claim.expected),
    )
    blocks.append(_LINES.row(paper, total, table, strong=True, shaded=True))
    return blocks


def _line_cells(line: ServiceLine) -> tuple[Cell, ...]:
    described: list[tuple[str, Style]] = [(line.description, BODY)]
    if line.ndc:
        described.append((f"NDC {line.ndc}", FAINT))
    if line.authorization:
        described.append((f"Authorization {line.authorization}", FAINT))
    return (
        str(line.number),
        line.code,
        " ".join(line.modifiers),
        tuple(described),
        shown.days(line.first, line.last),
        ((shown.number(line.units), STRONG), (line.unit, FAINT)),
        shown.money(line.rate),
        shown.money(line.charge),
        shown.money(line.expected),
    )


_DELIVERIES = Grid(
    (
        Column("Delivery", 76, style=CODE),
        Column("Delivered", 72),
        Column("Proof", 200),
        Column("Covers", 142),
        Column("Days counted", 50, "right", STRONG),
    )
)


def _deliveries(paper: Paper, deliveries: Sequence[DeliveryCover]) -> list[Block]:
    if not deliveries:
        return []
    table = _DELIVERIES.heading()
    blocks = [heading_block("Deliveries behind these days"), table]
    for one in deliveries:
        proof: Cell = one.proof or (("no proof of delivery", STRONG),)
        cells: tuple[Cell, ...] = (
            one.number,
            shown.day(one.delivered_on) or (("not delivered", STRONG),),
            proof,
            shown.days(one.first, one.last),
            shown.number(one.days_counted),
        )
        blocks.append(_DELIVERIES.row(paper, cells, table))
    return blocks


_TRACE = Grid(
    (
        Column("Days", 116, style=SMALL),
        Column("Units", 40, "right", STRONG),
        Column("Why", 224),
        Column("Evidence", 160, style=SMALL),
    ),
    least_height=13.0,
)


def _traces(paper: Paper, lines: Sequence[ServiceLine]) -> list[Block]:
    explained = [line for line in lines if line.trace]
    if not explained:
        return []
    table = _TRACE.heading()
    blocks = [heading_block("Why these units"), table]
    for line in explained:
        code = " ".join((line.code, *line.modifiers))
        name = f"Line {line.number} · {code}"
        again = continued(table, name, _TRACE)
        blocks.append(_TRACE.group(name, table, f"{shown.number(line.units)} × {line.unit}"))
        for step in line.trace:
            cells = (shown.days(step.first, step.last), shown.number(step.units), step.why, step.evidence)
            blocks.append(_TRACE.row(paper, cells, again))
    return blocks


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), Decimal("0.00"))


def _units(lines: Iterable[ServiceLine]) -> Decimal:
    return sum((Decimal(line.units) for line in lines), Decimal(0))
