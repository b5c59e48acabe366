"""A contract's prices as a file, CSV or Excel, ours or the CMS DMEPOS fee schedule: read, compared, then taken in.

The CMS file (columns HCPCS, Mod, Mod2, JURIS, CATG, Ceiling, Floor, then "OR (NR)" and "OR (R)" for every state, below
some lines of title) has one price column a state for places that are not rural (NR) and one for those that are (R); it
names no effective day, so a person does.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.rules.therapy import RateBasis
from infusion_desktop.billing.terms.fees import KeptFee, NewFee, add_fees, fee_problems, fees
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day
from infusion_desktop.errors import Refused
from infusion_desktop.patients.words import PayerId
from infusion_desktop.stock.importing.table_files import Problem, read_table
from infusion_desktop.stock.importing.table_preview import MOST_PROBLEMS, Line, match, read_cell_day

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "code": ("code", "hcpcs", "hcpcs code", "procedure", "procedure code", "cpt"),
    "rate": ("rate", "fee", "allowed", "price", "amount", "contract rate", "allowable"),
    "charge": ("charge", "our charge", "usual charge", "billed"),
    "starts_on": ("starts on", "from", "effective", "effective date", "start", "start date", "eff date"),
    "ends_on": ("ends on", "to", "end", "end date", "through", "term date", "termination date"),
    "modifiers": ("modifiers", "modifier", "mod", "mods"),
    "basis": ("basis", "rate basis", "unit"),
    "rate_key": ("rate key", "drug", "agreement"),
    "category": ("category", "catg", "payment category"),
}
"""What can be taken in, and the headings understood as it."""
_NEEDED = ("code", "rate")
_AMOUNT = re.compile(r"\d{1,9}(\.\d{1,4})?", re.ASCII)
_CMS = ("hcpcs", "mod", "mod2", "juris", "catg")
_STATE = re.compile(r"([A-Z]{2}) ?\((NR|R)\)", re.ASCII)
_TITLE_LINES = 30
MOST_COLUMNS = 130
"""The CMS file has two columns for each state and territory, beside seven of its own."""


class Layout(StrEnum):
    """Which file it is."""

    CONTRACT = "contract price list"
    CMS = "CMS DMEPOS fee schedule"


class Change(StrEnum):
    """What a line of the file does to the contract."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "as now"


@dataclass(frozen=True, slots=True)
class FileFee:
    """A price of the file and the line it stands on."""

    line: int
    fee: NewFee


@dataclass(frozen=True, slots=True)
class FeeFile:
    """What a file holds: nothing is taken in while it has problems. ``skipped`` lines have no price for the place."""

    name: str
    layout: Layout
    fees: tuple[FileFee, ...]
    problems: tuple[Problem, ...]
    lines: int
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class ComparedFee:
    """A price of the file beside the one in force on its first day (None: there is none)."""

    line: int
    fee: NewFee
    was: Decimal | None
    change: Change


@dataclass(frozen=True, slots=True)
class Place:
    """Whose price column of the CMS file counts: a state, and whether the pharmacy's patients live in rural places."""

    state: str
    rural: bool = False

    @property
    def column(self) -> str:
        """The heading of the column."""
        return f"{self.state} ({'R' if self.rural else 'NR'})"


def read_fee_file(content: bytes, name: str, *, starts_on: date | None = None, place: Place | None = None) -> FeeFile:
    """Read a price file without changing anything; problems are listed by line, never guessed around.

    ``starts_on`` stands in where the file names no first day. Refused when the file is no table at all, or when a CMS
    file comes without a place or a first day.
    """
    lines = [
        (number, cells)
        for number, cells in read_table(content, name, MOST_COLUMNS)
        if any(cell.strip() for cell in cells)
    ]
    heading = next((n for n, (_, cells) in enumerate(lines[:_TITLE_LINES]) if _is_cms(cells)), None)
    if heading is not None:
        if place is None or starts_on is None:
            raise Refused(f"{name} is the CMS fee schedule: choose the state and the day its prices begin.")
        return _read_cms(name, lines[heading][1], lines[heading + 1 :], place, starts_on)
    if not lines:
        raise Refused(f"{name} is empty. Its first line must name the columns, such as code, rate, starts_on.")
    return _read_contract(name, lines[0], lines[1:], starts_on)


