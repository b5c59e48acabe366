"""A paper is shown, enlarged, saved, opened and printed without blocking the window."""

import io
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from pytestqt.qtbot import QtBot
from reportlab.pdfgen.canvas import Canvas

from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.pdf_pages import page_sizes
from infusion_desktop.desktop.pdf_preview import PdfDialog, PdfPreview


@pytest.fixture
def pdf() -> bytes:
    """Three letter pages, each with a black block at its upper left."""
    written = io.BytesIO()
    canvas = Canvas(written, pagesize=(612, 792), invariant=1)
    for _ in range(3):
        canvas.rect(0, 692, 100, 100, fill=1)
        canvas.showPage()
    canvas.save()
    return written.getvalue()


@pytest.fixture
def preview(qtbot: QtBot, desk: Desk, pdf: bytes, tmp_path: Path) -> PdfPreview:
    made = PdfPreview(desk, pdf, "manifest-4812.pdf", tmp_path)
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.show()
    qtbot.waitUntil(lambda: made.pages == 3 and not made.picture(0).isNull())
    return made


def test_pages_are_drawn_as_they_are(preview: PdfPreview) -> None:
    image = preview.picture(0).toImage()
    assert image.pixelColor(20, 20).lightness() < 30
    assert image.pixelColor(image.width() - 20, 20).lightness() > 220
    assert preview.count.text() == "3 pages"


def test_zoom_draws_again_larger_and_fit_returns(qtbot: QtBot, preview: PdfPreview) -> None:
    fitted = preview.picture(0).width()
    preview.zoom_in()
    preview.zoom_in()
    qtbot.waitUntil(lambda: preview.picture(0).width() > fitted * 1.2)
    preview.fit()
    qtbot.waitUntil(lambda: preview.picture(0).width() == fitted)


def test_a_page_is_drawn_when_it_is_gone_to(qtbot: QtBot, preview: PdfPreview) -> None:
    preview.set_zoom(2.0)
    qtbot.waitUntil(lambda: preview.area.verticalScrollBar().maximum() > 4_000)
    preview.page_list.setCurrentRow(2)
    qtbot.waitUntil(lambda: not preview.picture(2).isNull())
    assert preview.area.verticalScrollBar().value() > 1_000


def test_it_is_saved_whole_under_the_suggested_name(
    qtbot: QtBot, desk: Desk, preview: PdfPreview, pdf: bytes, tmp_path: Path
) -> None:
    target = tmp_path / "saved.pdf"
    asked: list[str] = []

    def answer(_parent: object, _title: str, suggested: str, _kinds: str, then: object) -> None:
        asked.append(suggested)
        then(target)  # type: ignore[operator]

    preview.ask_path = answer
    preview.save()
    qtbot.waitUntil(desk.messages.toast.isVisible)
    assert asked == ["manifest-4812.pdf"]
    assert target.read_bytes() == pdf


def test_the_viewer_gets_a_private_copy(qtbot: QtBot, preview: PdfPreview, pdf: bytes) -> None:
    opened: list[QUrl] = []
    preview.open_url = lambda url: not opened.append(url)
    preview.open_outside()
    qtbot.waitUntil(lambda: bool(opened))
    copy = Path(opened[0].toLocalFile())
    assert copy.name == "manifest-4812.pdf"
    assert copy.read_bytes() == pdf
    assert copy.stat().st_mode & 0o077 == 0


def test_every_page_reaches_the_printer(qtbot: QtBot, desk: Desk, preview: PdfPreview, tmp_path: Path) -> None:
    from PySide6.QtPrintSupport import QPrinter

    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "printed.pdf"))
    preview.print_on(printer)
    qtbot.waitUntil(desk.messages.toast.isVisible)
    assert len(page_sizes((tmp_path / "printed.pdf").read_bytes())) == 3


def test_what_is_no_pdf_is_told_calmly(qtbot: QtBot, desk: Desk) -> None:
    made = PdfPreview(desk, b"not a paper", "x.pdf")
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(made.banner.isVisible)
    assert "went wrong" in made.banner.text.text()


def test_the_dialog_title_names_the_kind_of_paper(qtbot: QtBot, desk: Desk, pdf: bytes) -> None:
    dialog = PdfDialog(desk, "Delivery manifest", pdf, "manifest-4812.pdf")
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.preview.pages == 3)
    assert dialog.windowTitle() == "Delivery manifest"
