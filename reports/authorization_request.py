"""The request to a payer for an authorization: who, which therapy, which codes and days, and by which order."""

from dataclasses import dataclass
from datetime import date

from reports import shown
from reports.grid import Column, Grid
from reports.lettering import BODY, CODE, LARGE, LARGE_STRONG, SMALL
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
    paragraph_blocks,
    running_head,
)


@dataclass(frozen=True, slots=True)
class RequestedTherapy:
    """A therapy as ordered."""

    drug: str
    how: str
    first_on: date
    last_on: date | None
    prescriber: str
    prescriber_npi: str


@dataclass(frozen=True, slots=True)
class RequestedCode:
    """A code with the days and units asked for."""

    code: str
    modifiers: str
    description: str
    first_on: date
    last_on: date
    units: int


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """Everything on the paper."""

    letterhead: Letterhead
    printed: Printed
    reference: str
    payer: str
    payer_lines: tuple[str, ...]
    patient: str
    born_on: date | None
    member_id: str
    group_number: str
    patient_lines: tuple[str, ...]
    diagnoses: tuple[str, ...]
    therapies: tuple[RequestedTherapy, ...]
    codes: tuple[RequestedCode, ...]
    earlier: str = ""
    """What was authorized before, as a sentence."""
    note: str = ""


_THERAPIES = Grid(
    (
        Column("Therapy", 170),
        Column("How", 130, style=SMALL),
        Column("From", 62),
        Column("To", 62),
        Column("Ordered by", 116),
    ),
    least_height=17.0,
)
_CODES = Grid(
    (
        Column("Code", 50, style=CODE),
        Column("Modifiers", 58, style=CODE),
        Column("What", 240, style=SMALL),
        Column("From", 66),
        Column("To", 66),
        Column("Units", 60, "right"),
    ),
    least_height=17.0,
)


_ANSWER = "Please answer with the authorization's number, its days and its units."
_UNITS = "one unit is one day of therapy, or one unit of the code"
_SIGNED = "Signed ______________________________     Date ____________________"


def render(request: AuthorizationRequest) -> bytes:
    """The request as a PDF."""
    paper = Paper("Authorization request")
    first = letterhead_block(
        request.letterhead, "Authorization request", request.reference, "", copy=request.printed.copy
    )
    following = running_head(request.letterhead, "Authorization request", request.reference)
    draw_pages(paper, _blocks(paper, request), first, following, request.printed, request.reference)
    return paper.finish()


def _blocks(paper: Paper, request: AuthorizationRequest) -> list[Block]:
    patient = Panel(
        "Patient",
        (
            ("", request.patient, LARGE_STRONG),
            ("", f"Born {shown.day(request.born_on)}" if request.born_on else "", BODY),
            (
                "",
                f"Member {request.member_id}" + (f", group {request.group_number}" if request.group_number else ""),
                BODY,
            ),
            ("", "\n".join(request.patient_lines), BODY),
        ),
    )
    payer = Panel("To", (("", request.payer, LARGE_STRONG), ("", "\n".join(request.payer_lines), LARGE)))
    blocks = [panels_block(paper, (payer, patient), (0.5, 0.5), gap=0.0)]
    blocks.append(heading_block("Diagnoses"))
    blocks += paragraph_blocks(paper, ", ".join(request.diagnoses) or "None is recorded.", BODY)
    table = _THERAPIES.heading()
    blocks += [heading_block("Therapies"), table]
    for therapy in request.therapies:
        ordered = (
            f"{therapy.prescriber}\nNPI {therapy.prescriber_npi}" if therapy.prescriber_npi else therapy.prescriber
        )
        cells = (
            therapy.drug,
            therapy.how,
            shown.day(therapy.first_on),
            shown.day(therapy.last_on) if therapy.last_on else "goes on",
            ordered,
        )
        blocks.append(_THERAPIES.row(paper, cells, table))
    asked = _CODES.heading()
    blocks += [
        heading_block("We ask you to authorize", _UNITS),
        asked,
    ]
    for code in request.codes:
        cells_of_code = (
            code.code,
            code.modifiers,
            code.description,
            shown.day(code.first_on),
            shown.day(code.last_on),
            f"{code.units:,}",
        )
        blocks.append(_CODES.row(paper, cells_of_code, asked))
    if request.earlier:
        blocks += [heading_block("Before this"), *paragraph_blocks(paper, request.earlier, BODY)]
    if request.note:
        blocks += [heading_block("Why"), *paragraph_blocks(paper, request.note, BODY)]
    blocks += paragraph_blocks(paper, _ANSWER, BODY, gap=22.0)
    return [*blocks, *paragraph_blocks(paper, _SIGNED, BODY, gap=30.0)]