def states_in(content: bytes, name: str) -> tuple[str, ...]:
    """The states of a CMS file, in order; empty when it is a contract's own list."""
    for number, cells in read_table(content, name, MOST_COLUMNS):
        if _is_cms(cells):
            found = (_STATE.fullmatch(cell.strip()) for cell in cells)
            return tuple(sorted({match[1] for match in found if match}))
        if number > _TITLE_LINES:
            break
    return ()


def compare(session: Session, payer: PayerId, file: FeeFile) -> tuple[ComparedFee, ...]:
    """Each price of the file beside the contract's, in the order of the file."""
    now: dict[tuple[object, ...], list[KeptFee]] = {}
    for kept in fees(session, payer):
        now.setdefault(_same(kept.fee), []).append(kept)
    return tuple(_compared(each, now.get(_same(each.fee), [])) for each in file.fees)


def import_fee_file(database: Database, payer: PayerId, file: FeeFile, by: UserId) -> int:
    """Take the prices of a file in, all or none; prices that are already so are left. Gives how many changed.

    Refused while the file has problems, and for a price that begins the same day as another at a different rate.
    """
    if file.problems or not file.fees:
        raise Refused(*[str(each) for each in file.problems[:20]] or [f"{file.name} holds no price."])
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        wanted = [each for each in compare(session, payer, file) if each.change is not Change.SAME]
        if not wanted:
            raise Refused(f"Every price of {file.name} is in the contract already.")
        added = add_fees(session, payer, [each.fee for each in wanted])
        after = {"file": file.layout.value, "lines": file.lines, "codes": [each.fee.code for each in wanted]}
        record(session, by, "import fees", "payer", payer, after=after)
    return added


def import_fees(database: Database, payer: PayerId, text: str, by: UserId) -> int:
    """Take a price list in as CSV text, all or none; Refused names each wrong line and column."""
    return import_fee_file(database, payer, read_fee_file(text.encode(), "The list"), by)


def _is_cms(cells: Sequence[str]) -> bool:
    return tuple(cell.strip().lower() for cell in cells[: len(_CMS)]) == _CMS


def _same(fee: NewFee) -> tuple[object, ...]:
    return fee.code, fee.modifiers, fee.basis, fee.rate_key


def _compared(each: FileFee, kept: Sequence[KeptFee]) -> ComparedFee:
    day = each.fee.starts_on
    now = [
        other.fee
        for other in kept
        if other.fee.starts_on <= day and (other.fee.ends_on is None or other.fee.ends_on >= day)
    ]
    was = now[0].rate if now else None
    if not now:
        return ComparedFee(each.line, each.fee, None, Change.NEW)
    same = (now[0].rate, now[0].charge, now[0].category) == (each.fee.rate, each.fee.charge, each.fee.category)
    return ComparedFee(each.line, each.fee, was, Change.SAME if same else Change.CHANGED)


# A contract's own list


def _read_contract(
    name: str, heading: tuple[int, list[str]], lines: Sequence[tuple[int, list[str]]], starts_on: date | None
) -> FeeFile:
    number, cells = heading
    headings = tuple(cell.strip() for cell in cells)
    columns = match(headings, HEADINGS)
    problems = [Problem(number, "", f"no column holds the {field}.") for field in _NEEDED if field not in columns]
    if "starts_on" not in columns and starts_on is None:
        problems.append(Problem(number, "", "no column says from when a price holds. Choose the day instead."))
    known = set(columns.values())
    unknown = [each for place, each in enumerate(headings) if each and place not in known]
    problems += [Problem(number, each[:40], "is not a column of a price list.") for each in unknown]
    if problems:
        return FeeFile(name, Layout.CONTRACT, (), tuple(problems), len(lines))
    found: list[FileFee] = []
    for each, row in lines:
        line = Line(each, row, headings, columns)
        fee = _fee(line, starts_on)
        if len(row) > len(headings):
            line.wrong("", f"{len(row)} cells, but the first line names {len(headings)} columns.")
        problems += line.problems
        if fee is not None and line.is_good:
            found.append(FileFee(each, fee))
    return _finished(name, Layout.CONTRACT, found, problems, len(lines))


