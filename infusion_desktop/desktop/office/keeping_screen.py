"""How long things are kept, what is past its time, and letting that go with a reason."""

from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from infusion_desktop.access.roles import Kept
from infusion_desktop.dates import show_day, show_instant
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import CheckField, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column, capital
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.keeping import ALWAYS, LAW, LONGEST, Standing, let_go, set_keeping, standings


@dataclass(frozen=True, slots=True)
class KeepingRow:
    """A kind of thing in the list; ``standing`` is None for what never goes."""

    what: str
    law: str
    standing: Standing | None


def _kept(row: KeepingRow) -> str:
    return "Always" if row.standing is None else f"{row.standing.years} years"


def _past(row: KeepingRow) -> str:
    if row.standing is None:
        return ""
    return f"{row.standing.past:,}" if row.standing.past else "None"


def _count(row: KeepingRow) -> int:
    return 0 if row.standing is None else row.standing.past


def _why(row: KeepingRow) -> str:
    here = row.standing.why if row.standing else ""
    return f"{here}. At least: {row.law}" if here else row.law


COLUMNS: tuple[Column[KeepingRow], ...] = (
    Column("What", text=lambda row: capital(row.what)),
    Column("Kept", text=_kept),
    Column("Past its time", text=_past, sort_key=_count, numeric=True),
    Column("In the books", text=lambda row: "" if row.standing is None else f"{row.standing.total:,}",
           sort_key=lambda row: 0 if row.standing is None else row.standing.total, numeric=True),
    Column("The oldest", text=lambda row: "" if row.standing is None else show_instant(row.standing.oldest),
           hidden=True),
    Column("Why", text=_why, stretch=True, hint=_why),
    Column("Last let go", text=lambda row: show_instant(row.standing.purged_at) if row.standing else "", hidden=True),
)  # fmt: skip


_ASK = "Select a kind to read why it is kept so long."


class KeepingScreen(Screen):
    """Every kind of record with the years it is kept."""

    title = "What is kept how long"
    topics = frozenset({"keeping"})
    help = (
        "Nothing goes by itself. What is past its time may be let go with a reason; the trail's seals hold across the "
        "gap. The years are our reading of federal rules; set more where a state or a contract asks for them."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.dialog: DeedDialog | None = None
        self.table: TableView[KeepingRow] = TableView(
            COLUMNS, lambda row: row.what, name="What is kept how long", desk=desk, noun=("kind", "kinds"),
            empty="Nothing is kept yet.", settings=self.settings(),
        )  # fmt: skip
        self.table.opened.connect(self._let_go)
        self.years = button("Change the years…", self._change, icon="clock")
        self.go = button("Let go what is past its time…", lambda: self._let_go(self.table.current_row()), icon="trash")
        page = Page(self, self.help)
        page.actions(self.years, self.go)
        page.add(self.table, 1)
        self.why = label(_ASK, "muted", wrap=True)
        self.table.selected.connect(lambda row: self.why.setText(_ASK if row is None else _why(row)))
        page.add(self.why)

    def load(self) -> None:
        self.ask(self._rows, self.table.set_rows, key="keeping")

    def _rows(self) -> tuple[KeepingRow, ...]:
        with self.context.database.reading() as session:
            found = standings(session)
        return (
            *(KeepingRow(each.kept.value, LAW[each.kept].source, each) for each in found),
            *(KeepingRow(what, why, None) for what, why in ALWAYS),
        )

    def _chosen(self) -> Standing | None:
        row = self.table.current_row()
        if row is None:
            self.desk.messages.refused(("Select a kind first.",), self, Tone.INFO)
        elif row.standing is None:
            self.desk.messages.refused((f"{row.what}: these never go.",), self, Tone.INFO)
        return None if row is None else row.standing

    def _change(self) -> None:
        standing = self._chosen()
        if standing is not None:
            self.dialog = YearsDialog(self.context, self.desk, standing.kept, standing.years, self)
            self.dialog.open()

    def _let_go(self, _row: object) -> None:
        standing = self._chosen()
        if standing is None:
            return
        if not standing.past:
            self.desk.messages.refused((f"Nothing of the {standing.kept.value} is past its time.",), self, Tone.INFO)
            return
        self.dialog = LetGoDialog(self.context, self.desk, standing, self)
        self.dialog.open()


class YearsDialog(DeedDialog):
    """Another number of years, and which rule asks for it."""

    changed = ("keeping",)

    def __init__(self, context: Context, desk: Desk, kept: Kept, years: int, parent: QWidget) -> None:
        super().__init__(context, desk, f"How long is the {kept.value} kept?", parent, save="Keep it so")
        self.kept = kept
        self.years = QuantityField("Years", required=True)
        self.years.set_value(years)
        self.why = TextField("Which rule asks for it?", required=True, placeholder="State board, contract …")
        law = LAW[kept]
        self.body.addWidget(label(f"At least {law.years} years, at most {LONGEST}. {law.source}.", wrap=True))
        self.body.addWidget(self.years)
        self.body.addWidget(self.why)

    def deed(self) -> Deed | None:
        years = self.years.value() if self.years.check() and self.why.check() else None
        if years is None:
            return None
        database, by, kept, why = self.context.database, self.context.user_id, self.kept, self.why.value()
        return lambda _override: set_keeping(database, kept, years, why, by)

    def said(self, _result: object) -> str:
        return "The years were changed."


class LetGoDialog(DeedDialog):
    """What would go, and why it may."""

    changed = ("keeping",)

    def __init__(self, context: Context, desk: Desk, standing: Standing, parent: QWidget) -> None:
        title = f"Let go of {standing.past:,} of {standing.total:,} ({standing.kept.value})?"
        super().__init__(context, desk, title, parent, save="Let go", kind="danger", width=600)
        self.standing = standing
        for sentence in (
            f"From {show_instant(standing.oldest)} until {show_day(standing.before.date())}: older than "
            f"{standing.years} years.",
            "It cannot be brought back. The daily copies hold it for about four more weeks; copies you keep elsewhere "
            "hold it for ever.",
        ):
            self.body.addWidget(label(sentence, wrap=True))
        self.sure = CheckField("No lawsuit, audit or request is open that needs it")
        self.why = TextField("Why may it go now?", required=True)
        self.body.addWidget(self.sure)
        self.body.addWidget(self.why)

    def deed(self) -> Deed | None:
        if not self.why.check():
            return None
        if not self.sure.value():
            self.banner.say(Tone.WARN, ("Confirm first that nothing is open that needs it.",))
            return None
        database, by, standing, why = self.context.database, self.context.user_id, self.standing, self.why.value()
        return lambda _override: let_go(database, standing.kept, standing.before, standing.past, why, by)

    def said(self, result: object) -> str:
        return f"{result:,} went; the audit trail says so."
