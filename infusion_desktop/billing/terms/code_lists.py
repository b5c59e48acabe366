"""Imported HCPCS lists: codes with their days beside the shipped table; previewed, taken in, ended, never deleted.

CMS publishes the list each quarter (columns HCPC, LONG DESCRIPTION, SHORT DESCRIPTION, ADD DT, ACT EFF DT, TERM DT,
days as 20260101). S codes are not Medicare's but stand in the same file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.rules.codes import Code, CodeTable
from infusion_desktop.billing.tables import HcpcsCode
from infusion_desktop.billing.terms.code_table import code_sources, code_table
from infusion_desktop.database.counters import Counter, next_number
from infusion_desktop.database.engine import Database
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.errors import Refused
from infusion_desktop.stock.importing.table_files import Problem, read_table
from infusion_desktop.stock.importing.table_preview import MOST_PROBLEMS, Line, match, read_cell_day

SERIES = "hcpcs lists"
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "code": ("hcpc", "hcpcs", "code", "hcpcs code"),
    "description": ("short description", "description", "long description"),
    "starts_on": ("add dt", "starts on", "effective", "effective date", "from", "act eff dt"),
    "ends_on": ("term dt", "ends on", "end date", "termination date", "to"),
}
LONGEST = 300
_TITLE_LINES = 15
_PACKED_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})(\.0)?", re.ASCII)


class CodeChange(StrEnum):
    """What a line of the list does."""

    NEW = "new"
    CHANGED = "changed"
    ENDED = "ended"
    SAME = "as now"


@dataclass(frozen=True, slots=True)
class ListedCode:
    """A code of a list or of the books, with what is known of it."""

    code: str
    description: str
    starts_on: date
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class ComparedCode:
    """A line of the list beside what is known."""

    line: int
    listed: ListedCode
    change: CodeChange
    shipped: bool
    """Whether the rules of the shipped table know it."""


@dataclass(frozen=True, slots=True)
class CodeList:
    """What a file holds; nothing is taken in while it has problems."""

    name: str
    codes: tuple[tuple[int, ListedCode], ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code as the list of codes shows it."""

    code: str
    description: str
    family: str
    per_diem: bool
    starts_on: date | None
    ends_on: date | None
    source: str


def read_code_list(content: bytes, name: str) -> CodeList:
    """Read a list without changing anything; Refused when it is no table of codes."""
    lines = [(number, cells) for number, cells in read_table(content, name) if any(cell.strip() for cell in cells)]
    for place, (_, cells) in enumerate(lines[:_TITLE_LINES]):
        headings = tuple(cell.strip() for cell in cells)
        columns = match(headings, HEADINGS)
        if {"code", "description", "starts_on"} <= set(columns):
            return _read(name, [Line(number, row, headings, columns) for number, row in lines[place + 1 :]])
    raise Refused(f"{name} names no columns of codes: it needs the code, its description and its first day.")


def compare_codes(session: Session, listed: CodeList) -> tuple[ComparedCode, ...]:
    """Each code of a list beside the books, in the order of the file."""
    kept = {row.code: row for row in _rows(session)}
    shipped = code_table().by_code
    found = []
    for line, each in listed.codes:
        known = kept.get(each.code)
        if known is None:
            change = (
                CodeChange.ENDED if each.ends_on else CodeChange.CHANGED if each.code in shipped else CodeChange.NEW
            )
        elif (known.description, known.starts_on, known.ends_on) == (each.description, each.starts_on, each.ends_on):
            change = CodeChange.SAME
        else:
            change = CodeChange.ENDED if each.ends_on and known.ends_on is None else CodeChange.CHANGED
        found.append(ComparedCode(line, each, change, each.code in shipped))
    return tuple(found)


