"""Places: sites, rooms, bins, vehicles, nurse bags and the like; added, changed, ended, labelled."""

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, Form, QuantityField, TextField
from infusion_desktop.desktop.label_dialog import LabelDialog
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.question import Question
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.stock.papers import place_labels
from infusion_desktop.stock.places import ADDED, add_place, change_place, end_place
from infusion_desktop.stock.queries import PlaceRow
from infusion_desktop.stock.words import LocationId, LocationKind

COLUMNS: tuple[Column[PlaceRow], ...] = (
    Column("Code", lambda row: row.code),
    Column("Name", lambda row: row.name, stretch=True),
    Column("Kind", lambda row: row.kind.value.capitalize()),
    Column("In", lambda row: row.parent),
    Column("Walking order", lambda row: f"{row.pick_order}", sort_key=lambda row: row.pick_order, numeric=True),
    Column("Lots", lambda row: f"{row.lots:,}", sort_key=lambda row: row.lots, numeric=True,
           value=lambda row: row.lots),
    Column("Units", lambda row: f"{row.units:,}", sort_key=lambda row: row.units, numeric=True,
           value=lambda row: row.units),
    Column("Picked from", lambda row: "Yes" if row.kind.is_pickable else ""),
)  # fmt: skip
CHIPS: tuple[Chip[PlaceRow], ...] = (
    Chip("Sites and rooms", lambda row: row.kind in (LocationKind.SITE, LocationKind.ROOM), "kind"),
    Chip("Bins", lambda row: row.kind is LocationKind.BIN, "kind"),
    Chip("Vehicles and bags", lambda row: row.kind in (LocationKind.VEHICLE, LocationKind.NURSE_BAG), "kind"),
    Chip("Empty", lambda row: not row.lots),
)


class PlaceTab(QWidget):
    """Belongs to the stock screen."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.owner, self.context, self.desk = screen, screen.context, screen.desk
        self.rows: tuple[PlaceRow, ...] = ()
        self.add_button = button("Add a place", self.add, icon="plus", kind="primary")
        self.change_button = button("Change", self.change, icon="edit")
        self.end_button = button("End", self.end, icon="cross")
        self.label_button = button("Labels", self.print_labels, icon="tag")
        self.table: TableView[PlaceRow] = TableView(
            COLUMNS, lambda row: row.id, name="Places", chips=CHIPS, noun=("place", "places"), desk=self.desk,
            settings=screen.settings(), empty="No place yet.",
        )  # fmt: skip
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(label("Patients' homes are added with their patients.", "muted", wrap=True), 1)
        for press in (self.label_button, self.end_button, self.change_button, self.add_button):
            top.addWidget(press)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        self.table.selected.connect(lambda _row: self._allow())
        self.table.opened.connect(lambda _row: self.change())
        self._allow()

    def show_rows(self, rows: tuple[PlaceRow, ...]) -> None:
        """Show them."""
        self.rows = rows
        self.table.set_rows(rows)
        self._allow()

    def add(self) -> None:
        """A new place."""
        PlaceDialog(self.context, self.desk, self.rows, self).open()

    def change(self) -> None:
        """Another name, order or place it is in."""
        row = self.table.current_row()
        if row is not None and self.change_button.isEnabled():
            PlaceDialog(self.context, self.desk, self.rows, self, row).opened_by(self.change).open()

    def end(self) -> None:
        """A place is used no longer."""
        row = self.table.current_row()
        if row is None:
            return
        database, by = self.context.database, self.context.user_id
        self.desk.messages.confirm(
            Question(f"End {row.name}?", ("Nothing can be put there any more. What happened there stays.",), yes="End"),
            lambda: self.owner.do(
                lambda _o: end_place(database, row.id, by), changed=("stock",), said=f"{row.name} is ended."
            ),
            self,
        )

    def print_labels(self) -> None:
        """Labels of the chosen places, or of all that are shown."""
        rows = self.table.selected_rows() or list(self.table.model.shown)
        database, ids = self.context.database, [row.id for row in rows]
        what = rows[0].name if len(rows) == 1 else f"{len(rows):,} places"
        LabelDialog(self.context, self.desk, self, what, lambda: _labels(database, ids)).open()

    def _allow(self) -> None:
        may, row = self.context.may(Permission.EDIT_CATALOGUE), self.table.current_row()
        for press, needed in ((self.add_button, True), (self.change_button, row is not None),
                              (self.end_button, row is not None)):  # fmt: skip
            press.setEnabled(may and needed)
            press.setToolTip("" if may else "Pharmacists change places.")


class PlaceDialog(DeedDialog):
    """A place, new or changed."""

    changed = ("stock",)

    def __init__(
        self, context: Context, desk: Desk, places: tuple[PlaceRow, ...], parent: QWidget, row: PlaceRow | None = None
    ) -> None:
        super().__init__(context, desk, "Add a place" if row is None else f"Change {row.code}", parent, save="Save")
        self.row = row
        self.code = TextField("Code", required=True, longest=40, hint="As on its label, such as A-01.")
        self.name = TextField("Name", required=True, longest=80)
        self.kind: ChoiceField[LocationKind] = ChoiceField(
            "Kind", [(kind.value.capitalize(), kind) for kind in ADDED], required=True,
            hint="Stock is picked for patients from rooms and bins only.",
        )  # fmt: skip
        self.inside: ChoiceField[LocationId] = ChoiceField(
            "It is in", [(f"{place.name} ({place.code})", place.id) for place in places
                         if place.kind is not LocationKind.TRANSIT and (row is None or place.id != row.id)],
            placeholder="Nothing else", hint="A site or a room.",
        )  # fmt: skip
        self.order = QuantityField("Walking order", most=99_999, hint="Pick lists and counts go by it.")
        if row is not None:
            self.code.set_value(row.code)
            self.code.setEnabled(False)
            self.kind.set_value(row.kind)
            self.kind.setEnabled(False)
            self.name.set_value(row.name)
            self.inside.set_value(row.parent_id)
            self.order.set_value(row.pick_order)
        form = Form()
        form.section("", (self.code, self.name), (self.kind, self.inside), (self.order,))
        self.form = form
        self.body.addWidget(form)
        (self.code if row is None else self.name).setFocus()

    def deed(self) -> Callable[[str], Any] | None:
        if not self.form.check():
            return None
        database, by, row = self.context.database, self.context.user_id, self.row
        name, inside, order = self.name.value(), self.inside.value(), self.order.value() or 0
        if row is not None:
            return lambda _override: change_place(database, row.id, name, inside, order, row.version, by)
        code, kind = self.code.value(), self.kind.value()
        assert kind is not None
        return lambda _override: add_place(database, code, name, kind, by, order, inside)

    def said(self, _result: Any) -> str:
        return f"{self.name.value()} is saved."


def _labels(database: Database, places: list[LocationId]) -> "tuple[Any, ...]":
    with database.reading() as session:
        return place_labels(session, places)
