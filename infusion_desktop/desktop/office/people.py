"""Who works here: adding people, giving roles, ending access."""

from typing import Any

from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.emergency import Emergency, emergencies, review_emergency
from infusion_desktop.access.passwords import SHORTEST
from infusion_desktop.access.people import add_person, end_access, reset_password, set_roles
from infusion_desktop.access.queries import StaffRow, staff_rows
from infusion_desktop.access.roles import Permission, Role
from infusion_desktop.access.waits import WaitRow, lift_station_wait, lift_wait, told_until, waiting
from infusion_desktop.dates import now_utc, show_instant
from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import CheckField, Form, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.question import Question
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column, capital
from infusion_desktop.desktop.table_view import TableView


def _state(row: StaffRow) -> str:
    if row.ended_at is not None:
        return "Left"
    if row.waits_until is not None and row.waits_until > now_utc():
        return "Waiting after wrong passwords"
    return "Works here"


_TONES = {"Left": Tone.NEUTRAL, "Works here": Tone.GOOD, "Waiting after wrong passwords": Tone.WARN}

COLUMNS: tuple[Column[StaffRow], ...] = (
    Column("Name", text=lambda row: row.user.name, stretch=True),
    Column("User name", text=lambda row: row.user.username),
    Column("Roles", text=lambda row: capital(", ".join(sorted(row.user.roles))), stretch=True),
    Column("Badge", text=lambda row: row.badge),
    Column("State", text=_state, tone=lambda row: _TONES[_state(row)]),
    Column("Left", text=lambda row: show_instant(row.ended_at), sort_key=lambda row: row.ended_at, hidden=True),
)


EMERGENCY_COLUMNS: tuple[Column[Emergency], ...] = (
    Column("Began", text=lambda row: show_instant(row.began_at), sort_key=lambda row: row.began_at),
    Column("Who", text=lambda row: row.who),
    Column("Why", text=lambda row: row.why, stretch=True, hint=lambda row: row.why),
    Column("Changes", text=lambda row: f"{row.changes:,}", sort_key=lambda row: row.changes, numeric=True),
    Column("Openings", text=lambda row: f"{row.openings:,}", sort_key=lambda row: row.openings, numeric=True),
    Column("Review", text=lambda row: row.review or "To review", stretch=True,
           tone=lambda row: Tone.GOOD if row.reviewed_at else Tone.WARN),
    Column("Reviewed by", text=lambda row: row.reviewed_by),
)  # fmt: skip


WAIT_COLUMNS: tuple[Column[WaitRow], ...] = (
    Column("Who or where", text=lambda row: row.name, stretch=True),
    Column("Kind", text=lambda row: "Workstation" if row.person is None else "Person"),
    Column("Waits until", text=lambda row: told_until(row.until), sort_key=lambda row: row.until),
)