def import_code_list(database: Database, listed: CodeList, by: UserId) -> int:
    """Take a list in, all or none; a code that is no longer on it stays as it is. Gives how many codes changed."""
    if listed.problems or not listed.codes:
        raise Refused(*map(str, listed.problems[:20]) or (f"{listed.name} holds no code.",))
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        wanted = [each for each in compare_codes(session, listed) if each.change is not CodeChange.SAME]
        if not wanted:
            raise Refused(f"Every code of {listed.name} is known as it stands there.")
        known = {row.code for row in _rows(session)}
        rows = [_values(each.listed, listed.name) for each in wanted]
        new = [row for row in rows if row["code"] not in known]
        if new:
            session.execute(insert(HcpcsCode), new)
        for row in rows:
            if row["code"] in known:
                session.execute(update(HcpcsCode).where(HcpcsCode.code == row["code"]).values(**row))
        next_number(session, SERIES)
        counts = {change.value: sum(each.change is change for each in wanted) for change in CodeChange}
        record(session, by, "import codes", "hcpcs list", after={"codes": len(wanted), **counts})
    return len(wanted)


_STAMP = Prepared(lambda _dialect: select(Counter.last).where(Counter.series == SERIES))
_KNOWN: "WeakKeyDictionary[Engine, tuple[int, CodeTable]]" = WeakKeyDictionary()


def codes_in(session: Session) -> CodeTable:
    """The codes as this pharmacy knows them: the shipped table with imported days, and the codes it does not have."""
    stamp = _STAMP.value(session, {})
    if stamp is None:
        return code_table()
    engine = session.get_bind()
    engine = engine if isinstance(engine, Engine) else engine.engine
    known = _KNOWN.get(engine)
    if known is None or known[0] != stamp:
        known = stamp, _overlaid(session)
        _KNOWN[engine] = known
    return known[1]


def code_rows(session: Session) -> tuple[CodeRow, ...]:
    """Every code known here, by code."""
    sources, shipped = {row.code: row.source for row in _rows(session)}, code_sources()
    return tuple(
        CodeRow(
            each.code, each.description, each.family.replace("_", " "), each.per_diem, each.first_on, each.last_on,
            sources.get(each.code) or "; ".join(shipped[key].what for key in each.sources),
        )
        for each in sorted(codes_in(session).codes, key=lambda one: one.code)
    )  # fmt: skip


def _overlaid(session: Session) -> CodeTable:
    kept = {row.code: row for row in _rows(session)}
    shipped = tuple(
        replace(code, first_on=row.starts_on, last_on=row.ends_on) if (row := kept.pop(code.code, None)) else code
        for code in code_table().codes
    )
    others = tuple(
        Code(row.code, row.description, "other", unit="each", first_on=row.starts_on, last_on=row.ends_on)
        for row in kept.values()
    )
    return CodeTable(shipped + others)


def _rows(session: Session) -> Sequence[HcpcsCode]:
    return session.scalars(select(HcpcsCode).order_by(HcpcsCode.code)).all()


def _values(listed: ListedCode, source: str) -> dict[str, object]:
    return {
        "code": listed.code, "description": listed.description, "starts_on": listed.starts_on,
        "ends_on": listed.ends_on, "source": source[:80],
    }  # fmt: skip


def _read(name: str, lines: Sequence[Line]) -> CodeList:
    found: dict[str, tuple[int, ListedCode]] = {}
    problems: list[Problem] = []
    for line in lines:
        code = line.text("code").upper()
        if (len(code) == 2 and code.isalnum()) or code in found:
            continue  # The CMS file lists modifiers among the codes, and goes on with a long description in more lines.
        first, last = line.value("starts_on", _day, None), line.value("ends_on", _day, None)
        if not (len(code) == 5 and code.isalnum() and code.isascii()):
            line.wrong("code", f"“{code[:12]}” is not a code of five letters and digits.")
        elif first is None and line.is_good:
            line.wrong("starts_on", f"{code} has no first day.")
        elif first is not None and last is not None and last < first:
            line.wrong("ends_on", f"{code} ends before it begins.")
        problems += line.problems
        if first is not None and line.is_good:
            found[code] = line.number, ListedCode(code, line.text("description")[:LONGEST] or code, first, last)
    if not found and not problems:
        problems.append(Problem(1, "", "There is no code below the headings."))
    if len(problems) > MOST_PROBLEMS:
        problems = [*problems[:MOST_PROBLEMS], Problem(problems[MOST_PROBLEMS].line, "", "... and more from here.")]
    return CodeList(name, tuple(found.values()), tuple(problems))


def _day(text: str) -> date:
    packed = _PACKED_DAY.fullmatch(text)
    return read_cell_day(f"{packed[1]}-{packed[2]}-{packed[3]}" if packed else text)
