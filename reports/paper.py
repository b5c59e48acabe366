"""What all papers share: the page, lettering on it, blocks that flow over pages, letterhead, footer, COPY mark."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any

from reports import shown
from reports.lettering import (
    BODY,
    BOLD,
    CAPTION,
    FAINT,
    HEADING,
    SMALL,
    STRONG,
    TITLE,
    Style,
    capitals,
    fitting,
    font,
    shorten,
    shrunk,
    width,
    wrap,
)
from reports.safe_text import note_of, printable
from reports.symbols import can_encode, data_matrix

INCH = 72.0
LETTER = (8.5 * INCH, 11 * INCH)
LANDSCAPE = (11 * INCH, 8.5 * INCH)
MARGIN = 0.5 * INCH
FOOTER = 0.32 * INCH
RULE_GRAY = 0.62
SHADE = 0.93
LOGO_NAME = Style(BOLD, 12.0, 14.0)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The pharmacy as its papers show it."""

    name: str
    address_lines: tuple[str, ...] = ()
    phone: str = ""
    fax: str = ""
    npi: str = ""
    tax_id: str = ""
    after_hours: str = ""


@dataclass(frozen=True, slots=True)
class Printed:
    """When (in the time that shall be read), by whom, and whether the paper had been printed before."""

    at: datetime | None
    by: str
    copy: bool = False


class Paper:
    """One PDF being drawn: lettering in points from the lower left corner, every text cleaned on its way in."""

    def __init__(self, title: str, size: tuple[float, float] = LETTER) -> None:
        from reportlab import rl_config
        from reportlab.pdfgen.canvas import Canvas

        rl_config.useA85 = 0  # Pages as bytes, not as letters that stand for them: a fifth smaller, and quicker.
        self.width, self.height = size
        self.left, self.right = MARGIN, size[0] - MARGIN
        self.missing = ""
        self.in_bundle = False
        """Whether the footer also counts the sheets of everything drawn so far."""
        self._bytes = BytesIO()
        self.canvas: Any = Canvas(self._bytes, pagesize=size, invariant=1, pageCompression=1, lang="en-US")
        self.canvas.setTitle(self.say(title))
        self.canvas.setAuthor("")
        self.canvas.setCreator("infusion-desktop")
        self._gray = -1.0

    def size_to(self, size: tuple[float, float]) -> None:
        """The size of the pages from here on; to be called between two pages."""
        self.width, self.height = size
        self.left, self.right = MARGIN, size[0] - MARGIN
        self.canvas.setPageSize(size)

    @property
    def room(self) -> float:
        """The width between the margins."""
        return self.right - self.left

    def say(self, text: str, limit: int = 4000) -> str:
        """The text as it can be printed; what cannot is remembered for the note in the footer."""
        safe, missing = printable(text, limit)
        if missing:
            self.missing = "".join(dict.fromkeys(self.missing + missing))
        return safe

    def lines(self, text: str, style: Style, room: float, most: int = 0) -> tuple[str, ...]:
        """The text wrapped to ``room``."""
        safe = self.say(text)
        return wrap(safe, fitting(safe, style), room, most)

    def text(self, x: float, y: float, text: str, style: Style = BODY, align: str = "left", room: float = 0.0) -> None:
        """One line with its baseline at ``y``; ``x`` is its left, middle or right end; cut with "…" beyond ``room``."""
        safe = self.say(text)
        if not safe:
            return
        style = fitting(safe, style)
        if room:
            safe = shorten(safe, style, room)
        if align == "right":
            x -= width(safe, style.font, style.size)
        elif align == "center":
            x -= width(safe, style.font, style.size) / 2
        self._ink(style.gray)
        font(style.font)
        self.canvas.setFont(style.font, style.size)
        self.canvas.drawString(x, y, safe)

    def rule(self, x1: float, y: float, x2: float, gray: float = RULE_GRAY, weight: float = 0.5) -> None:
        """A level line."""
        self.canvas.setStrokeGray(gray)
        self.canvas.setLineWidth(weight)
        self.canvas.line(x1, y, x2, y)

    def box(
        self,
        x: float,
        y: float,
        wide: float,
        high: float,
        fill: float | None = None,
        stroke: float | None = RULE_GRAY,
        weight: float = 0.6,
        round_by: float = 0.0,
    ) -> None:
        """A rectangle from its lower left corner; ``fill`` and ``stroke`` are grays or None."""
        if fill is not None:
            self._ink(fill)
        if stroke is not None:
            self.canvas.setStrokeGray(stroke)
            self.canvas.setLineWidth(weight)
        kind = {"fill": int(fill is not None), "stroke": int(stroke is not None)}
        if round_by:
            self.canvas.roundRect(x, y, wide, high, round_by, **kind)
        else:
            self.canvas.rect(x, y, wide, high, **kind)

    def symbol(self, x: float, y: float, size: float, code: str, gs1: bool = False) -> bool:
        """A data matrix with its lower left corner at x, y; False, and a box saying so, for what cannot be encoded."""
        if not can_encode(code):
            self.box(x, y, size, size)
            self.text(x + size / 2, y + size / 2 - 2, "no code", Style(size=min(6.0, size / 5)), "center")
            return False
        side, runs = data_matrix(code, gs1)
        module = size / side
        self._ink(0.0)
        dark = self.canvas.beginPath()
        for row, column, length in runs:
            dark.rect(x + column * module, y + size - (row + 1) * module, length * module, module)
        self.canvas.drawPath(dark, stroke=0, fill=1)
        return True

    def triangle(self, x1: float, y1: float, x2: float, y2: float, x3: float, y3: float) -> None:
        """A small black triangle."""
        self._ink(0.0)
        shape = self.canvas.beginPath()
        shape.moveTo(x1, y1)
        shape.lineTo(x2, y2)
        shape.lineTo(x3, y3)
        shape.close()
        self.canvas.drawPath(shape, stroke=0, fill=1)

    def next_page(self) -> None:
        """End this page."""
        self.canvas.showPage()
        self._gray = -1.0

    def finish(self) -> bytes:
        """The PDF."""
        self.canvas.save()
        return self._bytes.getvalue()

    def _ink(self, gray: float) -> None:
        if gray != self._gray:
            self.canvas.setFillGray(gray)
            self._gray = gray


