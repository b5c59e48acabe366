"""Shortages: how long each item lasts, who gets what is scarce, and what may be sent instead."""

from collections.abc import Mapping

from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.scarce.priorities import priorities
from infusion_desktop.deliveries.scarce.shortages import ShareRow, ShortageRow, send_instead, shortages
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.purchasing.order_dialogs import ReasonDialog
from infusion_desktop.desktop.purchasing.shortage_dialogs import PriorityDialog, SubstituteDialog
from infusion_desktop.desktop.purchasing.tab import Tab, allow
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.patients.words import TherapyClass
from infusion_desktop.stock.buying.reordering import Source
from infusion_desktop.stock.scarce.substitutes import SubstituteRow, end_substitute, ration
from infusion_desktop.stock.words import ItemId

FEW_DAYS = 14


def _state(row: ShortageRow) -> str:
    if row.proposal.rationed:
        return f"Rationed, {row.missing:,} short" if row.missing else "Rationed"
    if row.missing:
        return f"{row.missing:,} short"
    return "Low" if row.lasting.days is not None and row.lasting.days < FEW_DAYS else "Enough"


_TONES = {"Low": Tone.WARN, "Enough": Tone.GOOD}


def _tone(row: ShortageRow) -> Tone:
    if row.missing:
        return Tone.BAD
    return Tone.INFO if row.proposal.rationed else _TONES[_state(row)]


ITEMS: tuple[Column[ShortageRow], ...] = (
    Column("Item", lambda row: row.proposal.name, stretch=True, hint=lambda row: row.proposal.number),
    Column("Free", lambda row: f"{row.proposal.position.free:,}", sort_key=lambda row: row.proposal.position.free,
           numeric=True, value=lambda row: row.proposal.position.free),
    Column("Patients", lambda row: f"{row.lasting.patients:,}", sort_key=lambda row: row.lasting.patients,
           numeric=True),
    Column("Use a day", lambda row: f"{row.lasting.units_a_day:.1f}", sort_key=lambda row: row.lasting.units_a_day,
           numeric=True, hidden=True),
    Column("Days left", lambda row: "" if row.lasting.days is None else f"{row.lasting.days:,}", numeric=True,
           sort_key=lambda row: row.lasting.days, value=lambda row: row.lasting.days),
    Column("Patient-days", lambda row: f"{row.lasting.patient_days:,}" if row.lasting.patients else "", numeric=True,
           sort_key=lambda row: row.lasting.patient_days if row.lasting.patients else None,
           value=lambda row: row.lasting.patient_days),
    Column("Needed", lambda row: f"{row.wanted:,}", sort_key=lambda row: row.wanted, numeric=True,
           hint=lambda row: f"Until {show_day(row.proposal.until)}, when an order of today could be here"),
    Column("Coming", lambda row: _coming(row), sort_key=lambda row: row.proposal.coming.next_on, width=150),
    Column("State", _state, tone=lambda row: _tone(row), hint=lambda row: row.proposal.rationed),
)  # fmt: skip


def _coming(row: ShortageRow) -> str:
    coming = row.proposal.coming
    if not coming.out:
        return ""
    day = f", {show_day(coming.next_on)}" if coming.next_on else ""
    return f"{coming.out:,}{day}"


CHIPS: tuple[Chip[ShortageRow], ...] = (
    Chip("Short", lambda row: row.missing > 0),
    Chip("Less than 14 days", lambda row: row.lasting.days is not None and row.lasting.days < FEW_DAYS),
    Chip("On backorder", lambda row: row.proposal.coming.backordered > 0),
    Chip("Rationed", lambda row: bool(row.proposal.rationed)),
)


def _gets(row: ShareRow) -> str:
    if not row.short:
        return "All"
    return "Nothing" if not row.given else f"{row.given:,}"


