"""The one place where the pharmacy speaks to the person at the keyboard.

Success is a note that goes away. A refusal is a banner on the page where it happened. A warning asks for a reason and
lets go on. Anything else is a defect or the environment: one calm sentence with a reference, and a log entry that
names the kind of error and the place in the program, never its words, because they may hold a patient's data.
"""

import logging
import traceback
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QWidget

from infusion_desktop.desktop import question
from infusion_desktop.desktop.banner import Banner, Feedback, Toast
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.question import Answer, Question
from infusion_desktop.errors import AsksWhy, Kept, NotAllowed, Refused, Stale, Warned

log = logging.getLogger(__name__)


class Messages(QObject):
    """Shows what deeds answer. ``ask`` may be replaced by a test: it takes question, answered and parent."""

    def __init__(self, window: QWidget, banner: Banner, reload: Callable[[], object] | None = None) -> None:
        """``reload`` brings the current screen up to date; it is called after a stale refusal."""
        super().__init__(window)
        self.ask = question.ask
        self.beep: Callable[[], object] = QApplication.beep
        self.window = window
        self.banner = banner
        self.toast = Toast(window)
        self.feedback = Feedback(window)
        self._reload = reload

    def said(self, text: str) -> None:
        """A deed succeeded."""
        self.toast.say(text)

    def refused(self, reasons: Sequence[str], near: QWidget | None = None, tone: Tone = Tone.BAD) -> None:
        """Say why not, on the page or dialog that ``near`` belongs to."""
        self._banner_near(near).say(tone, reasons)

    def clear(self, near: QWidget | None = None) -> None:
        """Take the banner away."""
        self._banner_near(near).clear()

    def right(self, text: str) -> None:
        """A scan or step was right."""
        self.feedback.say(Tone.GOOD, text)

    def wrong(self, text: str) -> None:
        """A scan or step was wrong: seen and heard."""
        self.feedback.say(Tone.BAD, text)
        self.beep()

    def confirm(self, asked: Question, on_yes: Callable[[], object], near: QWidget | None = None) -> None:
        """Ask, and go on only on yes."""
        self.ask(asked, lambda answer: on_yes() if answer.yes else None, self._window_of(near))

    def show_failure(
        self, error: BaseException, near: QWidget | None = None, go_on: Callable[[str], object] | None = None
    ) -> None:
        """Show why a deed did not happen. A warning is asked about; ``go_on`` repeats the deed with the reason."""
        if isinstance(error, Warned):
            self._warned(error, near, go_on)
        elif isinstance(error, Refused):
            self.refused(error.reasons, near, Tone.WARN if isinstance(error, NotAllowed | Stale | Kept) else Tone.BAD)
            if isinstance(error, Stale | Kept) and self._reload is not None:
                self._reload()
        elif (sentence := _environment(error)) is not None:
            log.error("database unavailable: %s", type(error).__qualname__)
            self.refused((sentence,), near)
        else:
            reference = note_defect(error)
            self.refused((f"Something went wrong; nothing was saved. Tell support this reference: {reference}.",), near)

    def _warned(self, error: Warned, near: QWidget | None, go_on: Callable[[str], object] | None) -> None:
        if go_on is None:
            self.refused(error.warnings, near, Tone.WARN)
            return
        repeat = go_on

        def answered(answer: Answer) -> None:
            if answer.yes:
                repeat(answer.reason)

        if isinstance(error, AsksWhy):
            asked = Question(
                "Restricted record", error.warnings, yes="Open", needs_reason=True, tone=Tone.INFO,
                hint="Why do you open it?", usual=error.usual,
            )  # fmt: skip
        else:
            asked = Question("Are you sure?", error.warnings, yes="Go on anyway", needs_reason=True)
        self.ask(asked, answered, self._window_of(near))

    def _window_of(self, near: QWidget | None) -> QWidget:
        return near.window() if near is not None else self.window

    def _banner_near(self, near: QWidget | None) -> Banner:
        place = near
        while place is not None and place is not self.window:
            found = place.findChild(Banner, options=Qt.FindChildOption.FindDirectChildrenOnly)
            if isinstance(found, Banner):
                return found
            place = place.parentWidget()
        return self.banner


def note_defect(error: BaseException) -> str:
    """Log a defect without its words and give the reference that people can name."""
    import secrets

    reference = secrets.token_hex(3).upper()
    kinds: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(kinds) < 5:
        kinds.append(_kind(cause))
        cause = cause.__cause__ or cause.__context__
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames)
    )
    log.error("defect %s: %s at %s", reference, " from ".join(kinds), places)
    return reference


def _kind(error: BaseException) -> str:
    original = getattr(error, "orig", None)
    state = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
    constraint = getattr(getattr(original, "diag", None), "constraint_name", None)
    return " ".join(str(part) for part in (type(error).__qualname__, state, constraint) if part)


def _environment(error: BaseException) -> str | None:
    """The sentence for trouble with disk or server; None for defects."""
    from infusion_desktop.database.trouble import Unavailable

    if isinstance(error, Unavailable):
        return str(error)
    if isinstance(error, PermissionError):
        return "The file or folder may not be written to. Choose another one."
    if isinstance(error, FileNotFoundError):
        return "The file or folder is not there any more. Choose another one."
    return None