Drawing = Callable[[Paper, float], None]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a paper that is never split: its height, and how it is drawn from its upper edge down.

    A block that keeps with the next never stands last on a page. ``heading`` is drawn again where a page begins with
    this block; ``gap`` is the space above it, dropped at the top of a page.
    """

    height: float
    draw: Drawing
    keep_with_next: bool = False
    heading: "Block | None" = None
    gap: float = 0.0


@dataclass(slots=True)
class _Page:
    left_over: float
    blocks: list[Block] = field(default_factory=list)

    def put(self, block: Block) -> None:
        self.left_over -= block.height + (block.gap if self.blocks else 0.0)
        self.blocks.append(block)


def lay_out(blocks: Sequence[Block], first_room: float, next_room: float) -> list[list[Block]]:
    """The blocks by page: none split, no heading last on its page, a table's heading again on every page."""
    page = _Page(first_room)
    pages = [page]
    for chain in _chains(blocks):
        needed = sum(block.height + block.gap for block in chain) - (0.0 if page.blocks else chain[0].gap)
        if page.blocks and needed > page.left_over + 0.01:
            page = _Page(next_room)
            pages.append(page)
            if chain[0].heading:
                page.put(chain[0].heading)
        for block in chain:
            if page.blocks and block.height + block.gap > page.left_over + 0.01:
                page = _Page(next_room)
                pages.append(page)
                if block.heading:
                    page.put(block.heading)
            page.put(block)
    return [page.blocks for page in pages]


def _chains(blocks: Sequence[Block]) -> list[list[Block]]:
    """The blocks in runs that must stay together."""
    chains: list[list[Block]] = []
    open_chain = False
    for block in blocks:
        if open_chain:
            chains[-1].append(block)
        else:
            chains.append([block])
        open_chain = block.keep_with_next
    return chains