SHARES: tuple[Column[ShareRow], ...] = (
    Column("First", lambda row: f"{row.demand.priority}", sort_key=lambda row: row.demand.priority, numeric=True,
           hint=lambda _row: "Priority of the therapy, 1 served first"),
    Column("For", lambda row: row.demand.what, stretch=True,
           hint=lambda row: f"{row.demand.what}, leaves {show_day(row.demand.on)}"),
    Column("Day", lambda row: show_day(row.demand.on), sort_key=lambda row: row.demand.on, hidden=True),
    Column("Needs", lambda row: f"{row.demand.units:,}", sort_key=lambda row: row.demand.units, numeric=True),
    Column("Gets", _gets, sort_key=lambda row: row.given,
           tone=lambda row: Tone.GOOD if not row.short else Tone.WARN if row.given else Tone.BAD),
    Column("Instead", lambda row: "" if row.instead is None else
           f"{row.instead.units_for(row.short):,} {row.instead.name}", stretch=True),
)  # fmt: skip
SUBSTITUTES: tuple[Column[SubstituteRow], ...] = (
    Column("Rank", lambda row: f"{row.rank}", sort_key=lambda row: row.rank, numeric=True, hidden=True),
    Column("Instead", lambda row: row.name, stretch=True, hint=lambda row: f"{row.number} {row.note}"),
    Column("Conversion", lambda row: row.conversion),
    Column("Free", lambda row: f"{row.available:,}", sort_key=lambda row: row.available, numeric=True),
    Column("Replaces", lambda row: f"{row.replaces:,}", sort_key=lambda row: row.replaces, numeric=True),
)


