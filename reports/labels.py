"""Labels: totes, pumps, lots and bins, each with a data matrix and the same in words, one by one or on a sheet."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TypeVar

from reports import shown
from reports.delivery_manifest import Storage
from reports.lettering import BOLD, MONO, REGULAR, Style, shrunk
from reports.paper import INCH, LETTER, Paper
from reports.safe_text import SUBSTITUTE, printable


@dataclass(frozen=True, slots=True)
class Stock:
    """The label paper: a label's size and how many stand on a page; margins and steps in points."""

    page: tuple[float, float]
    wide: float
    high: float
    columns: int = 1
    rows: int = 1
    left: float = 0.0
    top: float = 0.0
    step_x: float = 0.0
    step_y: float = 0.0

    @property
    def per_page(self) -> int:
        """How many labels a page has."""
        return self.columns * self.rows

    def corner(self, place: int) -> tuple[float, float]:
        """The lower left corner of a place on the page, counted along the rows from 0."""
        row, column = divmod(place, self.columns)
        return self.left + column * self.step_x, self.page[1] - self.top - row * self.step_y - self.high


class LabelStock(Enum):
    """The label papers a pharmacy has: thermal rolls and letter sheets of the common sizes."""

    THERMAL_2X1 = Stock((2 * INCH, 1 * INCH), 2 * INCH, 1 * INCH)
    THERMAL_4X3 = Stock((4 * INCH, 3 * INCH), 4 * INCH, 3 * INCH)
    SHEET_30 = Stock(LETTER, 2.625 * INCH, 1 * INCH, 3, 10, 0.1875 * INCH, 0.5 * INCH, 2.75 * INCH, 1 * INCH)
    SHEET_6 = Stock(LETTER, 4 * INCH, 3.3333 * INCH, 2, 3, 0.15625 * INCH, 0.5 * INCH, 4.1875 * INCH, 3.3333 * INCH)


@dataclass(frozen=True, slots=True)
class Label:
    """A small label; ``code`` is what the scanner reads (bracketed GS1 text with ``gs1``), ``name`` the large line."""

    code: str
    name: str
    lines: tuple[str, ...] = ()
    mark: str = ""
    gs1: bool = False


@dataclass(frozen=True, slots=True)
class ToteLabel:
    """The label on a tote; the patient is named as much as the driver needs to find the right home."""

    delivery_number: str
    tote: int
    totes: int
    patient: str
    place: str
    deliver_on: date | None
    window: str = ""
    route: str = ""
    storage: Storage = Storage.ROOM
    contents: str = ""
    pharmacy: str = ""
    copy: bool = False
    """Printed before: two labels of one tote would be counted as two totes."""


def tote_code(delivery_number: str, tote: int) -> str:
    """What a tote's label is scanned as: each tote of a delivery has its own code."""
    return f"TOTE:{delivery_number}/{tote}"


def asset_label(asset_number: str, model: str, serial: str, owner: str = "") -> Label:
    """The label of a pump or pole; scanned as "AST:<number>"."""
    lines = tuple(line for line in (model, f"SN {serial}" if serial else "", owner) if line)
    return Label(f"AST:{asset_number}", asset_number, lines)


def bin_label(bin_name: str, description: str = "", zone: str = "") -> Label:
    """The label of a bin; scanned as "LOC:<name>"."""
    return Label(f"LOC:{bin_name}", bin_name, tuple(line for line in (zone, description) if line))


def lot_label(
    item_number: str,
    description: str,
    lot: str,
    expires_on: date | None,
    gtin: str = "",
    storage: Storage = Storage.ROOM,
    own: str = "",
) -> Label:
    """The label of a lot: GS1 (GTIN, expiry, lot) where the GTIN is known, else ``own`` or "LOT:<item>/<lot>".

    A lot number with brackets or blanks, or one that is too long for GS1, is never put into a GS1 code.
    """
    gtin = gtin if _GS1_LOT.fullmatch(lot) else ""
    expiry = f"(17){expires_on:%y%m%d}" if expires_on else ""
    code = f"(01){gtin.zfill(14)}{expiry}(10){lot}" if gtin else own or f"LOT:{item_number}/{lot}"
    lines = (
        f"Lot {lot}",
        f"Exp {shown.day(expires_on)}" if expires_on else "No expiry",
        description,
    )
    return Label(code, item_number, lines, storage.mark if storage.is_cold else "", gs1=bool(gtin))


def render(labels: Sequence[Label], stock: LabelStock = LabelStock.THERMAL_2X1, skip: int = 0) -> bytes:
    """Small labels on a roll or a sheet; ``skip`` places of the first sheet are already used. ValueError for none."""
    return _print("Labels", labels, stock.value, skip, _draw_label)


def render_totes(labels: Sequence[ToteLabel], stock: LabelStock = LabelStock.THERMAL_4X3, skip: int = 0) -> bytes:
    """Tote labels on a roll or a sheet of large labels; ValueError for none."""
    return _print("Tote labels", labels, stock.value, skip, _draw_tote)