def draw_pages(
    paper: Paper, blocks: Sequence[Block], first_head: Block, next_head: Block, printed: Printed, reference: str
) -> int:
    """Draw the blocks on as many pages as they need, each with head and footer; how many pages that were."""
    bottom = MARGIN + FOOTER
    top = paper.height - MARGIN
    pages = lay_out(blocks, top - first_head.height - bottom, top - next_head.height - bottom)
    for number, page in enumerate(pages, 1):
        head = first_head if number == 1 else next_head
        if printed.copy:
            _copy_mark(paper)
        head.draw(paper, top)
        y = top - head.height
        for index, block in enumerate(page):
            y -= block.gap if index else 0.0
            block.draw(paper, y)
            y -= block.height
        _footer(paper, printed, reference, f"Page {number} of {len(pages)}")
        paper.next_page()
    return len(pages)


def _footer(paper: Paper, printed: Printed, reference: str, page: str) -> None:
    y = MARGIN
    if paper.in_bundle:
        page = f"{page} · sheet {paper.canvas.getPageNumber()}"
    paper.rule(paper.left, y + 11, paper.right)
    at = f"Printed {shown.instant(printed.at)}" if printed.at else "Printed"
    said = f"{at} by {printed.by}" if printed.by else at
    third = paper.room / 3
    paper.text(paper.left, y + 2, f"COPY · {said}" if printed.copy else said, FAINT, room=third + 30)
    paper.text(paper.left + paper.room / 2 + 30, y + 2, reference, FAINT, "center", room=third - 10)
    paper.text(paper.right, y + 2, page, Style(BOLD, 7.5, 9.0), "right")
    if paper.missing:
        paper.text(paper.left, y - 8, note_of(paper.missing), SMALL, room=paper.room)


def _copy_mark(paper: Paper) -> None:
    """The word COPY, pale, across the page and under its text."""
    canvas = paper.canvas
    canvas.saveState()
    canvas.translate(paper.width / 2, paper.height / 2)
    canvas.rotate(52)
    paper.text(0, -50, "COPY", Style(BOLD, 150, 150, 0.955), "center")
    canvas.restoreState()
    paper._gray = -1.0


def letterhead_block(
    letterhead: Letterhead,
    title: str,
    number: str,
    code: str = "",
    details: Sequence[str] = (),
    copy: bool = False,
    shallow: bool = False,
) -> Block:
    """The first page's head: the pharmacy to the left, what the paper is to the right, its code at the edge.

    ``shallow`` is for reports that stay in the house: the pharmacy's name without its address.
    """
    address = [] if shallow else [*letterhead.address_lines, *_contact(letterhead)]
    right = 20.0 + (15.0 if number else 0.0) + 9 * len(details)
    high = max(14.0 + 9 * len(address), right, 50.0 if code else 0.0) + 10

    def draw(paper: Paper, top: float) -> None:
        edge = paper.right
        if code:
            paper.symbol(edge - 46, top - 48, 46, code)
            edge -= 58
        half = paper.room * 0.5
        room = half - 52 if copy else half - 8
        name = shrunk(paper.say(letterhead.name), LOGO_NAME, room, 7.5)
        paper.text(paper.left, top - 11, letterhead.name, name, room=room)
        for index, line in enumerate(address):
            paper.text(paper.left, top - 22 - 9 * index, line, FAINT, room=half)
        paper.text(edge, top - 14, title, TITLE, "right", room=edge - paper.left - half)
        paper.text(edge, top - 29, number, Style(BOLD, 11, 13), "right", room=edge - paper.left - half)
        for index, line in enumerate(details):
            paper.text(edge, top - 40 - 9 * index, line, FAINT, "right", room=edge - paper.left - half)
        if copy:
            paper.box(paper.left + half - 40, top - 20, 46, 18, stroke=0.0, weight=1.2)
            paper.text(paper.left + half - 17, top - 15, "COPY", Style(BOLD, 11, 13), "center")
        paper.rule(paper.left, top - high + 6, paper.right, 0.0, 1.0)

    return Block(high, draw)