class ShortagesTab(Tab):
    """Items above; below, who gets what there is of one, and its substitutes."""

    title = "Shortages"

    def __init__(self, screen: Screen) -> None:
        super().__init__(
            screen, "How long what is here lasts, who gets it by priority of the therapy, and what to send instead."
        )
        settings = screen.settings()
        self.table: TableView[ShortageRow] = TableView(
            ITEMS, lambda row: row.item_id, name="How long items last", chips=CHIPS, desk=self.desk,
            noun=("item", "items"), settings=settings, empty="No therapy or delivery uses an item yet.",
        )  # fmt: skip
        self.shares: TableView[ShareRow] = TableView(
            SHARES, lambda row: row.id, name="Who gets it", desk=self.desk, noun=("need", "needs"), settings=settings,
            empty="Nobody needs it until an order could be here.",
        )  # fmt: skip
        self.substitutes: TableView[SubstituteRow] = TableView(
            SUBSTITUTES, lambda row: row.id, name="Substitutes", desk=self.desk, noun=("substitute", "substitutes"),
            settings=settings, empty="No substitute yet. Add what may be sent instead.",
        )  # fmt: skip
        self.priority_button = button("Priorities", self.set_priorities, icon="list")
        self.instead_button = button("Send instead", self.send_instead, icon="truck", kind="primary")
        self.add_button = button("Add", self.add_substitute, icon="plus")
        self.end_button = button("Remove", self.end_substitute, icon="cross")
        self.ration_button = button("Ration", self.ration, icon="lock")
        self.put_actions(self.priority_button, self.ration_button)
        split = QSplitter()
        split.setChildrenCollapsible(False)
        for table, title, presses in (
            (self.shares, "Who gets it", (self.instead_button,)),
            (self.substitutes, "What to send instead", (self.end_button, self.add_button)),
        ):
            holder = QWidget()
            column = QVBoxLayout(holder)
            column.setContentsMargins(0, 0, 0, 0)
            bar = QHBoxLayout()
            bar.addWidget(label(title, "heading"), 1)
            for press in presses:
                bar.addWidget(press)
            column.addLayout(bar)
            column.addWidget(table)
            split.addWidget(holder)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        self.column.addWidget(self.table, 1)
        self.column.addWidget(split, 1)
        self.table.selected.connect(lambda _row: self._show_one())
        self.shares.selected.connect(lambda _row: self._allow())
        self.substitutes.selected.connect(lambda _row: self._allow())
        self._allow()

    def load(self) -> None:
        database = self.context.database
        self.owner.ask(lambda: _shortages(database), self._show, key="shortages")

    def fit(self) -> None:
        for table in (self.table, self.shares, self.substitutes):
            table.fit_columns()

    def add_substitute(self) -> None:
        """What may be sent instead of the selected item."""
        known = self.substitutes.current_row()
        self._ask_for_substitute(None if known is None else known.substitute_id)

    def _ask_for_substitute(self, item: ItemId | None) -> None:
        row = self.table.current_row()
        if row is not None:
            dialog = SubstituteDialog(self.context, self.desk, row, item, self.owner)
            dialog.opened_by(lambda: self._ask_for_substitute(dialog.item_id)).open()

    def end_substitute(self) -> None:
        """It may not be sent instead any more."""
        row = self.substitutes.current_row()
        if row is not None:
            database, by = self.context.database, self.context.user_id
            self.owner.do(
                lambda _o: end_substitute(database, row.id, by), changed=("purchasing",), pressed=self.end_button,
                said=f"{row.name} is no longer sent instead of {row.item_name}.",
            )  # fmt: skip

    def set_priorities(self) -> None:
        """Which therapies are served first."""
        self._ask_for_priority(None)

    def _ask_for_priority(self, therapy: TherapyClass | None) -> None:
        database = self.context.database

        def show(ranks: Mapping[TherapyClass, int]) -> None:
            dialog = PriorityDialog(self.context, self.desk, ranks, therapy, self.owner)
            dialog.opened_by(lambda: self._ask_for_priority(dialog.therapy.value())).open()

        self.owner.ask(lambda: _priorities(database), show, key="priorities")

    def ration(self) -> None:
        """Share the selected item out by priority, or let it be taken as it comes again."""
        row = self.table.current_row()
        if row is None:
            return
        database, by, item, was = self.context.database, self.context.user_id, row.item_id, row.proposal.rationed
        if was:
            self.owner.do(
                lambda _o: ration(database, item, "", by, was=was), changed=("purchasing",), pressed=self.ration_button,
                said=f"{row.proposal.name} is taken as it comes again.",
            )  # fmt: skip
            return
        ReasonDialog(
            self.context, self.desk, f"Ration {row.proposal.name}",
            "From now on a delivery is released with more than its share, by priority, only with a reason.",
            "Ration it", self.owner, lambda reason: ration(database, item, reason, by, was=was),
        ).opened_by(self.ration).open()  # fmt: skip

    def send_instead(self) -> None:
        """On the selected draft delivery, send the substitute for what is short."""
        row = self.shares.current_row()
        if row is None or row.instead is None or row.demand.line_id is None:
            return
        database, by, line = self.context.database, self.context.user_id, row.demand.line_id
        instead, units, was = row.instead, row.short, row.demand.units
        ReasonDialog(
            self.context, self.desk, f"Send {instead.name}",
            f"{row.demand.what}: {instead.units_for(units):,} {instead.unit} of {instead.name} instead of {units:,} "
            f"({instead.conversion}).", "Send it instead", self.owner,
            lambda reason: send_instead(database, line, instead.substitute_id, units, reason, by, was=was),
        ).opened_by(self.send_instead).open()  # fmt: skip

    def _show(self, rows: tuple[ShortageRow, ...]) -> None:
        self.table.set_rows(rows)
        if self.table.current_row() is None and self.table.model.shown:
            self.table.select_ids([self.table.model.shown[0].item_id])
        self._show_one()

    def _show_one(self) -> None:
        row = self.table.current_row()
        self.shares.set_rows(() if row is None else row.shares)
        self.substitutes.set_rows(() if row is None else row.substitutes)
        self._allow()

    def _allow(self) -> None:
        may = self.context.may(Permission.EDIT_CATALOGUE)
        share = self.shares.current_row()
        can = (
            share is not None and share.instead is not None and share.demand.source is Source.DELIVERY
            and share.demand.line_id is not None and not share.demand.what.endswith("owed")
        )  # fmt: skip
        allow(
            self.instead_button, self.context.may(Permission.PLAN_DELIVERY), can, "Pharmacists and coordinators plan."
        )
        item = self.table.current_row()
        self.ration_button.setText("Stop rationing" if item is not None and item.proposal.rationed else "Ration")
        who = "Pharmacists ration."
        allow(self.ration_button, self.context.may(Permission.RECALL), item is not None, who)
        allow(self.add_button, may, self.table.current_row() is not None, "Pharmacists add substitutes.")
        allow(self.end_button, may, self.substitutes.current_row() is not None, "Pharmacists add substitutes.")


def _priorities(database: Database) -> Mapping[TherapyClass, int]:
    with database.reading() as session:
        return priorities(session)


def _shortages(database: Database) -> tuple[ShortageRow, ...]:
    with database.reading() as session:
        return shortages(session, today())
