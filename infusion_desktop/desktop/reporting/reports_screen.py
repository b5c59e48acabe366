"""Reports: what is counted at the left, the days at the top, the table below; to paper, Excel or CSV."""

from datetime import date
from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout

from infusion_desktop.dates import Days, month_of, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.forms import DayField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.reporting.papers import as_pdf, log_export, run
from infusion_desktop.reporting.registry import REPORTS
from infusion_desktop.reporting.report import Found, Report
from reports import table_report

Line = tuple[int, table_report.Row]


class ReportsScreen(Screen):
    """All reports; the chosen one is run off the window's thread."""

    title = "Reports"
    help = "Choose a report and its days. Every report says what it counts; what leaves the program is noted."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.table: TableView[Line] | None = None
        self.list = QListWidget()
        self.list.setAccessibleName("Reports")
        self.list.setFixedWidth(230)
        for each in REPORTS:
            item = QListWidgetItem(each.title)
            item.setToolTip(each.definition)
            self.list.addItem(item)
        self.first, self.last = DayField("From", required=True), DayField("To", required=True)
        self.first.set_value(month_of(today()).first)
        self.last.set_value(today())
        self.definition, self.total = label("", "muted", wrap=True), label("")
        self.preview = button("Preview and print", self.show_paper, icon="print")
        self.save = button("Export XLSX/CSV", self.ask_export, icon="export")
        self._lay_out()
        self.list.setCurrentRow(0)
        self.list.currentRowChanged.connect(lambda _row: self.load())

    @property
    def report(self) -> Report:
        """The chosen report."""
        return REPORTS[max(0, self.list.currentRow())]

    def load(self) -> None:
        """Run the chosen report for the days above."""
        chosen, database, by = self.report, self.context.database, self.context.user_id
        self.definition.setText(chosen.definition)
        for field in (self.first, self.last):
            field.setVisible(chosen.uses_period)
        period = self._period()
        if period is None:
            return

        def read() -> Found:
            with database.reading() as session:
                return run(session, chosen.key, period, by)

        self.ask(read, lambda found: self._show(chosen, found), key="report")

    def show_record(self, kind: str, record: object) -> None:
        """Show the report with a key, for a period where one is given: ``("claims", Days(...))``."""
        if kind != "report" or not isinstance(record, tuple):
            return
        key, period = record
        if isinstance(period, Days):
            self.first.set_value(period.first)
            self.last.set_value(period.last)
        place = next((n for n, each in enumerate(REPORTS) if each.key == key), 0)
        if place != self.list.currentRow():
            self.list.setCurrentRow(place)
        else:
            self.load()

    def show_paper(self) -> None:
        """Show the report as it prints."""
        chosen, database, by, period = self.report, self.context.database, self.context.user_id, self._period()
        if period is None:
            return

        def draw(_override: str) -> bytes:
            with database.reading() as session:
                pdf = as_pdf(session, chosen.key, period, by)
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
        """Note the export in the audit trail, then write the file."""
        table, key, period = self.table, self.report.key, self._period()
        if table is not None and period is not None:
            database, by, form = self.context.database, self.context.user_id, path.suffix.lstrip(".").upper()
            self.do(lambda _o: log_export(database, key, period, form, by), then=lambda _n: table.export_to(path))

    def _period(self) -> Days | None:
        if not self.report.uses_period:
            return Days(today(), today())
        try:
            first, last = self.first.value(), self.last.value()
        except Refused:
            return None
        if not isinstance(first, date) or not isinstance(last, date) or last < first:
            self.last.complain("Type two days, the first one first.")
            return None
        return Days(first, last)

    def _show(self, chosen: Report, found: Found) -> None:
        if self.table is not None:
            self._body.removeWidget(self.table)
            self.table.deleteLater()
        self.table = TableView(
            [_column(place, column) for place, column in enumerate(found.columns)], lambda line: line[0],
            name=chosen.title, desk=self.desk, noun=("row", "rows"),
            empty="There is nothing to show for this choice.",
        )  # fmt: skip
        self.table.export_button.hide()  # Exports go through the button that notes them.
        self._body.addWidget(self.table, 1)
        self.table.set_rows(enumerate(found.rows))
        self.table.fit_columns()
        self.total.setText(_totals(found))

    def _show_pdf(self, chosen: Report, pdf: bytes) -> None:
        name = f"{chosen.key.replace(' ', '-')}.pdf"
        self.dialog = PdfDialog(self.desk, chosen.title, pdf, name, self.context.folder, self)
        self.dialog.show()

    def _lay_out(self) -> None:
        page = Page(self, "Choose a report; it says what it counts.")
        page.actions(self.save, self.preview)
        bar = QHBoxLayout()
        bar.addWidget(self.first)
        bar.addWidget(self.last)
        bar.addWidget(button("Show", self.load, kind="primary"))
        bar.addStretch(1)
        self._body = QVBoxLayout()
        for part in (self.definition, self.total):
            self._body.addWidget(part)
        right = QVBoxLayout()
        right.addLayout(bar)
        right.addLayout(self._body, 1)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self.list)
        row.addLayout(right, 1)
        page.add(row, 1)


def _column(place: int, column: table_report.Column) -> Column[Line]:
    is_text = column.kind is table_report.Kind.TEXT
    return Column(
        column.title,
        text=lambda line: table_report.show(line[1][place], column.kind),
        sort_key=None if is_text else lambda line: line[1][place],
        numeric=column.align == "right",
        value=None if is_text else lambda line: line[1][place],
        stretch=place == 0,
    )


def _totals(found: Found) -> str:
    """The row of totals in one line: "Units 60   Value $2.07"."""
    pairs = zip(found.columns, found.totals or (), strict=False)
    shown = [f"{column.title} {table_report.show(value, column.kind)}" for column, value in pairs
             if value not in (None, "")]  # fmt: skip
    return "Total:  " + "     ".join(shown) if shown else ""
