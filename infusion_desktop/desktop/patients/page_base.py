"""What the deeds on a patient's page share: the patient shown, a form asked for, the row a deed is about."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.months.elsewhere import ElsewhereRow
from infusion_desktop.billing.months.visits import Visit
from infusion_desktop.database.engine import Database
from infusion_desktop.deliveries.calls.follow_ups import FollowUpRow
from infusion_desktop.deliveries.care.patient_glance import Glance
from infusion_desktop.deliveries.kits.home_counts import AtHome
from infusion_desktop.deliveries.lists import DeliveryRow
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import Form
from infusion_desktop.desktop.patients.small_dialogs import FormDialog, ReasonForm
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.equipment.queries import AssetRow
from infusion_desktop.patients.labs import LabRow
from infusion_desktop.patients.queries import PatientPage
from infusion_desktop.patients.words import PatientId, TherapyId


@dataclass(frozen=True, slots=True)
class Everything:
    """What the page shows."""

    page: PatientPage
    deliveries: tuple[DeliveryRow, ...]
    supplies: tuple[AtHome, ...]
    equipment: tuple[AssetRow, ...]
    days: dict[TherapyId, int]
    """Days at home until today that each order has run, without its interruptions."""
    labs: tuple[LabRow, ...]
    visits: tuple[Visit, ...]
    elsewhere: tuple[ElsewhereRow, ...]
    tasks: tuple[FollowUpRow, ...]
    glance: Glance
    balance: Decimal | None
    """What the patient owes; None for those who do not see billing."""


class PageBase(Screen):
    """A screen that shows one patient."""

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.shown: Everything | None = None
        self.dialog: DeedDialog
        self.tabs = QTabWidget()
        self.tabs.tabBar().setObjectName("many")

    @property
    def patient(self) -> PatientId:
        """Whose page it is; only asked where somebody is shown."""
        assert self.shown is not None
        return self.shown.page.id

    def _ask_form(
        self,
        title: str,
        form: Form,
        keep: Callable[[], Deed],
        said: str,
        changed: Iterable[str] = ("patients",),
        again: Callable[[], object] | None = None,
    ) -> None:
        """Ask for a form's fields; ``keep`` turns them into the deed, ``again`` asks anew from the newest record."""
        self.dialog = FormDialog(self, title, form, keep, said=said, changed=changed)
        self.dialog.reopen = again
        self.dialog.open()

    def _ask_why(
        self,
        title: str,
        question: str,
        act: Callable[[str], object],
        said: str,
        changed: Iterable[str] = ("patients",),
        again: Callable[[], object] | None = None,
    ) -> None:
        """Ask for one sentence that is kept; ``act`` does the deed with it."""
        form = ReasonForm(question)

        def keep() -> Deed:
            why = form.reason.value()
            return lambda _override: act(why)

        self._ask_form(title, form, keep, said, changed, again)

    def _ask_mistake(
        self,
        table: TableView[Any],
        which: str,
        take_back: Callable[[Database, Any, str, int, UserId], object],
        said: str,
        changed: Iterable[str],
        again: Callable[[], object],
    ) -> None:
        """Ask why the chosen row never was, and take it back in the version that was seen; it stays on record."""
        row = self._selected(table, which)
        if row is not None:
            database, by = self.context.database, self.context.user_id
            self._ask_why(
                "Entered by mistake", "Why it never was",
                lambda why: take_back(database, row.id, why, row.version, by), said, changed, again,
            )  # fmt: skip

    def _selected(self, table: TableView[Any], sentence: str) -> Any:
        """The row a deed is about: the marked one, or the only one; otherwise ask for it."""
        rows = table.model.rows
        row = table.current_row() or (rows[0] if len(rows) == 1 else None)
        if row is None:
            self._show_tab(table)
            self.desk.messages.refused((sentence,), self, Tone.INFO)
        return row

    def _show_tab(self, table: QWidget) -> None:
        for place in range(self.tabs.count()):
            page = self.tabs.widget(place)
            if page is not None and (page is table or page.isAncestorOf(table)):
                self.tabs.setCurrentIndex(place)


def with_buttons(table: QWidget, *buttons: QWidget) -> QWidget:
    """A list with the deeds about its rows below it."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 4, 0, 0)
    column.setSpacing(8)
    column.addWidget(table, 1)
    if buttons:
        row = QHBoxLayout()
        row.addStretch(1)
        for each in buttons:
            row.addWidget(each)
        column.addLayout(row)
    return holder