def running_head(letterhead: Letterhead, title: str, subject: str, code: str = "") -> Block:
    """The head of the pages that follow: pharmacy, paper and whom it concerns, with its code."""
    high = 38.0 if code else 24.0

    def draw(paper: Paper, top: float) -> None:
        edge = paper.right
        if code:
            paper.symbol(edge - 28, top - 28, 28, code)
            edge -= 38
        room = paper.room * 0.66
        paper.text(paper.left, top - 10, subject, shrunk(paper.say(subject), HEADING, room, 7.0), room=room)
        paper.text(edge, top - 10, title, STRONG, "right", room=paper.room * 0.36)
        if code:
            paper.text(paper.left, top - 21, letterhead.name, FAINT, room=paper.room * 0.6)
        paper.rule(paper.left, top - high + 6, paper.right, 0.0, 1.0)

    return Block(high, draw)


def _contact(letterhead: Letterhead) -> list[str]:
    telephone = [
        f"{name} {value}"
        for name, value in (("Phone", letterhead.phone), ("Fax", letterhead.fax), ("24 h", letterhead.after_hours))
        if value
    ]
    numbers = [f"{name} {value}" for name, value in (("NPI", letterhead.npi), ("Tax ID", letterhead.tax_id)) if value]
    return [" · ".join(part) for part in (telephone, numbers) if part]


def heading_block(text: str, note: str = "", gap: float = 12.0) -> Block:
    """A section's heading, which never stands alone at the foot of a page."""

    def draw(paper: Paper, top: float) -> None:
        paper.text(paper.left, top - 10, text, HEADING)
        if note:
            used = width(printable(text)[0], HEADING.font, HEADING.size) + 10
            paper.text(paper.left + used, top - 10, note, FAINT, room=paper.room - used)

    return Block(15.0, draw, keep_with_next=True, gap=gap)


def paragraph_blocks(
    paper: Paper, text: str, style: Style = BODY, gap: float = 4.0, room: float = 0.0, indent: float = 0.0
) -> list[Block]:
    """Running text, one block a line; its first two and last two lines stay together."""
    blocks: list[Block] = []
    for part in text.splitlines():
        lines = paper.lines(part, style, (room or paper.room) - indent)
        for index, line in enumerate(lines):
            keep = index < len(lines) - 1 and (index == 0 or index == len(lines) - 2)
            blocks.append(Block(style.leading, _line(line, style, indent), keep, gap=0.0 if index else gap))
    return blocks


def _line(line: str, style: Style, indent: float) -> Drawing:
    return lambda paper, top: paper.text(paper.left + indent, top - style.size, line, style)


@dataclass(frozen=True, slots=True)
class Panel:
    """A framed box of captions and their texts, for whom and where a paper is."""

    title: str
    entries: tuple[tuple[str, str, Style], ...]


def panels_block(paper: Paper, panels: Sequence[Panel], shares: Sequence[float], gap: float = 6.0) -> Block:
    """Panels side by side, as high as the highest; ``shares`` are their widths as parts of the whole."""
    between = 8.0
    wides = [share * (paper.room - between * (len(panels) - 1)) for share in shares]
    filled = [_panel_lines(paper, panel, wide - 16) for panel, wide in zip(panels, wides, strict=True)]
    high = max(sum(style.leading + above for _, style, above in lines) for lines in filled) + 12

    def draw(paper: Paper, top: float) -> None:
        x = paper.left
        for wide, lines in zip(wides, filled, strict=True):
            paper.box(x, top - high, wide, high, round_by=3)
            y = top - 4
            for line, style, above in lines:
                y -= style.leading + above
                paper.text(x + 8, y + style.leading - style.size * 0.98, line, style)
            x += wide + between

    return Block(high, draw, gap=gap)


def _panel_lines(paper: Paper, panel: Panel, room: float) -> list[tuple[str, Style, float]]:
    lines: list[tuple[str, Style, float]] = [(capitals(paper.say(panel.title)), CAPTION, 0.0)] if panel.title else []
    for caption, text, style in panel.entries:
        if not text:
            continue
        if caption:
            lines.append((paper.say(caption), CAPTION, 3.0))
        for part in text.splitlines():
            lines.extend((line, style, 0.0) for line in paper.lines(part, style, room, 14))
    return lines
