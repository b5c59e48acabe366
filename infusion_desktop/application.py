"""How the program starts: the window people sign in at, and behind it, while they type, everything else."""

import gc

gc.disable()  # Nothing made while starting is garbage: a tenth of the start. desktop/collector.py takes it over.

import sys

sys.setswitchinterval(0.001)  # While the rest is read behind it, a window waits a fifth as long for its turn.

import argparse
import builtins
import faulthandler
import locale
import logging
import os
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QLocale, QObject, QSettings, QTimer, Signal
from PySide6.QtWidgets import QApplication

# PySide reads the source of every module imported after it, to see whether it asks for a `__feature__`. None here does.
builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)

from infusion_desktop import __version__
from infusion_desktop.database.place import Place
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.desktop import theme
from infusion_desktop.desktop.welcome.last_opened import LastOpened
from infusion_desktop.desktop.welcome.sign_in import SignInWindow
from infusion_desktop.desktop.welcome.window import DoorWindow
from infusion_desktop.errors import Refused
from infusion_desktop.logs import log_what_nobody_caught, start_log
from infusion_desktop.settings import Settings, load_settings

if TYPE_CHECKING:
    from infusion_desktop.access.people import User
    from infusion_desktop.database.engine import Database
    from infusion_desktop.program import Application


log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    """Start the program; the exit code is 0, or 1 when it could not start (the reason was shown)."""
    parser = argparse.ArgumentParser(prog="infusion-desktop", description="Infusion Desktop")
    parser.add_argument("--check", action="store_true", help="open the window, say so, and leave")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="another settings.toml")
    parser.add_argument("--database", metavar="URL", help="a SQLite file or a postgresql:// address")
    chosen = parser.parse_args(arguments)
    faulthandler.enable()
    qt = QApplication.instance() or Program([sys.argv[0], *theme.QT_OPTIONS])
    assert isinstance(qt, QApplication)
    qt.setApplicationName("Infusion Desktop")
    qt.setApplicationVersion(__version__)
    qt.setQuitOnLastWindowClosed(True)
    try:
        settings = load_settings(chosen.settings)
        if chosen.database:
            settings = replace(settings, database=chosen.database)
        start_log(settings.logs)
        log_what_nobody_caught()
        started = Started(qt, settings, Place.of(settings.database))
    except (Refused, Unavailable, OSError) as error:
        return _cannot_start(error, chosen.check)

    def told(error: Exception) -> None:
        if chosen.check or not started.goes_on_after(error):
            qt.exit(_cannot_start(error, chosen.check))

    started.failed.connect(told)
    if chosen.check:
        started.waits.connect(started.say_so_and_leave)
    code = qt.exec()
    started.close()
    return code


class Program(QApplication):
    """Speaks English whatever the system speaks, and ends with the system's session also while the screen is covered.

    Qt gives the whole process the system's locale: one screen would name the same month in two languages. A covered
    window does not close, so that nobody loses what a colleague typed; without `event` it would hold up the
    system's log-off, which asks every window. Nothing below the cover is shown or asked then.
    """

    def __init__(self, words: list[str]) -> None:
        super().__init__(words)
        QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
        for kind in (locale.LC_TIME, locale.LC_NUMERIC):
            locale.setlocale(kind, "C")

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Quit and any(
            window.isVisible() and window.objectName() == "lockCover" for window in self.topLevelWidgets()
        ):
            self.exit(0)
            return True
        return super().event(event)


@dataclass(frozen=True, slots=True)
class _Opened:
    database: "Database"
    pharmacy: str
    """Its name; "" before the first start was finished."""


class _PhraseNeeded(Refused):
    """The data are encrypted, and the system does not keep their key."""