class PeopleScreen(Screen):
    """Everybody who signs in."""

    title = "People"
    topics = frozenset({"people"})
    help = (
        "Everybody who signs in, and what their roles let them do. People who leave stay in the history. After five "
        "wrong passwords or PINs a person waits, and so does a workstation where several are guessed: Waits lifts it."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.deed_dialog: DeedDialog | None = None
        self.table: TableView[StaffRow] = TableView(
            COLUMNS, lambda row: row.user.id, name="People", desk=desk, noun=("person", "people"),
            empty="Nobody works here yet.", settings=self.settings(),
        )  # fmt: skip
        self.table.opened.connect(self._change_roles)
        page = Page(self, "Two people are needed to send a kit: one picks, another one verifies.")
        self.leave = button("End access", self._end_access)
        self.roles = button("Change roles", lambda: self._change_roles(self.table.current_row()))
        self.reset = button("Reset password", self._reset_password)
        add = button("Add a person", self.add, icon="plus", kind="primary")
        self.may_change = context.may(Permission.MANAGE_STAFF)
        for each in (self.leave, self.reset, self.roles, add):
            each.setEnabled(self.may_change)
            each.setToolTip("" if self.may_change else "An administrator does this.")
        page.actions(self.leave, self.reset, self.roles, add)
        self.emergencies: TableView[Emergency] = TableView(
            EMERGENCY_COLUMNS, lambda row: row.id, name="Emergency access", desk=desk, noun=("access", "accesses"),
            empty="Nobody took emergency access.", settings=self.settings(),
            chips=[Chip("To review", lambda row: row.reviewed_at is None)],
        )  # fmt: skip
        self.emergencies.opened.connect(self._review)
        self.review = button("Review…", lambda: self._review(self.emergencies.current_row()), icon="check")
        taken = _above(self.emergencies, self.review)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.table, "People")
        self.tabs.addTab(taken, "Emergency access")
        self.tabs.addTab(self._waits_tab(), "Waits")
        page.add(self.tabs, 1)

    def _waits_tab(self) -> QWidget:
        """Who waits after wrong tries, and which workstation."""
        self.waits: TableView[WaitRow] = TableView(
            WAIT_COLUMNS, lambda row: row.name, name="Waits", desk=self.desk, noun=("wait", "waits"),
            empty="Nobody waits, and no workstation. Five wrong passwords or PINs make a wait of five minutes, "
            "the next five a longer one.", settings=self.settings(),
        )  # fmt: skip
        self.lift = button("Lift the wait", self._lift, icon="lock")
        self.lift.setEnabled(self.may_change)
        self.lift.setToolTip("" if self.may_change else "An administrator does this.")
        return _above(self.waits, self.lift)

    def load(self) -> None:
        self.ask(self._rows, self.table.set_rows, key="people")
        self.ask(self._emergencies, self._show_emergencies, key="emergencies")
        self.ask(self._waiting, self._show_waiting, key="waits")

    def _waiting(self) -> tuple[WaitRow, ...]:
        with self.context.database.reading() as session:
            return waiting(session)

    def _show_waiting(self, rows: tuple[WaitRow, ...]) -> None:
        self.waits.set_rows(rows)
        self.tabs.setTabText(2, f"Waits ({len(rows)})" if rows else "Waits")

    def _lift(self) -> None:
        row = self.waits.current_row()
        if row is None:
            self.desk.messages.refused(("Select a wait first.",), self, Tone.INFO)
            return
        database, by, person, name = self.context.database, self.context.user_id, row.person, row.name

        def deed(_override: str) -> None:
            if person is None:
                lift_station_wait(database, name, by)
            else:
                lift_wait(database, person, by)

        self.do(deed, changed=("people",), said=f"{name} does not wait any more.", pressed=self.lift)

    def _emergencies(self) -> tuple[Emergency, ...]:
        with self.context.database.reading() as session:
            return emergencies(session)

    def _show_emergencies(self, rows: tuple[Emergency, ...]) -> None:
        self.emergencies.set_rows(rows)
        waiting = sum(row.reviewed_at is None for row in rows)
        self.tabs.setTabText(1, f"Emergency access ({waiting} to review)" if waiting else "Emergency access")

    def _review(self, row: object) -> None:
        if not isinstance(row, Emergency):
            self.desk.messages.refused(("Select an emergency access first.",), self, Tone.INFO)
            return
        self.deed_dialog = ReviewDialog(self.context, self.desk, row, self)
        self.deed_dialog.open()

    def _reset_password(self) -> None:
        row = self.table.current_row()
        if row is None:
            self.desk.messages.refused(("Select a person first.",), self, Tone.INFO)
            return
        self.deed_dialog = ResetDialog(self.context, self.desk, row, self)
        self.deed_dialog.open()

    def _rows(self) -> tuple[StaffRow, ...]:
        with self.context.database.reading() as session:
            return staff_rows(session)

    def add(self) -> None:
        """Ask for somebody new."""
        self.dialog = PersonDialog(self)
        self.dialog.open()

    def keep_new(self, dialog: "PersonDialog") -> None:
        """Add the person of a filled-in dialog."""
        name, username, password = dialog.name.value(), dialog.username.value(), dialog.password.line.text()
        roles, badge = dialog.chosen_roles(), dialog.badge.value()
        database, by = self.context.database, self.context.user_id
        self.do(
            lambda _override: add_person(
                database, username, name, password, roles, by, badge=badge, must_change=True
            ),
            changed=("people",), said=f"{name} can sign in now.", then=lambda _id: dialog.accept(), pressed=dialog.save,
        )  # fmt: skip

    def _change_roles(self, row: object) -> None:
        if isinstance(row, StaffRow) and self.may_change:
            self.dialog = PersonDialog(self, row)
            self.dialog.open()

    def keep_roles(self, dialog: "PersonDialog", row: StaffRow) -> None:
        """Give the roles of a filled-in dialog."""
        roles, database, by = dialog.chosen_roles(), self.context.database, self.context.user_id
        self.do(
            lambda _override: set_roles(database, row.user.id, roles, by, was=row.user.roles),
            changed=("people",), said="Roles changed.", then=lambda _none: dialog.accept(), pressed=dialog.save,
        )  # fmt: skip

    def _end_access(self) -> None:
        row = self.table.current_row()
        if row is None:
            self.desk.messages.refused(("Select a person first.",), self, Tone.INFO)
            return
        database, by = self.context.database, self.context.user_id
        asked = Question(
            f"End access for {row.user.name}?", ("They cannot sign in any more; what they did stays.",), "End access"
        )
        self.desk.messages.confirm(
            asked,
            lambda: self.do(
                lambda _o: end_access(database, row.user.id, by), changed=("people",), said="Access ended."
            ),
            self,
        )


