"""One kit template: whom it is for, its lines, the version that is to begin, and the patients it touches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, show_day, today
from infusion_desktop.deliveries.care_words import Ages
from infusion_desktop.deliveries.kits.template_effects import Touched, touched
from infusion_desktop.deliveries.kits.template_rules import (
    MOST_LUMENS,
    Template,
    TemplateLine,
    reasons_against_template,
)
from infusion_desktop.deliveries.kits.templates import KeptTemplate, end_template, save_template, template, versions
from infusion_desktop.deliveries.words import TemplateId
from infusion_desktop.desktop.both_versions import BothVersions
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.forms import CheckField, ChoiceField, DayField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.office.kit_line_dialog import LineDialog
from infusion_desktop.desktop.office.kit_versions import differing_parts, mine_onto, only_for, rule_of
from infusion_desktop.desktop.pages import Card, Page, scrolled
from infusion_desktop.desktop.question import Question
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused, Stale
from infusion_desktop.patients.words import AccessKind, Method, TherapyClass
from infusion_desktop.stock.queries import ItemFound, find_items
from infusion_desktop.stock.words import ItemId, ItemKind

T = TypeVar("T")
_AFTER_MS = 300


class Several(QWidget, Generic[T]):
    """Some of several, as boxes to tick."""

    changed = Signal()

    def __init__(self, title: str, choices: Iterable[tuple[str, T]], across: int = 2) -> None:
        super().__init__()
        self.boxes: dict[T, QCheckBox] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(label(title, "caption"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        for place, (name, meant) in enumerate(choices):
            box = QCheckBox(name)
            box.toggled.connect(lambda _on: self.changed.emit())
            grid.addWidget(box, place // across, place % across)
            self.boxes[meant] = box
        column.addLayout(grid)

    def value(self) -> tuple[T, ...]:
        """What is ticked."""
        return tuple(each for each, box in self.boxes.items() if box.isChecked())

    def set_value(self, chosen: Iterable[T]) -> None:
        """Tick these."""
        wanted = set(chosen)
        for each, box in self.boxes.items():
            box.setChecked(each in wanted)


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of the kit as it is edited."""

    place: int
    line: TemplateLine
    name: str
    alternatives: str


