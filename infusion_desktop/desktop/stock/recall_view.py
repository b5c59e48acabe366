"""One recall at work: its figures, whom it concerns, where its units are, and what is done about it."""

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_instant, today
from infusion_desktop.deliveries.scarce import recall_papers
from infusion_desktop.deliveries.scarce.recall_queries import (
    AssetAtRisk,
    ContactRow,
    KitRow,
    PatientRow,
    RecallPage,
    recall_page,
)
from infusion_desktop.deliveries.scarce.recalls import see_recall
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Figure
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.stock.recall_columns import (
    ASSET_COLUMNS,
    CONTACT_COLUMNS,
    KIT_COLUMNS,
    PATIENT_CHIPS,
    PATIENT_COLUMNS,
    PLACE_COLUMNS,
)
from infusion_desktop.desktop.stock.recall_dialogs import BringBackDialog, CloseDialog, ContactDialog, ExchangeDialog
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import R, TableView
from infusion_desktop.stock.scarce.recall import Whereabouts, quarantine_recalled
from infusion_desktop.stock.words import LocationKind, RecallId, RecallState


class RecallView(QWidget):
    """Belongs to the screen of recalls, whose jobs and banner it uses."""

    back_asked = Signal()

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.owner, self.context, self.desk = screen, screen.context, screen.desk
        self.recall_id: RecallId | None = None
        self.page: RecallPage | None = None
        self._lay_out()
        self.patients.selected.connect(lambda _row: self._allow())
        self.patients.opened.connect(lambda _row: self.log_contact())
        self.kits.opened.connect(lambda row: self.desk.open("delivery", row.delivery_id))
        self.assets.opened.connect(lambda row: self.desk.open("asset", row.id))

    def show_recall(self, recall_id: RecallId) -> None:
        """Show a recall from now on."""
        if recall_id != self.recall_id:
            self.page = None
            for table in (self.patients, self.places, self.kits, self.contacts, self.assets):
                table.set_rows(())
                table.clear_filter()
        self.recall_id = recall_id
        self.load()

    def load(self) -> None:
        """Ask again."""
        database, recall_id, by = self.context.database, self.recall_id, self.context.user_id
        if recall_id is not None:
            read = _page if self.page is not None else see_recall  # Whose names were seen is noted once.
            self.owner.ask(lambda: read(database, recall_id, by), self._show, key="recall")

    def chosen(self) -> list[PatientRow]:
        """The selected patients; without a selection all that are shown."""
        return self.patients.selected_rows() or list(self.patients.model.shown)

    def quarantine(self) -> None:
        """Bring what lies free to quarantine."""
        database, by, recall_id = self.context.database, self.context.user_id, self.recall_id
        if recall_id is not None:
            self.owner.do(
                lambda _override: quarantine_recalled(database, recall_id, by), changed=("stock", "recalls"),
                said=lambda units: f"{units:,} units are in quarantine.", pressed=self.quarantine_button,
            )  # fmt: skip

    def log_contact(self) -> None:
        """Keep a try to reach the chosen patient."""
        row = self.patients.current_row()
        if row is not None and self.page is not None and self.contact_button.isEnabled():
            ContactDialog(self.context, self.desk, self.page, row, self).open()

    def replace_and_fetch(self) -> None:
        """Plan replacement and pick-up for the chosen patients, or for all who have units at home."""
        if self.page is None:
            return
        rows = [row for row in self.chosen() if row.at_home or row.assets]
        if not rows:
            self.desk.messages.refused(("None of these patients has recalled units at home.",), self.owner, Tone.WARN)
            return
        ExchangeDialog(self.context, self.desk, self.page, rows, self).open()

    def bring_back(self) -> None:
        """What the chosen patient gave back."""
        row = self.patients.current_row()
        if row is not None and self.page is not None:
            BringBackDialog(self.context, self.desk, self.page, row, self).open()

    def close_recall(self) -> None:
        """End the recall."""
        if self.page is not None:
            CloseDialog(self.context, self.desk, self.page, self).open()

    def print_letters(self) -> None:
        """The letters to the chosen patients, in one batch."""
        database, by, recall_id = self.context.database, self.context.user_id, self.recall_id
        rows = [row.id for row in self.chosen()]
        if recall_id is not None:
            self._paper(
                "Recall letters", lambda: recall_papers.print_letters(database, recall_id, rows, by), changes=True
            )

    def print_tickets(self) -> None:
        """The driver's tickets for the chosen patients."""
        database, by, recall_id = self.context.database, self.context.user_id, self.recall_id
        rows = self.chosen()
        if recall_id is None:
            return
        day = max((row.pick_up_due for row in rows if row.pick_up_due is not None), default=today())

        def draw() -> bytes:
            with database.reading() as session:
                ids = [row.id for row in rows]
                return recall_papers.pick_up_tickets(session, recall_id, ids, day, by, now_utc())

        self._paper("Pick-up tickets", draw)

    def print_file(self) -> None:
        """The whole recall as one paper."""
        database, by, recall_id = self.context.database, self.context.user_id, self.recall_id
        if recall_id is not None:
            self._paper("Recall file", lambda: recall_papers.print_file(database, recall_id, by))

    def _paper(self, title: str, draw: Callable[[], bytes], *, changes: bool = False) -> None:
        def show(pdf: bytes) -> None:
            number = self.page.row.number if self.page is not None else "recall"
            name = f"{title.lower().replace(' ', '-')}-{number}.pdf"
            PdfDialog(self.desk, title, pdf, name, self.context.folder, self).show()

        self.owner.do(lambda _override: draw(), changed=("recalls",) if changes else (), then=show, text=title)

    def _lay_out(self) -> None:
        self.back_button = button("Recalls", self.back_asked.emit, icon="chevron-left")
        self.file_button = button("File", self.print_file, icon="print")
        self.close_button = button("Close", self.close_recall, icon="check")
        self.quarantine_button = button("Quarantine what is free", self.quarantine, icon="shield")
        self.letters_button = button("Letters", self.print_letters, icon="claim")
        self.tickets_button = button("Tickets", self.print_tickets, icon="truck")
        self.back_again_button = button("Came back", self.bring_back, icon="undo")
        self.contact_button = button("Log contact", self.log_contact, icon="phone")
        self.exchange_button = button("Replace and fetch", self.replace_and_fetch, icon="truck", kind="primary")
        self.name, self.about = label("", "title", wrap=True), label("", "muted", wrap=True)
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self.back_button)
        top.addStretch(1)
        for press in (self.file_button, self.close_button, self.quarantine_button):
            top.addWidget(press)
        self.figures = {
            name: Figure(name)
            for name in ("In the house", "At homes", "Quarantined", "Patients reached", "Accounted for")
        }
        across = QHBoxLayout()
        across.setSpacing(12)
        for figure in self.figures.values():
            across.addWidget(figure)
        self.patients: TableView[PatientRow] = self._table(
            PATIENT_COLUMNS, "Patients of the recall", ("patient", "patients"), "No patient has or had any of it."
        )
        self.places: TableView[Whereabouts] = self._table(
            PLACE_COLUMNS, "Places of the recall", ("place", "places"), "None of it lies in our places."
        )
        self.kits: TableView[KitRow] = self._table(
            KIT_COLUMNS, "Kits of the recall", ("kit", "kits"), "No kit in the house holds any of it."
        )
        self.contacts: TableView[ContactRow] = self._table(
            CONTACT_COLUMNS, "Contacts of the recall", ("contact", "contacts"), "Nobody was contacted yet."
        )
        self.assets: TableView[AssetAtRisk] = self._table(
            ASSET_COLUMNS, "Pumps of the recall", ("pump or pole", "pumps and poles"), "No pump or pole is named."
        )
        deeds = QHBoxLayout()
        deeds.setSpacing(10)
        self.whom = label("", "small", wrap=True)
        deeds.addWidget(self.whom, 1)
        for press in (self.letters_button, self.tickets_button, self.back_again_button, self.contact_button,
                      self.exchange_button):  # fmt: skip
            deeds.addWidget(press)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for table, title in ((self.patients, "Patients"), (self.places, "Our places"), (self.kits, "Kits"),
                             (self.contacts, "Contacts"), (self.assets, "Pumps and poles")):  # fmt: skip
            holder = QWidget()
            column = QVBoxLayout(holder)
            column.setContentsMargins(0, 10, 0, 0)
            if table is self.patients:
                column.addLayout(deeds)
            column.addWidget(table)
            self.tabs.addTab(holder, title)
        self.tabs.currentChanged.connect(lambda _tab: QTimer.singleShot(0, self, self._fit))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self.name)
        column.addWidget(self.about)
        column.addLayout(across)
        column.addWidget(self.tabs, 1)

    def _table(self, columns: tuple[Column[R], ...], name: str, noun: tuple[str, str], empty: str) -> TableView[R]:
        chips = PATIENT_CHIPS if columns is PATIENT_COLUMNS else ()
        return TableView(
            columns, _id_of, name=name, noun=noun, desk=self.desk, settings=self.owner.settings(), empty=empty,
            chips=chips,  # type: ignore[arg-type]
        )  # fmt: skip

    def _fit(self) -> None:
        for table in (self.places, self.kits, self.contacts, self.assets):
            table.fit_columns()

    def _show(self, page: RecallPage) -> None:
        if page.row.id != self.recall_id:
            return
        self.page, row, tally = page, page.row, page.tally
        self.name.setText(f"{row.number}  {row.item_name}")
        told = [", ".join(page.named[:6]) + (" …" if len(page.named) > 6 else ""), row.reason, row.source,
                f"opened {show_instant(row.opened_at)} by {page.opened_by}"]  # fmt: skip
        if page.closed_at is not None:
            told.append(f"closed {show_instant(page.closed_at)}")
        self.about.setText("  ·  ".join(filter(None, told)))
        house = tally.on_shelf + tally.reserved + tally.packed
        reached = sum(each.is_reached for each in page.patients)
        for name, number, detail, tone in (
            ("In the house", f"{house:,}", f"{tally.reserved:,} reserved, {tally.packed:,} packed",
             Tone.BAD if house else Tone.GOOD),
            ("At homes", f"{tally.at_home:,}", f"{tally.in_transit:,} on the way, {tally.used:,} used",
             Tone.BAD if tally.at_home or tally.in_transit else Tone.GOOD),
            ("Quarantined", f"{tally.quarantined:,}", f"{tally.came_back:,} came back", Tone.INFO),
            ("Patients reached", f"{page.effectiveness} %", f"{reached:,} of {len(page.patients):,}",
             Tone.GOOD if reached == len(page.patients) else Tone.WARN),
            ("Accounted for", f"{page.accounted} %", f"of {tally.came_in:,} that came in",
             Tone.GOOD if tally.accounted == tally.came_in else Tone.WARN),
        ):  # fmt: skip
            self.figures[name].show_value(number, detail, tone)
        self.patients.set_rows(page.patients)
        self.places.set_rows(each for each in page.places if each.place_kind is not LocationKind.PATIENT_HOME)
        self.kits.set_rows(page.kits)
        self.contacts.set_rows(page.contacts)
        self.assets.set_rows(page.assets)
        for tab, name, count in ((0, "Patients", len(page.patients)), (2, "Kits", len(page.kits)),
                                 (3, "Contacts", len(page.contacts))):  # fmt: skip
            self.tabs.setTabText(tab, f"{name} ({count:,})" if count else name)
        self.tabs.setTabVisible(4, page.is_equipment)
        self._allow()

    def _allow(self) -> None:
        page, row = self.page, self.patients.current_row()
        is_open = page is not None and page.row.state is RecallState.OPEN
        may = self.context.may
        self.whom.setText(
            ""
            if row is not None
            else "Letters, tickets and visits are for all that are shown, or for those you select."
        )
        for press, allowed, who in (
            (self.quarantine_button, may(Permission.RECALL), "Pharmacists work recalls."),
            (self.close_button, may(Permission.RECALL), "Pharmacists work recalls."),
            (self.letters_button, may(Permission.DELIVER), "Who delivers writes to patients."),
            (self.contact_button, may(Permission.DELIVER) and row is not None, "Choose a patient."),
            (self.back_again_button, may(Permission.DELIVER) and bool(row and row.sent), "Choose a patient."),
            (self.exchange_button, may(Permission.PLAN_DELIVERY), "Who plans deliveries plans visits."),
        ):  # fmt: skip
            press.setEnabled(allowed and is_open)
            press.setToolTip("" if allowed else who)


def _id_of(row: object) -> object:
    if isinstance(row, Whereabouts):
        return row.lot_id, row.location_id
    if isinstance(row, KitRow):
        return row.delivery_id, row.lot
    return getattr(row, "id")  # noqa: B009


def _page(database: Database, recall_id: RecallId, _by: UserId) -> RecallPage:
    with database.reading() as session:
        return recall_page(session, recall_id)