_GS1_LOT = re.compile(r"[A-Za-z0-9._/-]{1,20}")
_Any = TypeVar("_Any", Label, ToteLabel)
_PAD = 7.0


def _print(
    title: str,
    labels: Sequence[_Any],
    stock: Stock,
    skip: int,
    draw: Callable[[Paper, _Any, float, float, Stock], None],
) -> bytes:
    if not labels:
        raise ValueError("no label to print")
    paper = Paper(title, stock.page)
    place = skip % stock.per_page
    for index, label in enumerate(labels):
        if place == stock.per_page:
            paper.next_page()
            place = 0
        x, y = stock.corner(place)
        paper.missing = ""
        draw(paper, label, x, y, stock)
        if paper.missing:
            paper.text(x + stock.wide - 3, y + 2.5, f"{SUBSTITUTE} cannot be printed", Style(REGULAR, 4.6, 6), "right")
        place += 1
        if index == len(labels) - 1:
            paper.next_page()
    return paper.finish()


def _draw_label(paper: Paper, label: Label, x: float, y: float, stock: Stock) -> None:
    size = stock.high - 2 * _PAD - 10
    top = y + stock.high - _PAD
    paper.symbol(x + _PAD, top - size, size, label.code, label.gs1)
    paper.text(x + _PAD, y + _PAD - 1, label.code, _fit(label.code, MONO, 5.4, 3.2, stock.wide - 2 * _PAD))
    left = x + _PAD + size + 7
    room = x + stock.wide - 4 - left
    marked = 38.0 if label.mark else 0.0
    name = _fit(label.name, BOLD, 13.0, 7.5, room - marked)
    paper.text(left, top - name.size * 0.8, label.name, name, room=room - marked)
    if label.mark:
        paper.box(left + room - 35, top - 11, 35, 11, fill=0.0, stroke=None)
        paper.text(left + room - 17.5, top - 8, label.mark, _fit(label.mark, BOLD, 7.4, 5, 32, 1.0), "center")
    style = Style(REGULAR, 7.0, 8.2)
    head = max(name.size, 12.5) if label.mark else name.size
    lines = [line for text in label.lines for line in paper.lines(text, style, room, 2)]
    space = max(1, int((size - head) // style.leading))
    for index, line in enumerate(lines[:space]):
        paper.text(left, top - head - 6.5 - index * style.leading, line, style)


def _draw_tote(paper: Paper, label: ToteLabel, x: float, y: float, stock: Stock) -> None:
    pad = 12.0
    left, right, top = x + pad, x + stock.wide - pad, y + stock.high - pad
    size = 66.0
    paper.symbol(right - size, top - size, size, tote_code(label.delivery_number, label.tote))
    room = right - left - size - 12
    paper.text(left, top - 24, f"Tote {label.tote} of {label.totes}", Style(BOLD, 26, 30), room=room)
    paper.text(left, top - 42, f"Delivery {label.delivery_number}", Style(BOLD, 11, 13), room=room)
    when = "  ".join(part for part in (shown.day(label.deliver_on), label.window) if part)
    paper.text(left, top - 58, when, Style(BOLD, 11, 13), room=room)
    paper.rule(left, top - 74, right, 0.0, 1.0)
    wide = right - left
    patient = _fit(label.patient, BOLD, 18, 11, wide)
    name = paper.lines(label.patient, patient, wide, 2)
    for index, line in enumerate(name):
        paper.text(left, top - 92 - patient.size / 6 - index * 13, line, patient)
    below = top - 98 - 13 * len(name)
    paper.text(left, below, label.place, Style(REGULAR, 11, 13), room=wide)
    for index, line in enumerate(paper.lines(label.contents, Style(REGULAR, 9, 11), wide, 2 if len(name) == 1 else 1)):
        paper.text(left, below - 16 - index * 11, line, Style(REGULAR, 9, 11))
    cold = label.storage.is_cold
    bottom = y + pad + 14
    paper.box(left, bottom, wide, 24, fill=0.0 if cold else None, stroke=0.0, weight=1.0)
    said = label.storage.instruction if cold else "Room temperature"
    paper.text(
        x + stock.wide / 2, bottom + 7.5, said, _fit(said, BOLD, 12.5, 7, wide - 10, 1.0 if cold else 0.0), "center"
    )
    if label.copy:
        paper.box(right - size, top - size - 14, size, 12, stroke=0.0)
        paper.text(right - size / 2, top - size - 11, "COPY", Style(BOLD, 8.5, 10), "center")
    paper.text(left, y + pad, label.pharmacy, Style(REGULAR, 8, 10, 0.2), room=wide * 0.6)
    paper.text(right, y + pad, label.route, Style(BOLD, 9, 11), "right", room=wide * 0.38)


def _fit(text: str, name: str, largest: float, smallest: float, room: float, gray: float = 0.0) -> Style:
    return shrunk(printable(text)[0], Style(name, largest, largest * 1.2, gray), room, smallest)