LINES: tuple[Column[LineRow], ...] = (
    Column("", text=lambda row: str(row.place), sort_key=lambda row: row.place, numeric=True),
    Column("Item", text=lambda row: row.name, width=260, hint=lambda row: row.line.note),
    Column("How much", text=lambda row: rule_of(row.line)),
    Column("Packs of", text=lambda row: str(row.line.round_to), sort_key=lambda row: row.line.round_to, numeric=True),
    Column("For", text=lambda row: row.line.purpose.value),
    Column("Only", text=lambda row: only_for(row.line)),
    Column("Instead", text=lambda row: row.alternatives, stretch=True, hint=lambda row: row.alternatives),
    Column("Note", text=lambda row: row.line.note, stretch=True, hint=lambda row: row.line.note),
)
TOUCHED: tuple[Column[Touched], ...] = (
    Column("Patient", text=lambda row: row.patient, stretch=True),
    Column("Order", text=lambda row: row.drug, stretch=True),
    Column("What", text=lambda row: row.what, stretch=True,
           tone=lambda row: Tone.BAD if not row.becomes else Tone.WARN if row.was != row.becomes else Tone.INFO),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opened:
    """A version with the items to choose from."""

    kept: KeptTemplate | None
    older: tuple[KeptTemplate, ...]
    items: tuple[ItemFound, ...]


class KitScreen(Screen):
    """A kit to look at, change, or write."""

    title = "Kit template"
    topics: ClassVar[frozenset[str]] = frozenset()
    help = (
        "Whom the kit is for and what goes. Saving makes the next version from its first day on; deliveries made from "
        "an older version keep it. The list at the right shows whose kit changes before anything is saved."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self._template: TemplateId | None = None
        self.kept: KeptTemplate | None = None
        self.older: tuple[KeptTemplate, ...] = ()
        """All versions of it that were read, the newest first."""
        self._as_shown: Template | None = None
        self.names: dict[ItemId, str] = {}
        self.lines: list[TemplateLine] = []
        self.items: tuple[ItemFound, ...] = ()
        self.dialog: LineDialog | None = None
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_AFTER_MS)
        self._typing.timeout.connect(self.look)
        self._make_fields()
        self._lay_out()

    def _make_fields(self) -> None:
        self.code, self.name = TextField("Code", required=True, longest=40), TextField("Name", required=True)
        classes = [(each.value, each) for each in TherapyClass]
        self.therapy_class: ChoiceField[TherapyClass] = ChoiceField("Kind of therapy", classes, required=True)
        self.methods: Several[Method] = Several("Methods (none for any)", [(each.value, each) for each in Method])
        self.access: Several[AccessKind] = Several(
            "Access devices (none for any)", [(each.value, each) for each in AccessKind]
        )
        self.low = QuantityField("Every, from", least=1, most=8760, unit="hours", required=True)
        self.high = QuantityField("to", least=1, most=8760, unit="hours", required=True)
        self.low_lumens = QuantityField("Lumens from", most=MOST_LUMENS, required=True)
        self.high_lumens = QuantityField("to", most=MOST_LUMENS, required=True)
        self.ages: ChoiceField[Ages] = ChoiceField("For", [(each.value, each) for each in Ages], required=True)
        self.latex = CheckField("Only for those allergic to latex")
        self.starts_on = DayField("The version begins on", required=True)
        self.form = Form()
        self.form.section("", (self.code, self.name), (self.therapy_class, self.ages), (self.low, self.high),
                          (self.low_lumens, self.high_lumens), (self.latex,), (self.starts_on,))  # fmt: skip

    def _lay_out(self) -> None:
        may = self.context.may(Permission.EDIT_TEMPLATES)
        self.version = label("", "muted", wrap=True)
        side = Card()
        for part in (self.version, self.form, self.methods, self.access):
            side.add(part)
        side.column.addStretch(1)
        self.table: TableView[LineRow] = TableView(
            LINES, lambda row: row.place, name="Lines of the kit", desk=self.desk, noun=("line", "lines"),
            empty="Nothing is in the kit yet. Add the first line.", settings=self.settings(),
        )  # fmt: skip
        self.effect: TableView[Touched] = TableView(
            TOUCHED, lambda row: (row.patient_id, row.drug), name="Patients touched", desk=self.desk,
            noun=("order", "orders"), empty="No running order follows this kit.", settings=self.settings(),
        )  # fmt: skip
        self.effect.opened.connect(lambda row: self.desk.open("patient", row.patient_id) if row else None)
        self.table.opened.connect(lambda _row: self.change_line() if may else None)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table, 3)
        row = QHBoxLayout()
        row.addStretch(1)
        for name, press in (("Up", self.up), ("Take off", self.take_off), ("Change…", self.change_line),
                            ("Add a line…", self.add_line)):  # fmt: skip
            each = button(name, press)
            each.setEnabled(may)
            row.addWidget(each)
        column.addLayout(row)
        self.touches = label("", "heading")
        column.addWidget(self.touches)
        column.addWidget(self.effect, 2)
        split = QSplitter()
        left = scrolled(side)
        left.setMinimumWidth(360)
        split.addWidget(left)
        split.addWidget(right)
        split.setSizes([420, 620])
        self.page = Page(self)
        self.save_button = button("Save this version", self.save, icon="check", kind="primary")
        if may:
            self.page.actions(button("Offer no longer", self.end), self.save_button)
        self.page.add(split, 1)
        for field in self.form.fields:
            field.changed.connect(self._typing.start)
        for several in (self.methods, self.access):
            several.changed.connect(self._typing.start)

    def show_record(self, kind: str, record: object) -> None:
        """Open this version; None begins a new kit."""
        self._template = TemplateId(record) if isinstance(record, int) else None
        self.page.banner.clear()
        self.load()

    def load(self) -> None:
        database, wanted = self.context.database, self._template
        self.ask(lambda: _opened(database, wanted), self._show, key="kit")

    def _show(self, found: Opened) -> None:
        self.kept, self.older = found.kept, found.older
        self._offer(found.items)
        kit = Template("", "", TherapyClass.ANTI_INFECTIVE, (), (), ()) if found.kept is None else found.kept.template
        self.code.setEnabled(found.kept is None)
        starts_on = today() if found.kept is None else max(today(), found.kept.starts_on + ONE_DAY)
        self.starts_on.set_value(starts_on)
        told = [
            f"Version {each.number}: {show_day(each.starts_on)} to {show_day(each.ends_on) or 'further notice'}, "
            f"{len(each.template.lines)} lines"
            for each in found.older[:5]
        ]
        self.version.setText("\n".join(told) or "A new kit.")
        self._show_kit(kit)

    def _offer(self, items: tuple[ItemFound, ...]) -> None:
        self.items = items
        self.names = {item.id: item.name for item in items}

    def _show_kit(self, kit: Template) -> None:
        for field, kept in ((self.code, kit.code), (self.name, kit.name)):
            field.set_value(kept)
        self.name.line.setCursorPosition(0)
        self.therapy_class.set_value(kit.therapy_class)
        self.ages.set_value(kit.ages)
        self.low.set_value(kit.lowest_interval_hours)
        self.high.set_value(kit.highest_interval_hours)
        self.low_lumens.set_value(kit.lowest_lumens)
        self.high_lumens.set_value(kit.highest_lumens)
        self.latex.set_value(kit.latex_allergic_only)
        self.methods.set_value(kit.methods)
        self.access.set_value(kit.access_kinds)
        self._show_lines(list(kit.lines))
        self._as_shown = self.edited()

    def may_leave(self) -> bool:
        try:
            return self._as_shown is None or self.edited() == self._as_shown
        except Refused:
            return False

    @property
    def seen(self) -> int:
        """The newest version that was read; 0 for a new kit."""
        return max((each.number for each in self.older), default=0)

    def _show_lines(self, lines: list[TemplateLine], marked: int = 0) -> None:
        self.lines = lines
        self.table.set_rows(
            LineRow(place, line, self._name(line), ", ".join(self.names.get(each, "?") for each in line.alternatives))
            for place, line in enumerate(lines, 1)
        )
        if marked:
            self.table.select_ids([marked])
        self.look()

    def _name(self, line: TemplateLine) -> str:
        return line.equipment or self.names.get(line.item_id or ItemId(0), "an item that was ended")

    def edited(self) -> Template:
        """The kit as it stands on the screen; Refused where a field is wrong."""
        kind, ages = self.therapy_class.value(), self.ages.value()
        numbers = [field.value() for field in (self.low, self.high, self.low_lumens, self.high_lumens)]
        if kind is None or ages is None or any(number is None for number in numbers):
            raise Refused("Fill in whom the kit is for.")
        low, high, low_lumens, high_lumens = (number or 0 for number in numbers)
        return Template(
            self.code.value(), self.name.value(), kind, self.methods.value(), self.access.value(), tuple(self.lines),
            low, high, low_lumens, high_lumens, self.latex.value(), ages,
        )  # fmt: skip

    def look(self) -> None:
        """Ask whom the kit as it stands would touch."""
        self._typing.stop()
        try:
            kit, on = self.edited(), self.starts_on.value() or today()
        except Refused:
            return
        database = self.context.database

        def read() -> tuple[Touched, ...]:
            with database.reading() as session:
                return touched(session, kit, on)

        self.ask(read, self._show_touched, key="touched")

    def _show_touched(self, rows: Sequence[Touched]) -> None:
        patients = len({row.patient_id for row in rows})
        self.touches.setText(f"Touches {patients} patients" if patients else "Touches no patient in care")
        self.effect.set_rows(rows)

    def add_line(self) -> None:
        """Another line at the end."""
        self.dialog = LineDialog(self, self.items, None, lambda line: self._show_lines([*self.lines, line],
                                                                                      len(self.lines) + 1))  # fmt: skip
        self.dialog.open()

    def change_line(self) -> None:
        """The marked line."""
        row = self._marked()
        if row is None:
            return

        def put(line: TemplateLine) -> None:
            lines = list(self.lines)
            lines[row.place - 1] = line
            self._show_lines(lines, row.place)

        self.dialog = LineDialog(self, self.items, row.line, put)
        self.dialog.open()

    def take_off(self) -> None:
        """The marked line goes no longer."""
        row = self._marked()
        if row is not None:
            self._show_lines([line for place, line in enumerate(self.lines, 1) if place != row.place])

    def up(self) -> None:
        """The marked line one place up."""
        row = self._marked()
        if row is not None and row.place > 1:
            lines = list(self.lines)
            lines[row.place - 2 : row.place] = [lines[row.place - 1], lines[row.place - 2]]
            self._show_lines(lines, row.place - 1)

    def save(self) -> None:
        """Keep it as the next version."""
        if not self.form.check():
            return
        try:
            kit = self.edited()
        except Refused as no:
            self.show_failure(no)
            return
        if reasons := reasons_against_template(kit):
            self.desk.messages.refused(reasons, self)
            return
        starts_on, database, by, seen = self.starts_on.value(), self.context.database, self.context.user_id, self.seen
        self.do(lambda _why: save_template(database, kit, by, starts_on, seen=seen), changed=("deliveries",),
                said="The version is kept.", then=self._saved, pressed=self.save_button)  # fmt: skip

    def _saved(self, made: Any) -> None:
        self.show_record("kit", made)

    def show_failure(self, error: Exception) -> None:
        if not isinstance(error, Stale) or self.kept is None:
            super().show_failure(error)
            return
        self.desk.messages.refused(error.reasons, self, Tone.WARN)  # Loading again would take what was typed.
        database, kept, mine = self.context.database, self.kept, self.edited()
        self.ask(lambda: _opened(database, kept.id), lambda found: self._compare(kept.template, mine, found))

    def _compare(self, before: Template, mine: Template, found: Opened) -> None:
        """Somebody else saved a version meanwhile: theirs beside what stands here."""
        theirs = found.older[0].template
        self._offer(found.items)
        rows = differing_parts(before, theirs, mine, self.names)

        def keep_mine() -> None:
            self.kept, self.older = found.older[0], found.older
            self._show_kit(mine_onto(theirs, mine, rows))
            self._as_shown = theirs
            self.save()

        self.comparison = BothVersions(rows, keep_mine, self, back="Back to mine")
        self.comparison.open()

    def end(self) -> None:
        """Offer the kit no longer from tomorrow on."""
        kept = self.kept
        if kept is None:
            return
        database, by = self.context.database, self.context.user_id
        day = max(today(), kept.starts_on)
        asked = Question(
            f"Offer {kept.template.name} no longer?",
            (f"It is offered through {show_day(day)}. Deliveries made from it stay.",), "Offer no longer",
        )  # fmt: skip
        self.desk.messages.confirm(
            asked,
            lambda: self.do(lambda _why: end_template(database, kept.id, day, by), changed=("deliveries",),
                            said="The kit ends.", then=lambda _none: self.desk.open("kits", None)),
            self,
        )  # fmt: skip

    def _marked(self) -> LineRow | None:
        row = self.table.current_row()
        if row is None:
            self.desk.messages.refused(("Mark the line first.",), self, Tone.INFO)
        return row


def _opened(database: Database, wanted: TemplateId | None) -> Opened:
    with database.reading() as session:
        kept = None if wanted is None else template(session, wanted, alternatives=True)
        older = () if kept is None else versions(session, kept.template.code)
        kinds = tuple(kind for kind in ItemKind if not kind.is_equipment)
        return Opened(kept, older, find_items(session, "", kinds=kinds, limit=20_000))
