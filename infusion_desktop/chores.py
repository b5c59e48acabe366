"""What goes on beside the work, for whoever is at work: the day's copy, the day's tasks, the morning's reports."""

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Place
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.dates import show_instant, today
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.jobs import Job
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.errors import Refused

log = logging.getLogger(__name__)

HOUR_MS = 3_600_000
OFTEN_MS = 300_000
"""How often the morning's reports and tasks are looked for: a new day's within five minutes, failed ones again."""
BEGIN_MS = 1_500
"""How long after the first screen is asked for the day's copy and tasks are made: it is there first."""


class Chores(QObject):
    """Does the chores that are due on the jobs of the window in front; without a person at work nothing is done."""

    def __init__(self, parent: QObject, in_front: Callable[[], QWidget | None]) -> None:
        super().__init__(parent)
        self._window = in_front
        self.sent_by: Job | None = None
        self.hourly = QTimer(self)
        self.hourly.timeout.connect(self.look_after_copies)
        self.hourly.start(HOUR_MS)
        self.often = QTimer(self)
        self.often.timeout.connect(self.send_reports)
        self.often.timeout.connect(self.make_tasks)
        self.often.start(OFTEN_MS)

    def begin(self, shell: Shell) -> None:
        """Somebody has signed in: the day's copy and tasks, once the first screen is there."""
        QTimer.singleShot(BEGIN_MS, shell, self.keep_a_copy)
        QTimer.singleShot(BEGIN_MS, shell, self.make_tasks)

    def keep_a_copy(self) -> None:
        """Make the day's copy of the database when it is due, while people work on."""
        shell = self._in_front()
        if shell is None or shell.context.copies is None:
            return
        database, folder = shell.context.database, shell.context.copies

        def failed(error: BaseException) -> None:
            log.error("today's copy was not made: %s", type(error).__qualname__)
            if isinstance(error, Refused | Unavailable):
                age = _age_of_copies(database.place, folder)
                shell.messages.refused((f"Today's copy of the database was not made. {error}", age), tone=Tone.BAD)
            else:
                shell.messages.show_failure(error)

        def copy() -> Path | None:
            from infusion_desktop.access.anchors import note_head_if_due
            from infusion_desktop.database.backup import backup_if_due

            made = backup_if_due(database, folder)
            note_head_if_due(database, folder)
            return made

        shell.jobs.run(shell, copy, _note_copy, failed)

    def look_after_copies(self) -> None:
        """Each hour: the day's copy when it is due, and once a month a copy restored to try it."""
        self.keep_a_copy()
        shell = self._in_front()
        if shell is None or shell.context.copies is None:
            return
        database, folder = shell.context.database, shell.context.copies
        from infusion_desktop.recovering import copy_not_proven, rehearse_if_due

        def look() -> tuple[str, ...] | None:
            if shell.context.may(Permission.BACK_UP) and (missing := copy_not_proven(database)):
                return (missing,)
            problems = rehearse_if_due(database, folder)
            if not problems:
                return None
            log.error("a copy was restored to try it, with %s problems", len(problems))
            return ("A copy was restored to try it, and it is not in order. Make another one now.", *problems[:3])

        def told(reasons: tuple[str, ...] | None) -> None:
            if reasons:
                shell.messages.refused(reasons, tone=Tone.BAD)

        def failed(error: BaseException) -> None:
            log.error("no copy was restored to try it: %s", type(error).__qualname__)

        shell.jobs.run(shell, look, told, failed)

    def make_tasks(self) -> None:
        """Make the tasks that rules ask for, whoever comes in first and whatever they look at."""
        shell = self._in_front()
        if shell is None or not shell.context.may(Permission.SEE_DELIVERIES):
            return
        database, by = shell.context.database, shell.context.user_id

        def work() -> int:
            from infusion_desktop.deliveries.care.task_making import make_tasks

            return make_tasks(database, today(), by)

        def told(made: int) -> None:
            if made:
                shell.changes.announce("deliveries", "equipment")
                shell.messages.said(f"{made} task{'s' if made > 1 else ''} of the day made.")

        def failed(error: BaseException) -> None:
            log.error("the day's tasks were not made: %s", type(error).__qualname__)

        shell.jobs.run(shell, work, told, failed)

    def send_reports(self) -> None:
        """Put the morning's reports of the person at work into their folders, once a day; failures are told once."""
        shell = self._in_front()
        if shell is None or not shell.context.may(Permission.SEE_REPORTS):
            return
        if self.sent_by in shell.jobs.running:
            return  # A long bundle is still on its way; what is due then goes with the next look.
        from infusion_desktop.reporting.sending import Sent, send_due

        database, by = shell.context.database, shell.context.user_id

        def told(sent: Sent) -> None:
            if sent.news:
                shell.messages.refused(sent.news, tone=Tone.WARN)
            elif sent.files:
                shell.messages.said(f"{len(sent.files)} scheduled reports were put into their folders.")

        def failed(error: BaseException) -> None:
            log.error("the scheduled reports were not sent: %s", type(error).__qualname__)

        self.sent_by = shell.jobs.run(shell, lambda: send_due(database, today(), by), told, failed)

    def _in_front(self) -> Shell | None:
        window = self._window()
        return window if isinstance(window, Shell) else None


def _age_of_copies(place: Place, folder: Path) -> str:
    """How old the newest proven copy is, as a sentence."""
    from infusion_desktop.database.backup import newest_copy

    newest = newest_copy(place, folder)
    if newest is None:
        return "There is no proven copy in this folder."
    return f"The newest proven copy is of {show_instant(newest.at)}."


def _note_copy(made: Path | None) -> None:
    if made is not None:
        log.info("today's copy was made: %s bytes", made.stat().st_size)
