"""The running program, where all parts meet: the database, first start or sign-in, the window of who is at work."""

import gc
import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from shiboken6 import isValid
from sqlalchemy.orm import configure_mappers

from infusion_desktop.access.passwords import read_hasher
from infusion_desktop.access.people import BADGE, User, badge_code, badges, sign_in, user_named, user_of
from infusion_desktop.access.pharmacy import Profile, profile
from infusion_desktop.access.queries import clock_behind, last_saved
from infusion_desktop.access.roles import UserId
from infusion_desktop.access.saved_filters import filters_of
from infusion_desktop.access.waits import MustWait
from infusion_desktop.chores import Chores
from infusion_desktop.database.engine import CAN_ENCRYPT, Database, Place
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.dates import now_utc, show_instant, today
from infusion_desktop.desktop import theme
from infusion_desktop.desktop.collector import Collector
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Exchange
from infusion_desktop.desktop.idle import IdleWatch
from infusion_desktop.desktop.jobs import AT_ONCE
from infusion_desktop.desktop.last_time import LastTime
from infusion_desktop.desktop.others import Others
from infusion_desktop.desktop.rooms import FIRST, house, read_behind, read_first_screen
from infusion_desktop.desktop.scanner import Scanner, ScannerSettings
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.welcome.sign_in import SignInWindow
from infusion_desktop.desktop.welcome.window import DoorWindow
from infusion_desktop.errors import Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.progress import Progress
from infusion_desktop.settings import Settings, save_settings

if TYPE_CHECKING:
    from infusion_desktop.desktop.deed_dialog import DeedDialog
    from infusion_desktop.desktop.welcome.first_start import FirstStart

log = logging.getLogger(__name__)

LATER_MS = 5_000
ROOMS_MS = 3_000
"""How long after it the other screens are read, which nobody has gone to by then."""
MEANWHILE_MS = 100
"""How long after everything is ready for whoever signs in at once the rest is read for who is still typing."""


_OVER = "The hour of emergency access is over. What you typed stays; save it, or let somebody save it who may."
_NOBODY_IS_IN = "A badge takes over from whoever is signed in. Nobody is: sign in with the password first."
_NEW_ROLES = "Your roles were changed: the window offers what they include now."
_ENDED = "You were signed out: your access has ended. Ask an administrator."
_OTHER_ROLES = "Your roles were changed. What you typed stays; finish it, then sign in again."


