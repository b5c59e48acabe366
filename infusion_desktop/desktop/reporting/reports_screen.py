"""Reports: what is counted at the left, the days at the top, the table below; to paper, Excel or CSV."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QHBoxLayout, QMenu, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.dates import Days, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.reporting.choice_bar import ChoiceBar
from infusion_desktop.desktop.reporting.morning_dialog import MorningDialog
from infusion_desktop.desktop.reporting.report_list import ReportList
from infusion_desktop.desktop.reporting.what_if_panel import WhatIfPanel
from infusion_desktop.desktop.saved_filters import TitleDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.patients.queries import payers
from infusion_desktop.reporting.bundle import month_end
from infusion_desktop.reporting.papers import as_pdf, log_export, run
from infusion_desktop.reporting.registry import REPORTS
from infusion_desktop.reporting.report import Choice, Found, Report
from infusion_desktop.reporting.report_files import save_found
from infusion_desktop.reporting.saved import SavedReport, forget_report, keep_report, saved_reports
from reports import table_report

Line = tuple[int, table_report.Row]


_FIRST = 200
"""Pixels of the first column while others need room too: what each row is about."""


class ReportsScreen(Screen):
    """All reports; the chosen one is run off the window's thread."""

    title = "Reports"
    help = "Choose a report and its days. Every report says what it counts; what leaves the program is noted."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.table: TableView[Line] | None = None
        offered = [each for each in REPORTS if each.also is None or context.may(each.also)]
        self.list = ReportList(offered)
        self.bar = ChoiceBar(self.load)
        self.definition = label("", "muted", wrap=True)
        self.shown: tuple[str, Days, Choice, Found] | None = None
        """The report in the table, its days and choice, and what was found: what an export saves."""
        self.preview = button("Preview and print", self.show_paper, icon="print")
        self.save = button("Export XLSX/CSV", self.ask_export, icon="export")
        self.month_end = button("Month-end bundle", self.show_bundle, icon="print")
        self.month_end.setToolTip("About 25 reports of the period above as one PDF with contents and bookmarks")
        self.kept = button("Kept reports", self.show_kept, icon="filter")
        self.saved: tuple[SavedReport, ...] = ()
        self._lay_out()
        self.bar.offer(self.report)
        self.list.chosen.connect(lambda _key: self.load())

    @property
    def report(self) -> Report:
        """The chosen report."""
        return self.list.report

    def load(self) -> None:
        """Run the chosen report for the days and choices above."""
        chosen, database, by = self.report, self.context.database, self.context.user_id
        self.definition.setText(chosen.definition)
        self.bar.offer(chosen)
        self._look()
        period, choice = self._period(), self.bar.choice(chosen)
        if period is None or choice is None:
            return

        def read() -> Found:
            with database.reading() as session:
                return run(session, chosen.key, period, by, choice)

        self.ask(read, lambda found: self._show(chosen, period, choice, found), key="report")

    def show_record(self, kind: str, record: object) -> None:
        """Show the report with a key, for a period where one is given: ``("claims", Days(...), Choice(...))``."""
        if kind != "report" or not isinstance(record, tuple):
            return
        key, period, choice = record
        self.tabs.setCurrentIndex(0)
        if isinstance(period, Days):
            self.bar.set_period(period)
        self._narrowed(key, choice)

    def choose(self, key: str) -> None:
        """Show the report with a key, as if it had been pressed in the list."""
        if key == self.report.key:
            self.load()
        else:
            self.list.choose(key)

    def show_saved(self, saved: SavedReport) -> None:
        """Show a kept report: its period as its rule means today, and its choices."""
        self.bar.set_period(saved.period)
        self._narrowed(saved.key, saved.choice)

    def _narrowed(self, key: str, choice: Choice) -> None:
        """Show a report narrowed to a choice, which another report may not know."""
        self.bar.offer(next(each for each in REPORTS if each.key == key))
        self.bar.set_choice(choice)
        self.choose(key)

    def show_kept(self) -> None:
        """Choose, keep or forget a report under a name."""
        self.kept_menu().popup(self.kept.mapToGlobal(QPoint(0, self.kept.height())))

    def ask_morning(self) -> None:
        """Send the report in view to a folder each morning; or see and end what is sent."""
        choice = self.bar.choice(self.report)
        if choice is not None:
            self.morning = MorningDialog(self.context, self.desk, self.report, choice, self)
            self.morning.open()

    def kept_menu(self) -> QMenu:
        """What the button offers."""
        menu = QMenu(self)
        menu.aboutToHide.connect(lambda: QTimer.singleShot(0, menu, menu.deleteLater))
        menu.addAction("Keep this report as it is set…", self.ask_title)
        menu.addAction("Send to a folder each morning…", self.ask_morning)
        if self.saved:
            menu.addSeparator()
        for each in self.saved:
            menu.addAction(each.title.replace("&", "&&")).triggered.connect(partial(self._shown, each))
        if self.saved:
            menu.addSeparator()
        for each in self.saved:
            menu.addAction(f"Forget “{each.title}”".replace("&", "&&")).triggered.connect(partial(self._forgot, each))
        return menu

    def ask_title(self) -> None:
        """Ask for the name under which the report is kept."""
        dialog = TitleDialog(
            self.report.title, self.window(), "Keep this report",
            "It is offered under Kept reports, for you alone and at every workstation. A period kept by its name moves"
            " on with the calendar.",
        )  # fmt: skip
        dialog.named.connect(self.keep)
        dialog.open()

    def keep(self, title: str) -> None:
        """Keep the report with its period and choices."""
        told, choice = self.bar.told(), self.bar.choice(self.report)
        if told is not None and choice is not None:
            saved, database, by = SavedReport(title, self.report.key, told, choice), self.context.database, self._by
            self.do(lambda _o: keep_report(database, saved, by), said=f"“{title}” is kept.", then=self._look)

    @property
    def _by(self) -> UserId:
        return self.context.user_id

    def _shown(self, saved: SavedReport, _on: bool = False) -> None:
        self.show_saved(saved)

    def _forgot(self, saved: SavedReport, _on: bool = False) -> None:
        database, by = self.context.database, self._by
        self.do(
            lambda _o: forget_report(database, saved.title, by), said=f"“{saved.title}” is forgotten.", then=self._look
        )

    def _look(self, _nothing: object = None) -> None:
        database, by = self.context.database, self._by

        def read() -> tuple[tuple[SavedReport, ...], list[tuple[str, str]]]:
            with database.reading() as session:
                return saved_reports(session, by), [
                    (row.payer.name, row.payer.name) for row in payers(session, ended_too=True)
                ]

        def show(found: tuple[tuple[SavedReport, ...], list[tuple[str, str]]]) -> None:
            self.saved = found[0]
            self.bar.payer.set_choices(found[1])

        self.ask(read, show, key="kept")

    def show_bundle(self) -> None:
        """Draw the month-end bundle of the period above and show it."""
        period, database, by = self.bar.period(), self.context.database, self._by
        if period is not None:
            self.do(
                lambda _o: month_end(database, period, by),
                then=self._show_bundle, pressed=self.month_end, text="Month-end bundle",
            )  # fmt: skip

    def _show_bundle(self, pdf: bytes) -> None:
        self.dialog = PdfDialog(self.desk, "Month-end reports", pdf, "month-end.pdf", self.context.folder, self)
        self.dialog.show()

    def show_paper(self) -> None:
        """Show the report as it prints."""
        chosen, database, by, period = self.report, self.context.database, self._by, self._period()
        choice = self.bar.choice(chosen)
        if period is None or choice is None:
            return

        def draw(_override: str) -> bytes:
            with database.reading() as session:
                pdf = as_pdf(session, chosen.key, period, by, choice)
            log_export(database, chosen.key, period, "PDF", by)
            return pdf

        self.do(draw, then=lambda pdf: self._show_pdf(chosen, pdf), pressed=self.preview)

    def ask_export(self) -> None:
        """Ask where, then write the rows that are shown."""
        if self.table is not None:
            self.table.ask_path(
                self, "Save this report", f"{self.report.key.replace(' ', '-')}.xlsx", "Excel (*.xlsx);;CSV (*.csv)",
                self.export_to,
            )  # fmt: skip

    def export_to(self, path: Path) -> None:
        """Note the export in the audit trail, then write what is shown, with its totals."""
        if self.shown is not None:
            (key, period, choice, found), database, by = self.shown, self.context.database, self._by
            self.do(
                lambda _o: save_found(database, key, period, found, path, by, choice),
                said=f"The report is saved as {path.name}.", pressed=self.save, text="Saving the report",
            )  # fmt: skip

    def _period(self) -> Days | None:
        if not self.report.uses_period:
            return Days(today(), today())
        return self.bar.period()

    def _show(self, chosen: Report, period: Days, choice: Choice, found: Found) -> None:
        self.shown = (chosen.key, period, choice, found)
        if self.table is not None:
            self._body.removeWidget(self.table)
            self.table.deleteLater()
        self.table = TableView(
            [_column(place, column) for place, column in enumerate(found.columns)], lambda line: line[0],
            name=chosen.title, desk=self.desk, noun=("row", "rows"),
            empty=found.nothing,
        )  # fmt: skip
        self.table.export_button.hide()  # Exports and paper go through the buttons above, with totals, and are noted.
        self.table.print_button.hide()
        self._body.addWidget(self.table, 1)
        self.table.set_rows(enumerate(found.rows))
        totals = zip(found.summed or (), found.columns, strict=False)
        self.table.show_totals([table_report.show(value, column.kind) for value, column in totals])
        self.table.fit_columns()

    def _show_pdf(self, chosen: Report, pdf: bytes) -> None:
        name = f"{chosen.key.replace(' ', '-')}.pdf"
        self.dialog = PdfDialog(self.desk, chosen.title, pdf, name, self.context.folder, self)
        self.dialog.show()

    def _lay_out(self) -> None:
        page = Page(self, "Choose a report; it says what it counts.")
        page.actions(self.kept, self.month_end, self.save, self.preview)
        self._body = QVBoxLayout()
        self._body.addWidget(self.definition)
        right = QVBoxLayout()
        right.addWidget(self.bar)
        right.addLayout(self._body, 1)
        first = QWidget()
        row = QHBoxLayout(first)
        row.setContentsMargins(0, 12, 0, 0)
        row.setSpacing(16)
        row.addWidget(self.list)
        row.addLayout(right, 1)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(first, "Reports")
        self.what_if = WhatIfPanel(self.context, self.desk)
        if self.context.may(Permission.SEE_BILLING):
            self.tabs.addTab(self.what_if, "What if")
        else:
            self.what_if.setParent(self)
            self.what_if.hide()
        self.tabs.currentChanged.connect(lambda place: self.what_if.load() if place == 1 else None)
        page.add(self.tabs, 1)


def _column(place: int, column: table_report.Column) -> Column[Line]:
    is_text = column.kind is table_report.Kind.TEXT

    def text(line: Line) -> str:
        return table_report.show(line[1][place], column.kind)

    return Column(
        column.title,
        text=text,
        hint=text if is_text else None,
        sort_key=None if is_text else lambda line: line[1][place],
        numeric=column.align == "right",
        value=None if is_text else lambda line: line[1][place],
        stretch=place == 0,
        width=_FIRST if place == 0 and is_text else 0,
    )
