"""The main window: rail, header, the screen in front, and what goes on around it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, QSize, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from infusion_desktop.access.roles import Permission
from infusion_desktop.dates import today
from infusion_desktop.desktop import theme
from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.buttons import tool
from infusion_desktop.desktop.changes import Changes
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.command_field import CommandField
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.first_size import first_size
from infusion_desktop.desktop.forms import typed_where_the_focus_is
from infusion_desktop.desktop.job_strip import JobStrip
from infusion_desktop.desktop.jobs import Jobs
from infusion_desktop.desktop.labels import icon_label, label, restyle
from infusion_desktop.desktop.lists import Lists
from infusion_desktop.desktop.messages import Messages
from infusion_desktop.desktop.places import Command, Hit, NameScan, Place, Search, places_for
from infusion_desktop.desktop.question import Question
from infusion_desktop.desktop.rail import Rail
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused

if TYPE_CHECKING:
    from infusion_desktop.desktop.lock_cover import LockCover


@dataclass(frozen=True, slots=True)
class _Visit:
    place: str
    kind: str = ""
    record: object = None


class Shell(QMainWindow):
    """One person's window from sign-in to sign-out."""

    sign_out_asked = Signal()
    theme_chosen = Signal(bool)
    closed = Signal()
    own_access_asked = Signal(str)
    """The person wants to change their own password, their badge and PIN, or to take emergency access."""
    exchange_asked = Signal(object)
    """Something is to be done to the database file while it is closed (see `context.Exchange`)."""

    def __init__(
        self,
        context: Context,
        places: Sequence[Place],
        *,
        searches: Sequence[Search] = (),
        commands: Sequence[Command] = (),
        name_scans: Sequence[NameScan] = (),
        is_password_right: Callable[[str], bool] | None = None,
        settings: QSettings | None = None,
        name: str = "Infusion Desktop",
    ) -> None:
        super().__init__()
        self.context, self._settings, self._name = context, settings, name
        self._places = {place.key: place for place in places_for(places, context)}
        self._openers = {kind: place.key for place in self._places.values() for kind in place.opens}
        self._screens: dict[str, Screen] = {}
        self._stale: set[str] = set()
        self._visits: list[_Visit] = []
        self._here = ""
        self._name_scans = tuple(name_scans)
        self._is_password_right = is_password_right
        self._own_commands = tuple(commands)
        self.cover: LockCover | None = None
        self._may_close = False
        """Whether what was typed may be lost: the person said so."""
        self.jobs = Jobs(self)
        self.changes = Changes(self)
        self.banner = Banner()
        self.messages = Messages(self, self.banner, self.reload)
        self.lists = Lists(context, self.jobs, self.messages, self)
        self.desk = Desk(self.jobs, self.messages, self.changes, self.open, self.lists, self.exchange_asked.emit)
        self.command_field = CommandField(self, self.jobs, context, self._open_hit, self.messages.show_failure)
        self.command_field.searches = list(searches)
        self.stack = QStackedWidget()
        self._lay_out()
        self._make_commands()
        self._make_shortcuts()
        self.changes.changed.connect(self._on_changed)
        self._restore()
        theme.dress(self)

    @property
    def screen_in_front(self) -> Screen | None:
        """The screen that is seen now."""
        return self._screens.get(self._here)

    @property
    def place_in_front(self) -> str:
        """The key of the place that is seen now; "" for the page of one record."""
        place = self._places.get(self._here)
        return place.key if place is not None and place.in_rail else ""

    def go(self, key: str) -> None:
        """Go to a place."""
        if key in self._places:
            self._visit(_Visit(key))

    def make(self, key: str) -> None:
        """Make the screen of a place, if it is not there yet; it asks for its data when it is first gone to."""
        if key not in self._screens:
            screen = self._screens[key] = self._places[key].make_screen(self.context, self.desk)
            self.stack.addWidget(screen)
            self._stale.add(key)

    def get_ready(self, key: str) -> Iterator[None]:
        """Make a screen with its lists, and have the style look at everything, before it is shown.

        A part at each step: whoever types meanwhile is answered in between.
        """
        self.make(key)
        yield
        for each in self._screens[key].findChildren(TableView):
            each.make()
            yield
        for part in self.findChildren(QWidget):
            part.ensurePolished()

    def open(self, kind: str, record: object) -> None:
        """Open a record on whatever place shows its kind."""
        key = self._openers.get(kind)
        if key is None:
            self.messages.refused((f"Your role has no place that shows this {kind}.",), tone=Tone.WARN)
            return
        self._visit(_Visit(key, kind, record))

    def go_back(self) -> None:
        """Return to where the person was before."""
        if len(self._visits) > 1:
            self._visits.pop()
            self._show(self._visits[-1])

    def reload(self) -> None:
        """Ask again for what is in front (F5)."""
        screen = self.screen_in_front
        if screen is not None:
            self._stale.discard(self._here)
            screen.load()

    def on_scan(self, raw: str) -> None:
        """Hand a scan to a dialog in front, then to the screen, else open what the code names."""
        if self.cover is not None:
            return
        modal = QApplication.activeModalWidget()
        if modal is not None:
            use = getattr(modal, "on_scan", None)
            if use is None:
                self.messages.wrong("Nothing is scanned here. Answer this or close it, then scan again.")
            else:
                use(raw)
            return
        screen = self.screen_in_front
        if screen is None or not screen.on_scan(raw):
            self._name_scan(raw)

    def lock(self) -> None:
        """Cover the work; it is kept. Without a password check this signs out instead."""
        if self.cover is not None:
            return
        if self._is_password_right is None:
            self.sign_out_asked.emit()
            return
        from infusion_desktop.desktop.lock_cover import LockCover

        self.cover = LockCover(self.jobs, self.context.user_name, self._is_password_right, self)
        self.cover.unlocked.connect(self._unlock)
        self.cover.sign_out_asked.connect(self._sign_out)
        self.cover.cover()

    def has_typed(self) -> bool:
        """Whether something was typed here that is not saved."""
        dialogs = [each for each in self.findChildren(QDialog) if each.isVisible()]
        return any(map(_is_typed, dialogs)) or not all(each.may_leave() for each in self._screens.values())

    def unless_typed(self, what: str, then: Callable[[], object]) -> None:
        """Go on with what ends this window; asked about first where somebody typed something that would be lost."""
        if not self.has_typed():
            then()
            return
        sentence = f"{self.context.user_name} typed something here that is not saved. It would be lost."
        asked = Question(f"{what}?", (sentence,), yes="Lose it and go on", no="Leave it", tone=Tone.BAD)
        self.messages.confirm(asked, then, self.cover or self)

    def leave(self) -> None:
        """Sign out without asking anybody."""
        self.sign_out_asked.emit()

    def uncover(self) -> None:
        """Take the cover of a locked screen away."""
        cover, self.cover = self.cover, None
        if cover is not None:
            cover.lift()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.cover is not None:
            event.ignore()
            return
        if self.isVisible() and not self._may_close and self.has_typed():
            event.ignore()
            self.unless_typed("Close the program", self._close_anyway)
            return
        self._keep()
        self.closed.emit()
        self.jobs.close()
        super().closeEvent(event)

    def _close_anyway(self) -> None:
        self._may_close = True
        self.close()

    def _visit(self, visit: _Visit) -> None:
        if not self._visits or self._visits[-1] != visit:
            self._visits.append(visit)
            del self._visits[:-50]
        self._show(visit)

    def _show(self, visit: _Visit) -> None:
        place = self._places[visit.place]
        self.make(visit.place)
        screen = self._screens[visit.place]
        self._here = visit.place
        self.banner.clear()
        self.stack.setCurrentWidget(screen)
        self.rail.mark(visit.place)
        self.show_title(screen.title or place.title)
        self.back.setEnabled(len(self._visits) > 1)
        if visit.place in self._stale:
            self._stale.discard(visit.place)
            screen.load()
        if visit.kind:
            screen.show_record(visit.kind, visit.record)
        if not self.command_field.hasFocus():
            screen.setFocus()

    def show_title(self, title: str) -> None:
        """Show where the person is; never with patient data, because window titles are seen by other programs."""
        self.title.setText(title)
        self.setWindowTitle(f"{title} – {self._name}")

    def _on_changed(self, topics: frozenset[str]) -> None:
        for key, screen in self._screens.items():
            if screen.topics & topics:
                if key == self._here:
                    screen.load()
                else:
                    self._stale.add(key)

    def _name_scan(self, raw: str) -> None:
        name_scans = self._name_scans

        def look() -> Hit | None:
            from infusion_desktop.stock.scanning.scans import read_scan

            hit = next((hit for hit in (each(raw) for each in name_scans) if hit is not None), None)
            if hit is None:
                read_scan(raw, today=today())  # Says what is wrong with a code that nobody can read.
            return hit

        def unknown(sentence: str) -> None:
            if not typed_where_the_focus_is(raw):
                self.messages.wrong(sentence)

        def found(hit: Hit | None) -> None:
            if hit is not None:
                self._open_hit(hit)
            else:
                unknown("Nothing here is known by this code.")

        def failed(error: Exception) -> None:
            if isinstance(error, Refused):
                unknown(str(error))
            else:
                self.messages.show_failure(error)

        self.jobs.run(self, look, found, failed)

    def _open_hit(self, hit: Hit) -> None:
        self.open(hit.kind, hit.id)

    def _unlock(self) -> None:
        self.uncover()
        self.activateWindow()

    def _sign_out(self) -> None:
        self.unless_typed("Sign out", self.leave)

    def _lay_out(self) -> None:
        pharmacy = self.context.profile.name if self.context.profile else self._name
        self.rail = Rail(pharmacy)
        self.rail.show_places([place for place in self._places.values() if place.in_rail])
        self.rail.chosen.connect(self.go)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(self._make_header())
        around = QVBoxLayout()
        around.setContentsMargins(24, 0, 24, 0)
        around.addWidget(self.banner)
        right.addLayout(around)
        right.addWidget(self.stack, 1)
        body = QWidget()
        across = QHBoxLayout(body)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self.rail)
        across.addLayout(right, 1)
        self.setCentralWidget(body)
        self._make_status_bar()
        self.setMinimumSize(QSize(900, 600))

    def _make_header(self) -> QWidget:
        header = QFrame()
        header.setObjectName("header")
        header.setFixedHeight(64)
        self.back = tool("arrow-left", "Back (Alt+Left)", self.go_back)
        self.back.setEnabled(False)
        self.title = label("", "title")
        row = QHBoxLayout(header)
        row.setContentsMargins(14, 0, 18, 0)
        row.setSpacing(10)
        row.addWidget(self.back)
        row.addWidget(self.title)
        row.addStretch(1)
        row.addWidget(self.command_field, 2)
        row.addSpacing(6)
        row.addWidget(tool("help", "What this screen is for (F1)", self.show_help))
        row.addWidget(self._make_user_button())
        return header

    def _make_user_button(self) -> QToolButton:
        initials = "".join(word[0] for word in self.context.user_name.split()[:2]).upper()
        made = QToolButton()
        made.setObjectName("avatar")
        made.setText(initials or "?")
        made.setFixedSize(38, 38)
        made.setToolTip(self.context.user_name)
        made.setAccessibleName(f"Signed in as {self.context.user_name}")
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(made)
        signed_in = menu.addAction(f"Signed in as {self.context.user_name}".replace("&", "&&"))
        signed_in.setEnabled(False)
        menu.addSeparator()
        menu.addAction("Light or dark", self.switch_theme)
        menu.addAction("Change password…", lambda: self.own_access_asked.emit("password"))
        menu.addAction("Badge and PIN…", lambda: self.own_access_asked.emit("pin"))
        if self.context.may(Permission.TAKE_EMERGENCY):
            menu.addAction("Emergency access…", lambda: self.own_access_asked.emit("emergency"))
            menu.addAction("End emergency access", lambda: self.own_access_asked.emit("end emergency"))
        menu.addSeparator()
        menu.addAction("Lock", self.lock)
        menu.addAction("Switch user", self._sign_out)
        menu.addAction("Sign out", self._sign_out)
        made.setMenu(menu)
        return made

    def _make_status_bar(self) -> None:
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        place = QWidget()
        row = QHBoxLayout(place)
        row.setContentsMargins(12, 2, 0, 2)
        row.addWidget(icon_label("database", "muted", 16))
        self.place_label = label(self.context.place, "small")
        self.place_label.setToolTip("Where the data are kept")
        row.addWidget(self.place_label)
        bar.addWidget(place)
        self.job_strip = JobStrip(self.jobs)
        bar.addPermanentWidget(self.job_strip)

    def show_reached(self, is_reached: bool) -> None:
        """Say in the status bar whether the database answers; what is typed stays on the screens meanwhile."""
        self.place_label.setText(
            self.context.place if is_reached else "The database does not answer. Keep what you typed; trying again…"
        )
        self.place_label.setProperty("role", "small" if is_reached else "error")
        restyle(self.place_label)
        if is_reached:
            self.messages.said("The database answers again.")

    def _make_commands(self) -> None:
        going = [
            Command(f"Go to {place.title}", lambda key=place.key: self.go(key), place.icon)  # type: ignore[misc]
            for place in self._places.values()
            if place.in_rail
        ]
        own = [
            Command("Lock", self.lock, "lock", words="hide away"),
            Command("Change password…", lambda: self.own_access_asked.emit("password"), "lock"),
            Command("Badge and PIN…", lambda: self.own_access_asked.emit("pin"), "scan", words="switch quickly"),
            Command("Switch user", self._sign_out, "switch-user"),
            Command("Sign out", self._sign_out, "sign-out", words="log off exit"),
            Command("Light or dark", self.switch_theme, "sun", words="theme colours colors"),
            Command("Load again", self.reload, "refresh", "F5", words="refresh reload"),
        ]
        if self.context.may(Permission.TAKE_EMERGENCY):
            own += [
                Command("Emergency access…", lambda: self.own_access_asked.emit("emergency"), "warning"),
                Command("End emergency access", lambda: self.own_access_asked.emit("end emergency"), "check"),
            ]
        self.command_field.commands = [*self._own_commands, *going, *own]

    def _make_shortcuts(self) -> None:
        rail_keys = [place.key for place in self._places.values() if place.in_rail][:9]
        for number, key in enumerate(rail_keys, start=1):
            self._shortcut(f"Alt+{number}", lambda key=key: self.go(key))  # type: ignore[misc]
        self._shortcut("Ctrl+K", self.command_field.start)
        self._shortcut("F5", self.reload)
        self._shortcut("F1", self.show_help)
        self._shortcut("Ctrl+L", self.lock)
        self._shortcut("Alt+Left", self.go_back)
        self._shortcut("Ctrl+F", self._focus_filter)

    def _shortcut(self, keys: str, press: Callable[[], object]) -> None:
        QShortcut(QKeySequence(keys), self).activated.connect(press)

    def _focus_filter(self) -> None:
        screen = self.screen_in_front
        if screen is not None:
            screen.focus_filter()

    def show_help(self) -> None:
        """Say what the screen in front is for."""
        screen = self.screen_in_front
        sentence = (screen.help if screen else "") or "Each list can be filtered, sorted, copied and saved."
        keys = (
            "Ctrl+K searches and does commands. Alt+1 to Alt+9 go to places, Alt+Left goes back. Ctrl+F filters the "
            "list, F5 loads again, Ctrl+L locks. A scan works anywhere."
        )
        self.messages.ask(
            Question(self.title.text(), (sentence, keys), yes="Close", no="", tone=Tone.INFO),
            lambda _answer: None,
            self,
        )

    def switch_theme(self) -> None:
        """Change between light and dark."""
        look = theme.running()
        look.apply(not look.colours.dark)
        self.theme_chosen.emit(look.colours.dark)
        if self._settings is not None:
            self._settings.setValue("dark", look.colours.dark)

    def _restore(self) -> None:
        kept = self._settings
        if kept is not None and kept.contains("geometry"):
            self.restoreGeometry(kept.value("geometry"))
            self.rail.set_wide(kept.value("rail wide", "true") in (True, "true"))
            self.rail.fold_groups(str(kept.value("rail folded", "")).split("|"))
        else:
            first_size(self)

    def _keep(self) -> None:
        if self._settings is not None:
            self._settings.setValue("geometry", self.saveGeometry())
            self._settings.setValue("rail wide", self.rail.is_wide)
            self._settings.setValue("rail folded", "|".join(self.rail.folded_groups()))
            self._settings.sync()


def _is_typed(dialog: QDialog) -> bool:
    ask: Callable[[], bool] | None = getattr(dialog, "has_typed", None)
    return ask() if ask is not None else any(each.isModified() for each in dialog.findChildren(QLineEdit))
