"""The audit packet: everything behind a claim as one PDF with bookmarks, opened by a page that says what is in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO

from reports import claim_summary, delivery_manifest, shown
from reports.grid import Column, Grid
from reports.lettering import BODY, FAINT, STRONG, Style
from reports.paper import (
    Block,
    Letterhead,
    Paper,
    Printed,
    draw_pages,
    heading_block,
    letterhead_block,
    paragraph_blocks,
    running_head,
)

_MOST_PIXELS = 80_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts in a section; ``shares`` are the columns' widths as parts of the page."""

    columns: tuple[str, ...]
    shares: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of its own page: orders, authorizations, the rule trace, what the payer answered."""

    title: str
    lead: str
    tables: tuple[tuple[str, Table], ...]
    paragraphs: tuple[str, ...] = ()
    pictures: tuple[tuple[str, bytes], ...] = ()
    """Signatures and signed sheets (PNG or JPEG) with what they are."""


@dataclass(frozen=True, slots=True)
class AuditPacket:
    """All sections in their order; manifests and summary are drawn as they are printed alone."""

    letterhead: Letterhead
    printed: Printed
    claim_number: str
    patient: str
    payer: str
    first: date
    last: date
    charge: Decimal
    summary: claim_summary.ClaimSummary
    sections: tuple[Section, ...]
    manifests: tuple[delivery_manifest.DeliveryManifest, ...]
    after: tuple[Section, ...] = ()


Part = tuple[str, Callable[[Paper], None]]


def render(packet: AuditPacket) -> bytes:
    """The packet as a PDF whose bookmarks lead to each part; the same data gives the same bytes.

    It is drawn twice: only then the contents can say on which sheet each part begins.
    """
    parts = _parts(packet)
    _, sheets = _draw(packet, parts, {})
    paper, _ = _draw(packet, parts, sheets)
    paper.canvas.showOutline()
    return paper.finish()


def _draw(packet: AuditPacket, parts: Sequence[Part], sheets: Mapping[int, int]) -> tuple[Paper, dict[int, int]]:
    """The packet with the sheets that its contents name, and those on which its parts began."""
    paper = Paper(f"Audit packet {packet.claim_number}")
    paper.in_bundle = True
    _mark(paper, "Contents", 0, 0)
    titles = [f"{title}, sheet {sheets.get(place, 0)}" for place, (title, _) in enumerate(parts, 1)]
    _contents(paper, packet, titles)
    begun = {}
    for place, (title, draw) in enumerate(parts, 1):
        paper.missing = ""
        begun[place] = paper.canvas.getPageNumber()
        _mark(paper, title, place, 0)
        draw(paper)
    return paper, begun


def _mark(paper: Paper, title: str, place: int, level: int) -> None:
    key = f"part-{place}"
    paper.canvas.bookmarkPage(key)
    paper.canvas.addOutlineEntry(paper.say(title), key, level)


def _parts(packet: AuditPacket) -> list[Part]:
    parts: list[Part] = [("Claim summary and calendar", lambda paper: claim_summary.draw(paper, packet.summary))]
    parts += [(each.title, _drawn(packet, each)) for each in packet.sections]
    parts += [(f"Delivery {each.number}", _manifest(each)) for each in packet.manifests]
    parts += [(each.title, _drawn(packet, each)) for each in packet.after]
    return parts


def _manifest(manifest: delivery_manifest.DeliveryManifest) -> Callable[[Paper], None]:
    return lambda paper: delivery_manifest.draw(paper, manifest)


def _drawn(packet: AuditPacket, section: Section) -> Callable[[Paper], None]:
    return lambda paper: _section(paper, packet, section)


def _section(paper: Paper, packet: AuditPacket, section: Section) -> None:
    number = f"Claim {packet.claim_number}"
    first = letterhead_block(packet.letterhead, section.title, number, shallow=True)
    following = running_head(packet.letterhead, section.title, f"{number} · {packet.patient}")
    blocks = paragraph_blocks(paper, section.lead, BODY, gap=2.0)
    for title, table in section.tables:
        blocks += _table(paper, title, table)
    for text in section.paragraphs:
        blocks += paragraph_blocks(paper, text, BODY, gap=6.0)
    blocks += [_picture(paper, name, content) for name, content in section.pictures]
    if not section.tables and not section.paragraphs and not section.pictures:
        blocks += paragraph_blocks(paper, "Nothing on file.", BODY, gap=12.0)
    draw_pages(paper, blocks, first, following, packet.printed, number)


def _picture(paper: Paper, name: str, content: bytes) -> Block:
    """A picture at most 120 points high, or a line saying that it cannot be shown."""
    from reportlab.lib.utils import ImageReader

    try:
        reader = ImageReader(BytesIO(content))
        wide, high = reader.getSize()
        if wide * high > _MOST_PIXELS:
            raise ValueError
        reader.getRGBData()  # A picture that is cut off is found here, not in the middle of a page.
    except Exception:
        return Block(
            16.0, lambda paper, top: paper.text(paper.left, top - 12, f"{name}: kept, not shown here"), gap=6.0
        )
    scale = min(220 / max(wide, 1), 110 / max(high, 1))

    def draw(paper: Paper, top: float) -> None:
        paper.text(paper.left, top - 10, name, STRONG, room=paper.room)
        paper.box(paper.left, top - 20 - high * scale, wide * scale, high * scale, fill=1.0, stroke=0.7)
        paper.canvas.drawImage(reader, paper.left, top - 20 - high * scale, wide * scale, high * scale, mask="auto")

    return Block(24.0 + high * scale, draw, gap=8.0)


def _table(paper: Paper, title: str, table: Table) -> list[Block]:
    whole = sum(table.shares)
    grid = Grid(
        tuple(Column(name, paper.room * share / whole) for name, share in zip(table.columns, table.shares, strict=True))
    )
    heading = grid.heading()
    blocks = [heading_block(title, gap=14.0), heading] if title else [heading]
    blocks += [grid.row(paper, row, heading) for row in table.rows]
    if not table.rows:
        blocks += paragraph_blocks(paper, "Nothing on file.", BODY, gap=4.0)
    blocks += paragraph_blocks(paper, table.note, FAINT, gap=4.0)
    return blocks


def _contents(paper: Paper, packet: AuditPacket, titles: Sequence[str]) -> None:
    number = f"Claim {packet.claim_number}"
    first = letterhead_block(packet.letterhead, "Audit packet", number, copy=packet.printed.copy)
    following = running_head(packet.letterhead, "Audit packet", number)
    told = (
        f"{packet.patient}; {packet.payer}; services {shown.days(packet.first, packet.last)}; "
        f"charge {shown.money(packet.charge)}."
    )
    blocks = paragraph_blocks(paper, told, Style(STRONG.font, 10.5, 14.0), gap=4.0)
    why = (
        "This packet holds what stands behind every unit of the claim: the orders, the therapy calendar, what was "
        "delivered with lots and signatures, the payer's rules as they were applied, the authorizations, and what the "
        "payer answered."
    )
    blocks += paragraph_blocks(paper, why, Style(size=9.5, leading=13.0), gap=10.0)
    blocks.append(heading_block("Contents", "the bookmarks of this file lead to each part", gap=18.0))
    for place, title in enumerate(titles, 1):
        blocks += paragraph_blocks(paper, f"{place}.  {title}", Style(size=10.0, leading=15.0), gap=2.0, indent=8.0)
    draw_pages(paper, blocks, first, following, packet.printed, number)
