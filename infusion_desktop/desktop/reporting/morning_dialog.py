"""What goes into which folder each morning: the list, ending one, and another one of the report in view."""

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.dates import show_day
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.file_choice import ask_for_folder
from infusion_desktop.desktop.forms import CheckField, ChoiceField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.reporting.report import Choice, Report
from infusion_desktop.reporting.sending import (
    BUNDLE,
    Schedule,
    ScheduleRow,
    add_schedule,
    end_schedule,
    schedules,
)
from infusion_desktop.reporting.words import Form, PeriodRule


class MorningDialog(DeedDialog):
    """Send the report in view, or the month-end bundle, to a folder each morning."""

    def __init__(self, context: Context, desk: Desk, report: Report, choice: Choice, parent: QWidget) -> None:
        super().__init__(context, desk, "Send to a folder each morning", parent, save="Send each morning", width=640)
        self.report, self.choice = report, choice
        self.rows: tuple[ScheduleRow, ...] = ()
        self.bundle = CheckField("The month-end bundle instead")
        self.period: ChoiceField[PeriodRule] = ChoiceField(
            "Period", [(each.value.capitalize(), each) for each in PeriodRule], required=True
        )
        self.period.set_value(PeriodRule.LAST_MONTH)
        self.form: ChoiceField[Form] = ChoiceField("File", [(each.value.upper(), each) for each in Form], required=True)
        self.form.set_value(Form.PDF)
        self.folder = TextField("Folder", required=True, longest=1000)
        self._known = QVBoxLayout()
        self._known.setSpacing(6)
        told = ", ".join(value for _, value in choice.shown())
        self.body.addLayout(self._known)
        self.body.addWidget(label(f"{report.title}{f' ({told})' if told else ''}", "strong", wrap=True))
        self.body.addWidget(self.bundle)
        fields = QHBoxLayout()
        fields.addWidget(self.period)
        fields.addWidget(self.form)
        self.body.addLayout(fields)
        where = QHBoxLayout()
        where.addWidget(self.folder, 1)
        where.addWidget(button("Choose…", self._ask_folder))
        self.body.addLayout(where)
        self.body.addWidget(label(
            "Sent once a day while you are signed in, or by the command “infusion-desktop reports”. When the folder is"
            " away or full you are told, and it is tried again.", "muted", wrap=True,
        ))  # fmt: skip
        self._look()

    def deed(self) -> Deed | None:
        if [field for field in (self.period, self.form, self.folder) if not field.check()]:
            return None
        period, form = self.period.value(), self.form.value()
        assert period is not None and form is not None
        key, choice = (BUNDLE, Choice()) if self.bundle.value() else (self.report.key, self.choice)
        schedule = Schedule(key, period, form, self.folder.value(), choice)
        database, by = self.context.database, self.context.user_id
        return lambda _override: add_schedule(database, schedule, by)

    def said(self, _result: Any) -> str:
        return "It goes out each morning from now on."

    def end(self, row: ScheduleRow) -> None:
        """Stop sending one."""
        database, by = self.context.database, self.context.user_id
        self.desk.jobs.run(
            self, lambda: end_schedule(database, row.id, by), lambda _none: self._look(),
            lambda error: self.desk.messages.show_failure(error, self),
        )  # fmt: skip

    def _look(self) -> None:
        database, by = self.context.database, self.context.user_id

        def read() -> tuple[ScheduleRow, ...]:
            with database.reading() as session:
                return schedules(session, by)

        self.desk.jobs.run(self, read, self._show, lambda error: self.desk.messages.show_failure(error, self))

    def _show(self, rows: tuple[ScheduleRow, ...]) -> None:
        self.rows = rows
        while (item := self._known.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for row in rows:
            line = QWidget()
            inside = QHBoxLayout(line)
            inside.setContentsMargins(0, 0, 0, 0)
            each = row.schedule
            state = row.failed or (f"sent {show_day(row.sent_on)}" if row.sent_on else "not sent yet")
            told = f"{each.title}, {each.period.value}, {each.form.value.upper()} to {each.folder}: {state}"
            inside.addWidget(label(told, "small", wrap=True), 1)
            inside.addWidget(button("End", partial(self.end, row)))
            self._known.addWidget(line)
        self._make_room()

    def _ask_folder(self) -> None:
        ask_for_folder(self, "Where to?", self._choose)

    def _choose(self, folder: Path) -> None:
        self.folder.set_value(str(folder))
