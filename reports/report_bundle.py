"""Many reports as one PDF with a page of contents, links and bookmarks; drawn report by report."""

from dataclasses import dataclass
from datetime import date

from reports import shown, table_report
from reports.lettering import BODY, FAINT, HEADING, STRONG, Style
from reports.paper import LETTER, MARGIN, Letterhead, Paper, Printed, _footer, letterhead_block
from reports.table_report import TableReport

_LINE = 15.0
_MOST_ENTRIES = 40
_PAGE_FORM = "pages"


@dataclass(frozen=True, slots=True)
class Cover:
    """What stands before the reports: whose they are, the period, and every title with its group, in order."""

    letterhead: Letterhead
    printed: Printed
    title: str
    first: date
    last: date
    entries: tuple[tuple[str, str], ...]
    """Group and title of each report that follows."""
    note: str = ""
    """A line at the foot of the contents."""


class Bundle:
    """A bundle being drawn: made with its cover, then one report after the other in the cover's order."""

    def __init__(self, cover: Cover) -> None:
        if not 0 < len(cover.entries) <= _MOST_ENTRIES:
            raise ValueError("a bundle holds 1 to 40 reports")
        self._cover = cover
        self._paper = Paper(cover.title)
        self._paper.in_bundle = True
        self._pages: list[int] = []
        self._places: list[float] = []
        self._draw_contents()

    def add(self, report: TableReport) -> int:
        """Draw the next report; how many pages the bundle has by now."""
        place = len(self._pages)
        group, title = self._cover.entries[place]
        canvas = self._paper.canvas
        self._pages.append(canvas.getPageNumber())
        canvas.bookmarkPage(f"report-{place}")
        if place == 0 or self._cover.entries[place - 1][0] != group:
            canvas.bookmarkPage(f"group-{place}")  # An outline names each of its places once.
            canvas.addOutlineEntry(group, f"group-{place}", 0, closed=False)
        canvas.addOutlineEntry(title, f"report-{place}", 1)
        self._paper.missing = ""
        table_report.draw(self._paper, report)
        return int(canvas.getPageNumber()) - 1

    def finish(self) -> bytes:
        """The PDF. ValueError when reports are missing."""
        if len(self._pages) != len(self._cover.entries):
            raise ValueError("a report of the contents is missing")
        paper = self._paper
        paper.size_to(LETTER)
        paper.canvas.beginForm(_PAGE_FORM, 0, 0, *LETTER)
        paper._gray = -1.0
        for page, y in zip(self._pages, self._places, strict=True):
            paper.text(paper.right, y, str(page), STRONG, "right")
        paper.canvas.endForm()
        return paper.finish()

    def _draw_contents(self) -> None:
        paper, cover = self._paper, self._cover
        canvas = paper.canvas
        canvas.showOutline()
        canvas.bookmarkPage("contents")
        canvas.addOutlineEntry("Contents", "contents", 0)
        head = letterhead_block(cover.letterhead, cover.title, shown.days(cover.first, cover.last), shallow=True)
        head.draw(paper, paper.height - MARGIN)
        y = paper.height - MARGIN - head.height - 14
        paper.text(paper.left, y, "Contents", HEADING)
        paper.text(paper.right, y, "Sheet", FAINT, "right")
        groups = len({group for group, _ in cover.entries})
        step = min(_LINE, (y - 2 * MARGIN) / (len(cover.entries) + groups + 1))
        before = ""
        for place, (group, title) in enumerate(cover.entries):
            if group != before:
                y -= step
                paper.text(paper.left, y - 2, group, Style(FAINT.font, 7.5, 9.0, 0.3))
                before = group
            y -= step
            paper.text(paper.left + 14, y, title, BODY, room=paper.room - 60)
            paper.rule(paper.left + 14, y - 3, paper.right, 0.85, 0.4)
            canvas.linkRect("", f"report-{place}", (paper.left, y - 3, paper.right, y + 9), relative=0, thickness=0)
            self._places.append(y)
        if cover.note:
            paper.text(paper.left, MARGIN + 2, cover.note, Style(FAINT.font, 6.5, 8.0, 0.3), room=paper.room)
        canvas.doForm(_PAGE_FORM)
        _footer(paper, cover.printed, cover.title, "Contents")
        paper.next_page()


_open: list[Bundle] = []
"""The bundle this process draws: a worker draws one at a time, asked step by step so that it can be stopped."""


def begin(cover: Cover) -> None:
    """Begin a bundle in this process; one that was begun before is dropped."""
    _open[:] = [Bundle(cover)]


def add(report: TableReport) -> int:
    """Draw the next report of the bundle begun here."""
    return _open[0].add(report)


def finish() -> bytes:
    """The bundle begun here, as a PDF."""
    return _open.pop().finish()