class ResetDialog(DeedDialog):
    """A first password again, for somebody who forgot theirs."""

    changed = ("people",)

    def __init__(self, context: Context, desk: Desk, row: StaffRow, parent: QWidget) -> None:
        super().__init__(context, desk, f"New first password for {row.user.name}", parent, save="Reset password")
        self.row = row
        self.password = TextField(
            "First password", required=True, hint=f"At least {SHORTEST} characters. They choose their own at sign-in."
        )
        self.password.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.body.addWidget(self.password)
        self.password.setFocus()

    def deed(self) -> Deed | None:
        if not self.password.check():
            return None
        password, user = self.password.line.text(), self.row.user.id
        database, by = self.context.database, self.context.user_id
        return lambda _override: reset_password(database, user, password, by)

    def said(self, _result: Any) -> str:
        return f"{self.row.user.name} signs in with it once and then chooses another one."


class ReviewDialog(DeedDialog):
    """What an emergency access was for, what was done, and what the reviewer found."""

    changed = ("people",)

    def __init__(self, context: Context, desk: Desk, row: Emergency, parent: QWidget) -> None:
        super().__init__(context, desk, "Review emergency access", parent, save="Sign off")
        self.row = row
        for sentence in (
            f"{row.who}, {show_instant(row.began_at)} to {show_instant(row.ends_at)}: {row.why}",
            f"Changes: {row.changes:,}. Openings of records: {row.openings:,}. They are in the audit trail.",
        ):
            self.body.addWidget(label(sentence, wrap=True))
        self.found = TextField("What did you find?", required=True)
        self.body.addWidget(self.found)
        self.found.setFocus()

    def deed(self) -> Deed | None:
        if not self.found.check():
            return None
        found, emergency = self.found.value(), self.row.id
        database, by = self.context.database, self.context.user_id
        return lambda _override: review_emergency(database, emergency, found, by)

    def said(self, _result: Any) -> str:
        return "Signed off."


class PersonDialog(QDialog):
    """A new person, or another one's roles."""

    def __init__(self, screen: PeopleScreen, row: StaffRow | None = None) -> None:
        super().__init__(screen)
        self.setWindowTitle("Person")
        self.setMinimumWidth(520)
        self._screen, self._row = screen, row
        self.banner = Banner(self)
        self.name = TextField("Name", required=True)
        self.username = TextField("User name", required=True)
        self.password = TextField("First password", required=True, hint=f"At least {SHORTEST} characters.")
        self.password.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.badge = TextField("Badge", hint="Scan it here to switch quickly at the bench.")
        self.checks = {role: CheckField(role.value.capitalize()) for role in Role}
        form = Form()
        if row is None:
            form.section("", (self.name,), (self.username, self.password), (self.badge,))
        for role, check in self.checks.items():
            check.set_value(row is not None and role in row.user.roles)
        self.save = button("Save", self._save, kind="primary")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 18)
        column.setSpacing(12)
        column.addWidget(label(row.user.name if row is not None else "A new person", "heading"))
        column.addWidget(self.banner)
        column.addWidget(form)
        column.addWidget(label("Roles", "caption"))
        column.addWidget(_two_columns([*self.checks.values()]))
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(button("Cancel", self.reject))
        foot.addWidget(self.save)
        column.addLayout(foot)
        self._form = form
        self.finished.connect(self.deleteLater)

    def chosen_roles(self) -> frozenset[Role]:
        """The roles that are ticked."""
        return frozenset(role for role, check in self.checks.items() if check.value())

    def _save(self) -> None:
        if self._row is not None:
            self._screen.keep_roles(self, self._row)
        elif self._form.check():
            self._screen.keep_new(self)


def _above(table: QWidget, pressed: QWidget) -> QWidget:
    """A list of a tab, with a button below it at the right."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 12, 0, 0)
    column.addWidget(table, 1)
    foot = QHBoxLayout()
    foot.addStretch(1)
    foot.addWidget(pressed)
    column.addLayout(foot)
    return holder


def _two_columns(fields: list[CheckField]) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    half = (len(fields) + 1) // 2
    for part in (fields[:half], fields[half:]):
        column = QVBoxLayout()
        for field in part:
            column.addWidget(field)
        row.addLayout(column)
    return holder
