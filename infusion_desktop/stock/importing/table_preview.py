"""What a table somebody brings would do: columns matched to fields, lines read by field, problems placed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Generic, TypeVar

from infusion_desktop.dates import read_day
from infusion_desktop.errors import Refused
from infusion_desktop.stock.importing.table_files import Problem, lines_to_mend, read_headed_table

MOST_PROBLEMS = 200

Row = TypeVar("Row")
Value = TypeVar("Value")
Fields = Mapping[str, tuple[str, ...]]
"""What a kind of table can hold, and the headings that are understood as it without asking."""


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of table: what each line is, what it can hold, and what has to be there (one field of each group)."""

    noun: str
    fields: Fields
    required: tuple[tuple[str, ...], ...]

    def missing(self, mapping: Mapping[str, int]) -> list[str]:
        """What no column holds, such as "item or gtin"."""
        return [" or ".join(group) for group in self.required if not any(each in mapping for each in group)]


@dataclass(frozen=True, slots=True)
class Preview(Generic[Row]):
    """What a file would do, before anything is changed: the rows that are good, every problem, the lines as read."""

    headings: tuple[str, ...]
    mapping: dict[str, int]
    """Field to column, from 0."""
    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()
    cells: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def bad_lines(self) -> bytes:
        """The lines with a problem as they came, with what is wrong in a last column: a CSV to mend and bring again."""
        found: dict[int, list[str]] = {}
        for each in self.problems:
            found.setdefault(each.line, []).append(f"{each.column}: {each.reason}" if each.column else each.reason)
        return lines_to_mend(self.headings, self.cells, found)

    def refuse_problems(self) -> None:
        """Refused, naming the first of them, while there are problems, or nothing to take in."""
        if self.problems or not self.rows:
            raise Refused(*[str(each) for each in self.problems[:20]] or ("There is nothing to take in.",))

    def also(self, problems: list[Problem]) -> "Preview[Row]":
        """The same file with problems that were found afterwards."""
        return replace(self, problems=(*self.problems, *problems))


class Line:
    """A line of the table by field, and what is found wrong in it."""

    def __init__(self, number: int, cells: list[str], headings: tuple[str, ...], mapping: Mapping[str, int]) -> None:
        self.number, self.mapping, self.problems = number, mapping, list[Problem]()
        self._cells, self._headings = cells, headings

    @property
    def is_good(self) -> bool:
        return not self.problems

    def text(self, field: str) -> str:
        """What stands in a field, without blanks around it; "" where the file has no such column."""
        place = self.mapping.get(field, -1)
        return self._cells[place].strip() if 0 <= place < len(self._cells) else ""

    def value(self, field: str, read: Callable[[str], Value], empty: Value) -> Value:
        """A field as its reader understands it; ``empty`` where nothing stands there or the reader refuses it."""
        text = self.text(field)
        if not text:
            return empty
        try:
            return read(text)
        except Refused as no:
            self.wrong(field, str(no))
            return empty

    def wrong(self, field: str, reason: str) -> None:
        """Say what is wrong, at the file's own heading; ``field`` "" for the whole line."""
        place = self.mapping.get(field, -1)
        heading = self._headings[place] if 0 <= place < len(self._headings) else field
        self.problems.append(Problem(self.number, heading, reason))


def read_cell_day(text: str) -> date:
    """A day as it was typed, or as a workbook writes it."""
    return read_day(text.removesuffix(" 00:00:00"))


def match(headings: tuple[str, ...], fields: Fields) -> dict[str, int]:
    """Which column holds which field, by the headings."""
    plain = [re.sub(r"[\s_./#-]+", " ", heading.casefold()).strip() for heading in headings]
    found = {each: next((plain.index(name) for name in names if name in plain), -1) for each, names in fields.items()}
    return {each: place for each, place in found.items() if place >= 0}


def look_at(
    form: Form, content: bytes, name: str, read: Callable[[Line], Row | None], mapping: Mapping[str, int] | None = None
) -> Preview[Row]:
    """Read a file line by line, changing nothing; ``mapping`` (field to column) stands instead of the headings.

    ``read`` gives a line's row, or says on the line what is wrong. Refused when the file is no table at all.
    """
    headings, table = read_headed_table(content, name)
    if not any(headings):
        such = ", ".join(list(form.fields)[:3])
        raise Refused(f"{name} is empty. Its first line must name the columns, such as {such}.")
    chosen = dict(mapping) if mapping is not None else match(headings, form.fields)
    if missing := form.missing(chosen):
        named = " and the ".join(missing)
        sentence = f"No column holds the {named}. Match the columns, or name them in the first line."
        return Preview(headings, chosen, problems=(Problem(1, "", sentence),))
    rows: list[Row] = []
    problems: list[Problem] = []
    kept: dict[int, tuple[str, ...]] = {}
    for number, cells in table:
        if not any(cell.strip() for cell in cells):
            continue
        kept[number], line = tuple(cells), Line(number, cells, headings, chosen)
        if len(cells) > len(headings):
            line.wrong("", f"{len(cells)} cells, but the first line names {len(headings)} columns.")
        elif (row := read(line)) is not None and line.is_good:
            rows.append(row)
        problems += line.problems
        if len(problems) > MOST_PROBLEMS:
            problems = [*problems[:MOST_PROBLEMS], Problem(number, "", "... and more. Mend these first.")]
            break
    if not kept:
        problems.append(Problem(1, "", f"There is no {form.noun} below the first line."))
    return Preview(headings, chosen, tuple(rows), tuple(problems), kept)