class Application(QObject):
    """The running program: one database, one window at a time."""

    def __init__(self, qt: QApplication, settings: Settings, database: Database) -> None:
        super().__init__(qt)
        self.qt, self.settings, self.database = qt, settings, database
        self.window: QWidget | None = None
        self.prepared: Shell | None = None
        self.dialog: QWidget | None = None
        self.badges: frozenset[str] = frozenset()
        self.pharmacy = ""
        """Its name, once it is known: signing out must not wait for a server that is away."""
        self.collector = Collector(self)
        self.own = QSettings(str(settings.file.parent / "window.ini"), QSettings.Format.IniFormat)
        theme.install(qt, theme.chosen(self.own, settings.theme))
        scanners = ScannerSettings(settings.scanner_gap_ms, settings.scanner_prefix, settings.scanner_separator)
        self.scanner = Scanner(qt, scanners, is_badge=self._is_badge)
        self.scanner.scanned.connect(self._scanned)
        self.idle = IdleWatch(qt, settings.lock_after_minutes * 60.0)
        self.idle.lock_due.connect(self._lock)
        self.idle.sign_out_due.connect(self._sign_out_when_idle)
        self.last_time = LastTime(settings.file.parent)
        self.chores = Chores(self, lambda: self.window)
        self.others: Others | None = None

    def start(self) -> None:
        """Show the first window: the first start, or signing in."""
        from infusion_desktop.setting_up import is_set_up

        if is_set_up(self.database):
            self.ask_who()
        else:
            self.welcome()

    def welcome(self) -> None:
        """The first start."""
        from infusion_desktop.desktop.welcome.first_start import FirstStartWindow
        from infusion_desktop.setting_up import EXAMPLE

        may_encrypt = self.database.place.is_sqlite and CAN_ENCRYPT
        window = FirstStartWindow(
            self.database.place.shown(), EXAMPLE, self._set_up, has_key_store if may_encrypt else None
        )
        window.ready.connect(self.open_shell)
        window.place_chosen.connect(self._keep_elsewhere)
        self.show(window)
        if lost := _lost_perhaps(self.database.place, self.settings.backups):
            window.messages.refused((lost,), tone=Tone.WARN)

    def ask_who(self, username: str = "") -> None:
        """Signing in."""
        if not self.pharmacy:
            with self.database.reading() as session:
                who_we_are = profile(session)
            self.pharmacy = who_we_are.name if who_we_are is not None else ""
        name = self.pharmacy or "Infusion Desktop"
        window = SignInWindow(name, lambda typed, password: sign_in(self.database, typed, password), username)
        window.named.connect(self.prepare)
        window.signed_in.connect(self.open_shell)
        self.show(window)

    def open_shell(self, user: User) -> None:
        """The window of somebody who has signed in."""
        try:
            with self.database.reading() as session:
                who_we_are = profile(session)
                self.badges = badges(session)
                behind = clock_behind(session, now_utc())
                saved = last_saved(session, user.id, self.database.workstation) if self.last_time.ended_badly else ""
        except Unavailable as error:
            if isinstance(self.window, DoorWindow | Shell):
                self.window.messages.show_failure(error, self.window)
            return
        self.pharmacy = who_we_are.name if who_we_are is not None else ""
        shell = self._shell_of(self._context_of(user, who_we_are), user.username)
        self.others = others = Others(self.database, shell.changes, shell)
        others.reached.connect(shell.show_reached)
        shell.closed.connect(others.stop)
        others.start()
        shell.make(FIRST)
        self.show(shell)
        shell.go(FIRST)
        shell.changes.changed.connect(lambda topics: self._look_who(shell, topics))
        log.info("user %s signed in", user.id)
        self.chores.begin(shell)
        QTimer.singleShot(ROOMS_MS, shell, read_behind)
        if user.must_change_password:
            self.own_access("password", forced=True)
        if saved:
            self.last_time.ended_badly = False
            told = f"The program ended unexpectedly the last time. What you saved last here: {saved}."
            shell.messages.refused((told, "Whatever you typed after it was not saved."), tone=Tone.INFO)
        if behind:
            shell.messages.refused((behind,), tone=Tone.WARN)
        if user.emergency_until is not None:
            shell.messages.refused((f"Emergency access until {show_instant(user.emergency_until)}.",), tone=Tone.WARN)
            left = (user.emergency_until - now_utc()).total_seconds()
            QTimer.singleShot(max(1, int(left * 1000)), shell, lambda: self._enter_again(user))

    def prepare(self, username: str) -> None:
        """Make the window of whoever is typing their password now; it stays empty and hidden until that is proven."""
        door, database = self.window, self.database
        if not isinstance(door, SignInWindow):
            return

        def look() -> Context | None:
            with database.reading() as session:
                user = user_named(session, username)
                return None if user is None else self._context_of(user, profile(session))

        def make(context: Context | None) -> None:
            if self.window is door and context is not None:
                shell = self.prepared = self._shell_of(context, username)
                _step_by_step(shell, shell.get_ready(FIRST))

        door.jobs.run(door, look, make)

    def _context_of(self, user: User, who_we_are: Profile | None) -> Context:
        return Context(
            self.database,
            user.id,
            user.name,
            frozenset(user.permissions),
            who_we_are,
            self.settings.file.parent,
            self.database.place.shown(),
            self.settings.backups,
        )

    def _shell_of(self, context: Context, username: str) -> Shell:
        """The window over a context: the one that was prepared for just this one, or a new one."""
        prepared, self.prepared = self.prepared, None
        if prepared is not None:
            if prepared.context == context:
                return prepared
            _let_go(prepared)
        rooms = house(context)
        shell = Shell(
            context,
            rooms.places,
            searches=rooms.searches,
            name_scans=rooms.name_scans,
            is_password_right=lambda password: self._is_right(username, password),
            settings=self.own,
        )
        shell.sign_out_asked.connect(self.ask_who)
        shell.exchange_asked.connect(self.exchange)
        shell.own_access_asked.connect(self.own_access)
        return shell

    def own_access(self, what: str, *, forced: bool = False) -> None:
        """Let the person at work change their password, their badge and PIN, or take emergency access."""
        from infusion_desktop.access.emergency import end_emergency
        from infusion_desktop.desktop.own_access import EmergencyDialog, PasswordDialog, PinDialog

        shell = self.window
        if not isinstance(shell, Shell):
            return
        if what == "end emergency":
            database, by = self.database, shell.context.user_id
            shell.jobs.run(
                shell, lambda: end_emergency(database, by), lambda user: self._open_anew(shell, user),
                lambda error: shell.messages.show_failure(error, shell),
            )  # fmt: skip
            return
        if what == "password":
            dialog: DeedDialog = PasswordDialog(shell.context, shell.desk, shell, forced=forced)
            if forced:
                dialog.rejected.connect(shell.sign_out_asked)
        elif what == "pin":
            dialog = PinDialog(shell.context, shell.desk, shell)
            dialog.succeeded.connect(lambda _none: self._know_badges())
        else:
            dialog = EmergencyDialog(shell.context, shell.desk, shell)
            dialog.succeeded.connect(lambda user: QTimer.singleShot(0, shell, lambda: self._open_anew(shell, user)))
        self.dialog = dialog
        dialog.open()

    def _open_anew(self, shell: Shell, user: User) -> None:
        """Somebody has other rights now: the screens follow, unless that would cost what was typed."""
        shell.unless_typed("Open the screens anew with the other rights", lambda: self.open_shell(user))

    def _enter_again(self, user: User, *, told: bool = False) -> None:
        """Emergency access is over: the window offers what the person's roles include; what was typed is kept first."""
        try:
            with self.database.reading() as session:
                now = user_of(session, user.id)
        except Unavailable:  # Every deed asks again by itself; the window follows when the server is back.
            QTimer.singleShot(LATER_MS, self, lambda: self._enter_again(user))
            return
        shell = self.window
        if not isinstance(shell, Shell) or shell.context.user_id != user.id:
            return
        if now.emergency_until is not None:  # The clock was set back; every deed asks by itself.
            QTimer.singleShot(LATER_MS, shell, lambda: self._enter_again(user))
        elif shell.has_typed():
            if not told:
                shell.messages.refused((_OVER,), tone=Tone.WARN)
            QTimer.singleShot(LATER_MS, shell, lambda: self._enter_again(user, told=True))
        else:
            self._follow(shell, now)

    def _follow(self, shell: Shell, user: User) -> None:
        """Somebody at work has other rights: a window with those comes, but none where the screen is locked."""
        self.open_shell(user) if shell.cover is None else shell.leave()

    def _look_who(self, shell: Shell, topics: frozenset[str]) -> None:
        """Somebody changed who may do what: whoever may less has another window, and who left has none."""
        if "people" not in topics:
            return
        database, by, had = self.database, shell.context.user_id, shell.context.permissions

        def look() -> User | None:
            with database.reading() as session:
                username = user_of(session, by).username
                return user_named(session, username)

        def told(user: User | None) -> None:
            if self.window is not shell:
                return
            if user is None:
                log.info("the access of user %s has ended", by)
                shell.leave()
                self._tell(_ENDED)
            elif user.permissions != had and shell.has_typed():
                shell.messages.refused((_OTHER_ROLES,), tone=Tone.WARN)
            elif user.permissions != had:
                self._follow(shell, user)
                self._tell(_NEW_ROLES)

        shell.jobs.run(shell, look, told, lambda _error: None)

    def _tell(self, sentence: str) -> None:
        """Say in the window that came why another one is there."""
        if isinstance(self.window, DoorWindow | Shell):
            self.window.messages.refused((sentence,), tone=Tone.INFO)

    def _know_badges(self) -> None:
        with suppress(Unavailable), self.database.reading() as session:
            self.badges = badges(session)

    def _take_over(self, shell: Shell, badge: str) -> None:
        """Somebody scanned their badge: the person at work unlocks, another one takes over, both with their PIN.

        Who takes over stands where the other one stood: they share the bench.
        """
        from infusion_desktop.desktop.own_access import BadgeDialog

        def enter(user: User) -> None:
            place = shell.place_in_front
            self.open_shell(user)
            if isinstance(self.window, Shell) and self.window is not shell:
                self.window.go(place)

        def entered(user: User) -> None:
            if user.id != shell.context.user_id:
                shell.unless_typed("Take over here", lambda: enter(user))
            elif shell.cover is not None:
                shell.cover.unlocked.emit()

        self.dialog = BadgeDialog(shell.context, shell.desk, badge, shell.cover or shell)
        self.dialog.succeeded.connect(entered)
        self.dialog.open()

    def exchange(self, deed: Exchange) -> None:
        """Close the database, let the deed work on its file, open it again, and ask who is there.

        What the window before was about has ended then: a file that is still read cannot be exchanged.
        """
        door = DoorWindow("One moment", "The data are being exchanged. Please do not switch off.", width=520)
        place, others = self.database.place, self.others

        def begin() -> None:
            self.database.close()
            door.jobs.run(door, work, done, lambda error: door.messages.show_failure(error, door), text="Exchanging")

        def work() -> tuple[Database, Exception | None]:
            if others is not None:
                others.end()
            try:
                return open_pharmacy(deed(place), self.settings.workstation), None
            except (Refused, Unavailable) as no:
                return open_pharmacy(place, self.settings.workstation), no

        def done(result: tuple[Database, Exception | None]) -> None:
            self.database, no = result
            self.ask_who()
            if isinstance(self.window, SignInWindow) and no is not None:
                self.window.messages.show_failure(no, self.window)

        self.show(door, begin)

    def _set_up(self, chosen: "FirstStart") -> Generator[Progress, None, User]:
        from infusion_desktop.setting_up import set_up

        if chosen.phrases:
            yield Progress(0, 0, "Encrypting")
            self._encrypt(chosen.phrases)
        return (
            yield from set_up(
                self.database,
                chosen.profile,
                chosen.username,
                chosen.name,
                chosen.password,
                demonstration=chosen.demonstration,
            )
        )

    def _encrypt(self, phrases: tuple[str, ...]) -> None:
        """Close the database, encrypt it under the phrases and a new key, and open it again."""
        from infusion_desktop.database.encrypting import encrypt
        from infusion_desktop.database.keys import system_store

        place = self.database.place
        self.database.close()
        try:
            place = encrypt(place, phrases, system_store())
        finally:
            self.database = open_pharmacy(place, self.settings.workstation)

    def _keep_elsewhere(self, file: str) -> None:
        try:
            database = open_pharmacy(Place.of(file), self.settings.workstation, backups=self.settings.backups)
            save_settings(self.settings, database=file)
        except (Refused, Unavailable, OSError) as error:
            if isinstance(self.window, DoorWindow):
                self.window.messages.show_failure(error, self.window)
            return
        self.database.close()
        self.database = database
        self.settings = replace(self.settings, database=file)
        self.start()

    def _is_right(self, username: str, password: str) -> bool:
        try:
            sign_in(self.database, username, password)
        except MustWait:
            raise
        except Refused:
            return False
        return True

    def close(self) -> None:
        """Let go of the database."""
        if self.prepared is not None:
            _let_go(self.prepared)
        self.database.close()
        self.last_time.close()

    def show(self, window: QWidget, then: Callable[[], None] = lambda: None) -> None:
        """Bring a window in place of the one there was; ``then`` is called when nothing of that one is under way."""
        before, self.window = self.window, window
        window.show()
        window.activateWindow()
        if before is None:
            then()
            return
        for each in (before, *before.findChildren(QDialog)):
            each.hide()
        if isinstance(before, Shell):
            before.uncover()  # Not before it is hidden: nobody reads what lies under it.
        _let_go(before, then)

    def _is_badge(self, raw: str) -> bool:
        """Whether this can only be a badge, be it known or not."""
        return raw.strip().startswith(BADGE) or badge_code(raw) in self.badges

    def _scanned(self, raw: str) -> None:
        if not isinstance(self.window, Shell):
            if isinstance(self.window, SignInWindow) and self._is_badge(raw):
                self.window.messages.refused((_NOBODY_IS_IN,), tone=Tone.INFO)
            return
        shell, badge = self.window, badge_code(raw)
        screen = shell.screen_in_front
        is_for_screen = shell.cover is None and screen is not None and screen.wants_badge
        is_theirs = badge in self.badges or (shell.cover is not None and self._is_badge(raw))
        if is_theirs and not is_for_screen and QApplication.activeModalWidget() in (None, shell.cover):
            self._take_over(shell, badge)
        else:
            shell.on_scan(f"{BADGE}{badge}" if badge in self.badges else raw)

    def _lock(self) -> None:
        if isinstance(self.window, Shell):
            self.window.lock()

    def _sign_out_when_idle(self) -> None:
        if isinstance(self.window, Shell) and self.window.cover is not None:
            self.window.leave()