def _fee(line: Line, starts_on: date | None) -> NewFee | None:
    rate = _amount(line, "rate")
    first = line.value("starts_on", read_cell_day, None) or starts_on
    if first is None and line.is_good:
        line.wrong("starts_on", "is empty: from when does the price hold?")
    basis = line.text("basis").upper().replace(" ", "_") or RateBasis.PER_DIEM.name
    if basis not in RateBasis.__members__:
        known = ", ".join(each.words for each in RateBasis)
        line.wrong("basis", f"“{line.text('basis')[:20]}” is none of {known}.")
    charge = _amount(line, "charge") if line.text("charge") else rate
    last = line.value("ends_on", read_cell_day, None)
    if first is None or not line.is_good:
        return None
    fee = NewFee(
        line.text("code").upper(), rate, charge, first, last,
        tuple(line.text("modifiers").upper().replace(",", " ").split()), RateBasis[basis], line.text("rate_key"),
        line.text("category").upper(),
    )  # fmt: skip
    for sentence in fee_problems(fee):
        line.wrong("", sentence)
    return fee


def _amount(line: Line, field: str) -> Decimal:
    plain = line.text(field).removeprefix("$").replace(",", "").strip()
    if not _AMOUNT.fullmatch(plain):
        line.wrong(field, f"“{line.text(field)[:20]}” is not an amount, such as 95.50.")
        return Decimal(0)
    return Decimal(plain)


# The CMS file


def _read_cms(
    name: str, heading: Sequence[str], lines: Sequence[tuple[int, list[str]]], place: Place, starts_on: date
) -> FeeFile:
    titles = [cell.strip() for cell in heading]
    try:
        column = next(
            n for n, title in enumerate(titles) if (match := _STATE.fullmatch(title)) and _place_of(match) == place
        )
    except StopIteration:
        raise Refused(f"{name} has no column {place.column}. Choose a state that is in the file.") from None
    found: list[FileFee] = []
    problems: list[Problem] = []
    skipped = 0
    for line, row in lines:
        typed = row[column].strip().removeprefix("$").replace(",", "") if column < len(row) else ""
        if not typed or not typed.strip("0."):
            skipped += 1  # No price for this place: the item is not paid by fee schedule there.
            continue
        if not _AMOUNT.fullmatch(typed):
            problems.append(Problem(line, titles[column], f"“{typed[:20]}” is not an amount, such as 95.50."))
            continue
        rate = Decimal(typed)
        marks = tuple(cell.strip().upper() for cell in row[1:3] if cell.strip())
        fee = NewFee(
            row[0].strip().upper(), rate, rate, starts_on, None, marks, RateBasis.PER_DISPENSE, "", row[4].strip()
        )
        problems += [Problem(line, "", sentence) for sentence in fee_problems(fee)]
        found.append(FileFee(line, fee))
    return _finished(name, Layout.CMS, found, problems, len(lines), skipped)


def _place_of(match: re.Match[str]) -> Place:
    return Place(match[1], match[2] == "R")


def _finished(
    name: str, layout: Layout, fees: list[FileFee], problems: list[Problem], lines: int, skipped: int = 0
) -> FeeFile:
    problems += _twice(fees)
    if not fees and not problems:
        problems.append(Problem(1, "", "there is no price below the headings."))
    problems.sort(key=lambda each: each.line)
    if len(problems) > MOST_PROBLEMS:
        problems = [*problems[:MOST_PROBLEMS], Problem(problems[MOST_PROBLEMS].line, "", "... and more from here.")]
    return FeeFile(name, layout, tuple(fees), tuple(problems), lines, skipped)


def _twice(fees: Sequence[FileFee]) -> list[Problem]:
    """Prices of one code that hold on the same day: which one counts cannot be told from the file."""
    found = []
    by_key: dict[tuple[object, ...], list[FileFee]] = {}
    for each in fees:
        by_key.setdefault(_same(each.fee), []).append(each)
    for group in by_key.values():
        for before, after in pairwise(sorted(group, key=_by_first_day)):
            if before.fee.starts_on == after.fee.starts_on:
                day = show_day(after.fee.starts_on)
                sentence = f"{after.fee.code} from {day} stands on line {before.line} already."
                found.append(Problem(after.line, "", sentence))
    return found


def _by_first_day(each: FileFee) -> tuple[date, int]:
    return each.fee.starts_on, each.line