class Started(QObject):
    """The program as it was started: a window at once, the application behind it as soon as the data are open."""

    waits = Signal()
    """Everything is ready, or a passphrase is needed first."""
    failed = Signal(object)
    """The data cannot be opened."""

    def __init__(self, qt: QApplication, settings: Settings, place: Place) -> None:
        super().__init__(qt)
        self.qt, self.settings, self._place = qt, settings, place
        self.application: Application | None = None
        self.door: DoorWindow | None = None
        self._opened: Future[_Opened] = Future()
        own = QSettings(str(settings.file.parent / "window.ini"), QSettings.Format.IniFormat)
        theme.install(qt, theme.chosen(own, settings.theme))
        self._last = LastOpened(own)
        if self._last.by_phrase and _with_its_key(place) is None:
            self._ask_for_phrase()
        else:
            self._last.by_phrase = False
            self._open(place)

    def goes_on_after(self, error: Exception) -> bool:
        """Whether people can mend it and sign in then: the window says how, and keeps what they typed."""
        if not isinstance(error, Unavailable) or not isinstance(self.door, SignInWindow):
            return False
        self.door.messages.show_failure(error, self.door)
        return True

    def say_so_and_leave(self) -> None:
        """Tell the terminal that the window is open, then close it."""
        window = self.door if self.application is None else self.application.window
        assert window is not None
        sys.stdout.write(
            f"Infusion Desktop {__version__}: the window is open ({window.width()}x{window.height()}, "
            f"{QApplication.platformName()}), data in {Place.of(self.settings.database).shown()}\n"
        )
        sys.stdout.flush()
        window.close()

    def close(self) -> None:
        """Let go of the database."""
        if self.application is not None:
            self._last.keep(self.application.database.place, self.application.pharmacy)
            self.application.close()
        elif self._opened.done() and self._opened.exception() is None:
            self._opened.result().database.close()

    def _ask_for_phrase(self) -> None:
        from infusion_desktop.database.encrypting import unlocked
        from infusion_desktop.database.keys import system_store
        from infusion_desktop.desktop.welcome.unlock import UnlockWindow

        def open_with(phrase: str) -> Place:
            opened = unlocked(self._place, phrase, system_store())
            assert opened is not None, "a phrase opens it or is refused"
            return opened

        door = UnlockWindow(self._place.shown(), open_with)
        door.opened.connect(self._open)
        self._last.by_phrase = True
        self._show(door)
        QTimer.singleShot(0, self.waits.emit)

    def _open(self, place: Place) -> None:
        """Show the window that fits what is known already, then open the data behind it."""
        self._place, self._opened = place, Future()
        if pharmacy := self._last.pharmacy(place):
            sign_in = SignInWindow(pharmacy, self._sign_in)
            sign_in.signed_in.connect(self._enter)
            door: DoorWindow = sign_in
        else:
            door = DoorWindow("Infusion Desktop", "The data are being opened.", width=420)
        self._show(door)
        QTimer.singleShot(0, lambda: door.jobs.run(self, self._open_behind, self._run, self._could_not))

    def _open_behind(self) -> _Opened:
        """Open the data and read the rest of the program, on a worker thread: nothing here touches a window."""
        try:
            from infusion_desktop.access.pharmacy import profile
            from infusion_desktop.database.backup import naming_newest
            from infusion_desktop.opening import open_pharmacy
            from infusion_desktop.program import read_ahead

            with naming_newest(self._place, self.settings.backups):
                place = _with_its_key(self._place)
                if place is None:
                    raise _PhraseNeeded("The data are encrypted. Type the passphrase first.")
                database = open_pharmacy(place, self.settings.workstation, backups=self.settings.backups)
                with database.reading() as session:
                    who_we_are = profile(session)
            read_ahead()
        except BaseException as error:
            self._opened.set_exception(error)
            raise
        self._opened.set_result(_Opened(database, who_we_are.name if who_we_are is not None else ""))
        return self._opened.result()

    def _could_not(self, error: Exception) -> None:
        if isinstance(error, _PhraseNeeded):
            self._ask_for_phrase()
        else:
            self.failed.emit(error)

    def _sign_in(self, username: str, password: str) -> "User":
        """Whose name and password these are, once the data are open; called on a worker thread."""
        if self._opened.done() and self._opened.exception() is not None:  # The server was away; it may be back.
            self._opened = Future()
            self._open_behind()
        database = self._opened.result().database
        from infusion_desktop.access.people import sign_in

        return sign_in(database, username, password)

    def _enter(self, user: "User") -> None:
        self._run(self._opened.result()).open_shell(user)

    def _run(self, opened: _Opened) -> "Application":
        """The application over the opened data, made once: by their opening, or by who signed in a moment before."""
        if self.application is None:
            from infusion_desktop.program import MEANWHILE_MS, Application, get_ready

            gc.freeze()  # What was read to start stays for good: no round of the collector looks through it again.
            self.application = Application(self.qt, self.settings, opened.database)
            self._last.keep(opened.database.place, opened.pharmacy)
            door, self.door = self.door, None
            self.application.window, self.application.pharmacy = door, opened.pharmacy
            if isinstance(door, SignInWindow) and opened.pharmacy:
                door.heading.setText(opened.pharmacy)
                door.named.connect(self.application.prepare)
                door.tell_name()
                QTimer.singleShot(MEANWHILE_MS, door, lambda: door.jobs.run(door, partial(get_ready, opened.database)))
            else:
                self.application.start()
            self.waits.emit()
        return self.application

    def _show(self, door: DoorWindow) -> None:
        before, self.door = self.door, door
        door.show()
        door.activateWindow()
        if before is not None:
            before.close()
            before.deleteLater()


def _with_its_key(place: Place) -> Place | None:
    """The place with its key, where it has one that the system keeps; None when a phrase must be asked for."""
    if not place.is_sqlite or place.key is not None:
        return place
    from infusion_desktop.database.keys import is_encrypted, system_store

    if not is_encrypted(place.file):
        return place
    from infusion_desktop.database.encrypting import unlocked

    return unlocked(place, store=system_store())


def _cannot_start(error: Exception, quietly: bool) -> int:
    if isinstance(error, Refused | Unavailable):
        sentence = str(error)
    elif isinstance(error, OSError):
        what, why = error.filename or "A folder of the program", error.strerror or "it cannot be used"
        sentence = f"{what}: {why}. Check that it exists, may be written to, and that the disk is not full."
    else:
        log.error("the program could not start", exc_info=error)
        sentence = f"The program could not start: {type(error).__name__}. The log says where."
    sys.stderr.write(sentence + "\n")
    if not quietly and os.environ.get("QT_QPA_PLATFORM") != "offscreen":
        from PySide6.QtWidgets import QMessageBox

        QMessageBox.critical(None, "Infusion Desktop", sentence)
    return 1


if __name__ == "__main__":
    sys.exit(main())
