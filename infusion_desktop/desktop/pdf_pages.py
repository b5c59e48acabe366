"""Pages of a PDF as pictures. pypdfium2 is not thread-safe: one lock holds every use of it in the application."""

import threading
from dataclasses import dataclass

_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class PageSize:
    """Width and height in points (1/72 inch)."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page as 32-bit pixels (blue, green, red, unused)."""

    number: int
    width: int
    height: int
    stride: int
    pixels: bytes


def page_sizes(pdf: bytes) -> tuple[PageSize, ...]:
    """How many pages there are, and how large each is."""
    import pypdfium2

    with _ONE_AT_A_TIME:
        document = pypdfium2.PdfDocument(pdf)
        try:
            return tuple(PageSize(*document.get_page_size(number)) for number in range(len(document)))
        finally:
            document.close()


def picture_of(pdf: bytes, number: int, scale: float) -> PagePicture:
    """Page ``number`` (from 0) at ``scale`` pixels per point."""
    import pypdfium2

    with _ONE_AT_A_TIME:
        document = pypdfium2.PdfDocument(pdf)
        try:
            page = document[number]
            bitmap = page.render(scale=scale, prefer_bgrx=True)
            picture = PagePicture(number, bitmap.width, bitmap.height, bitmap.stride, bytes(bitmap.buffer))
            bitmap.close()
            page.close()
            return picture
        finally:
            document.close()