def _let_go(window: QWidget, then: Callable[[], None] = lambda: None) -> None:
    """Close a window that is hidden already, once nothing of it is under way: nobody waits for a lost server."""
    jobs = window.jobs if isinstance(window, DoorWindow | Shell) else None
    if jobs is not None and isValid(window):
        jobs.wind_down()
        if jobs.running:
            jobs.ended.connect(lambda _job: _let_go(window, then) if isValid(window) and not jobs.running else None)
            return
    window.close()
    window.deleteLater()
    then()


def _step_by_step(window: QWidget, steps: Iterator[None]) -> None:
    """Do the steps one after the other, each when nothing else waits, for as long as the window is there."""

    def go_on() -> None:
        for _step in steps:
            QTimer.singleShot(0, window, go_on)
            return

    QTimer.singleShot(0, window, go_on)


def read_ahead() -> None:
    """Read what whoever signs in will see first, while they type: off the window's thread, it touches no window."""
    read_first_screen()
    configure_mappers()


def get_ready(database: Database) -> Generator[Progress, None, None]:
    """Do once, for nobody, what signing in and the first screen do: everything they need is there by then."""
    from infusion_desktop.desktop.today.today_screen import asked

    try:
        database.know_tables()
        configure_mappers()
        yield Progress(0, 0)
        database.connect_ahead(AT_ONCE)
        read_hasher()
        with database.reading() as session:
            badges(session)
            clock_behind(session, now_utc())
            filters_of(session, UserId(0))
        for ask in asked(database, today()):
            yield Progress(0, 0)
            ask()
    finally:
        gc.freeze()  # All this stays: a round of the collector through it would hold up whoever types.


def has_key_store() -> bool:
    """Whether this system keeps keys for the person who is logged in."""
    from infusion_desktop.database.keys import system_store

    return system_store() is not None


def _lost_perhaps(place: Place, folder: Path) -> str:
    """A sentence where a new pharmacy would begin though there are copies of one; "" where there are none."""
    from infusion_desktop.database.backup import newest_copy

    newest = newest_copy(place, folder)
    return "" if newest is None else (
        f"There is no pharmacy in {place.shown()}, but there is a copy of one, of {show_instant(newest.at)}. If the "
        "file was lost or moved, begin no new pharmacy: close this window and go back to the copy, with the command "
        f"infusion-desktop restore \"{newest.file}\""
    )  # fmt: skip
