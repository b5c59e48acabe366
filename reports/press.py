"""Many papers as one PDF, PDFs put together, and signed sheets read: what a process of its own does for the window."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from reports import delivery_manifest, labels, pick_list, pickup_ticket, route_sheet, teaching_list, wave_list
from reports.paper import Paper

MOST_PAGES = 200
_DOTS = 150
_FINE_DOTS = 300
_MOST_DOTS = 5_000
_SHOWN_WIDE = 1000
_MOST_SHOWN = 4
_CODE = re.compile(r"DLV:([A-Z0-9][A-Z0-9._-]{0,39})")


def draw(papers: Sequence[Any]) -> tuple[bytes, int]:
    """The papers (plain data of any kind, labels apart) one after the other in one PDF, and its number of pages.

    ValueError when there is none.
    """
    if not papers:
        raise ValueError("nothing to draw")
    if isinstance(papers[0], labels.ToteLabel):
        return labels.render_totes(papers), len(papers)
    paper = Paper("Papers")
    for each in papers:
        paper.missing = ""
        _DRAW[type(each)](paper, each)
    pages = paper.canvas.getPageNumber() - 1
    return paper.finish(), pages


_DRAW: dict[type, Any] = {
    delivery_manifest.DeliveryManifest: delivery_manifest.draw,
    pick_list.PickList: pick_list.draw,
    pickup_ticket.PickupTicket: pickup_ticket.draw,
    route_sheet.RouteSheet: route_sheet.draw,
    teaching_list.TeachingList: teaching_list.draw,
    wave_list.WaveList: wave_list.draw,
}


def join(pdfs: Sequence[bytes]) -> bytes:
    """PDFs one after the other as one."""
    import pypdfium2

    if len(pdfs) == 1:
        return pdfs[0]
    whole = pypdfium2.PdfDocument.new()
    for pdf in pdfs:
        part = pypdfium2.PdfDocument(pdf)
        whole.import_pages(part)
        part.close()
    out = BytesIO()
    whole.save(out)
    whole.close()
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Sheet:
    """Pages of a scan that belong together: the delivery their code names ("" when none could be read)."""

    number: str
    content: bytes
    content_type: str
    pages: int
    picture: bytes
    """Its pages one below the other as a PNG, to be looked at."""


def read_sheets(content: bytes, content_type: str) -> tuple[Sheet, ...]:
    """The signed sheets in a scan, in their order; an empty back side goes with the page before.

    A written page whose code cannot be read stands for itself, so that no sheet is ever kept with another patient's.

    ValueError with a reason in words when it is no such file, empty, or has too many pages.
    """
    if content_type == "application/pdf":
        return _sheets_of_pdf(content)
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = 80_000_000
    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as opened:
            picture = opened.convert("L")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise ValueError("it cannot be read as a picture") from None
    return (Sheet(_number_on(picture), content, content_type, 1, _one_below_other([_thumb(picture)])),)


def _sheets_of_pdf(content: bytes) -> tuple[Sheet, ...]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError:
        raise ValueError("it cannot be read as a PDF") from None
    count = len(document)
    if not 0 < count <= MOST_PAGES:
        raise ValueError(f"it has {count} pages; 1 to {MOST_PAGES} can be read at once")
    groups: list[tuple[str, list[int], list[Any]]] = []
    for index in range(count):
        picture = _drawn(document[index], _DOTS)
        number = _number_on(picture) or _number_on(_drawn(document[index], _FINE_DOTS))
        if groups and (number == groups[-1][0] != "" or (not number and _is_blank(picture))):
            groups[-1][1].append(index)
            if not _is_blank(picture):
                groups[-1][2].append(_thumb(picture))
        else:
            groups.append((number, [index], [_thumb(picture)]))
    return tuple(
        Sheet(number, _pages(document, pages, content), "application/pdf", len(pages), _one_below_other(pictures))
        for number, pages, pictures in groups
    )


def _drawn(page: Any, dots: int) -> Any:
    """A page as a gray picture; one that says it is as large as a wall is drawn no larger than a sheet of paper."""
    scale = min(dots / 72, _MOST_DOTS / max(1.0, *page.get_size()))
    return page.render(scale=scale, grayscale=True).to_pil()


def _pages(document: Any, pages: list[int], content: bytes) -> bytes:
    import pypdfium2

    if len(pages) == len(document):
        return content
    part = pypdfium2.PdfDocument.new()
    part.import_pages(document, pages)
    out = BytesIO()
    part.save(out)
    part.close()
    return out.getvalue()


def _number_on(picture: Any) -> str:
    """The delivery a page's code names; the same on all its codes, else ""."""
    import zxingcpp

    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.DataMatrix))
    numbers = {match[1] for each in found if (match := _CODE.fullmatch(each.text.strip().upper()))}
    return numbers.pop() if len(numbers) == 1 else ""


def _is_blank(picture: Any) -> bool:
    """Whether hardly anything is on a page: an empty back side with the dust of the scanner."""
    histogram = picture.resize((200, 260)).histogram()
    return bool(sum(histogram[:160]) < 60)


def _thumb(picture: Any) -> Any:
    shown = picture.copy()
    shown.thumbnail((_SHOWN_WIDE, 4 * _SHOWN_WIDE))
    return shown


def _one_below_other(pictures: Sequence[Any]) -> bytes:
    """The pages to look at as one picture; of very many the first and the last, where the signature stands."""
    from PIL import Image

    chosen = [*pictures[:2], *pictures[-2:]] if len(pictures) > _MOST_SHOWN else list(pictures)
    whole = Image.new("L", (max(each.width for each in chosen), sum(each.height for each in chosen)), 255)
    top = 0
    for each in chosen:
        whole.paste(each, (0, top))
        top += each.height
    out = BytesIO()
    whole.save(out, "PNG")
    return out.getvalue()
