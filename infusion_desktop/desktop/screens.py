"""What a screen is, and how one is written.

A screen shows one capability of the pharmacy. It lives in ``desktop/<capability>/`` and derives from Screen::

    class LotsScreen(Screen):
        title = "Lots"
        topics = frozenset({"stock"})

        def __init__(self, context: Context, desk: Desk) -> None:
            super().__init__(context, desk)
            self.table = TableView(LOT_COLUMNS, lambda lot: lot.id, name="Lots", desk=desk, noun=("lot", "lots"),
                                   empty="No lot in stock yet. Scan a box to receive it.")
            page = Page(self)
            page.add(self.table, 1)
            page.actions(button("Receive", self.receive, icon="plus", kind="primary"))

        def load(self) -> None:
            self.ask(lambda: lots_in_stock(self.context.database), self.table.set_rows)

- Queries run in ``ask``, deeds in ``do``: both on a worker thread, with plain values in and frozen rows out. A query
  opens ``database.reading()`` itself.
- ``load`` is called before the screen is first seen, and again (while it is seen, or when it is next seen) after
  anybody announced one of its ``topics`` or pressed F5. It must keep what a person has typed and not yet saved.
- ``on_scan`` gets each scan while the screen is in front and returns whether it used it; otherwise the shell opens what
  the code names.
- Screens never import each other: ``desk.open("patient", 12)`` opens whatever shows patients, and the shell calls
  ``show_record`` there. The shell knows screens as Places (shell.py), which application.py lists.
- Widgets to build from: Page, Card, Steps, form fields (forms.py), TableView, Picker, SignaturePad, PdfPreview, buttons
  and labels. Text from people goes through ``label`` (plain text). Money, days and quantities are shown as
  ``money``/``dates`` show them, numbers to the right.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QDialog, QLineEdit, QSizePolicy, QWidget
from shiboken6 import isValid

from infusion_desktop.desktop.attempts import Attempts
from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.errors import AsksWhy, Warned

T = TypeVar("T")
NOT_SHOWN = "This record is restricted: nothing of it is shown until somebody says why. Open it again to be asked anew."


class Screen(QWidget):
    """Base of all screens; made when it is first opened, kept until sign-out."""

    title: str = ""
    topics: ClassVar[frozenset[str]] = frozenset()
    help: str = ""
    """What F1 says: what this screen is for and its keys."""

    def __init__(self, context: Context, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.desk = desk
        self._asked: dict[str, int] = {}
        self._unanswered = 0
        self.dialog_to_compare: QWidget | None = None
        """A dialog of this screen that was refused as stale, until it was opened anew from the newest record."""
        self._when_answered: list[Callable[[], object]] = []
        self._opening, self._asked_why = 0, -1
        self._hidden: list[QWidget] = []
        self._empty: QWidget | None = None
        self.attempts = Attempts(context.database)

    @property
    def wants_badge(self) -> bool:
        """Whether a badge scanned now is for the screen (a second person) and not for taking over; override."""
        return False

    def load(self) -> None:
        """Ask for what is shown and show it; override."""

    def on_scan(self, raw: str) -> bool:
        """Use a scan; False leaves it to the shell. Override."""
        return False

    def show_record(self, kind: str, record: object) -> None:
        """Bring the record of that kind into view; override on screens that open kinds."""

    def may_leave(self) -> bool:
        """Whether nothing typed would be lost by going to another user; override where something could be."""
        return True

    def focus_filter(self) -> None:
        """Ctrl+F: go to the filter of the list in view."""
        for field in self.findChildren(QLineEdit):
            if field.isVisible() and field.accessibleName().startswith("Filter "):
                field.setFocus()
                field.selectAll()
                return

    def ask(self, query: Callable[[], T], then: Callable[[T], object], key: str = "") -> None:
        """Run a query off the window's thread. Of several with one ``key`` only the newest answer is shown."""
        turn = self._asked[key] = self._asked.get(key, 0) + 1
        self._unanswered += 1

        def show(answer: T) -> None:
            if self._asked[key] == turn:
                then(answer)
            self._one_answered()

        def failed(error: Exception) -> None:
            self._when_answered.clear()
            self.show_failure(error)
            self._one_answered()

        self.desk.jobs.run(self, query, show, failed)

    def ask_to_open(
        self, query: Callable[[str], T], then: Callable[[T], object], key: str = "", *, hides: bool = True
    ) -> None:
        """As `ask`, for what tells of a patient: a restricted record asks why it is opened, and the query gets that.

        It is asked once for each opening (`opens_anew` begins another one). Until it is said nothing is shown: what
        lies on the screen, perhaps of the record before, is hidden.
        """

        def start(why: str) -> None:
            turn = self._opening
            self.ask(lambda: _or_asks_why(lambda: query(why)), lambda found: opened(found, turn), key)

        def opened(found: "T | AsksWhy", turn: int) -> None:
            if not isinstance(found, AsksWhy):
                self._show_again()
                then(found)
                return
            if hides:
                self._hide()
            if self._asked_why != turn == self._opening:
                self._asked_why = turn
                self.desk.messages.refused((NOT_SHOWN,), self, Tone.INFO)
                self.desk.messages.show_failure(found, self, start)

        start("")

    def _hide(self) -> None:
        if not self._hidden and (layout := self.layout()) is not None:
            self._empty = QWidget()
            layout.addWidget(self._empty)  # Keeps the banner at the top.
            self._empty.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        for part in self.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
            if part is not self._empty and not isinstance(part, Banner | QDialog) and not part.isHidden():
                part.hide()
                self._hidden.append(part)

    def _show_again(self) -> None:
        if self._asked_why != -1:
            self.desk.messages.clear(self)
            self._asked_why = -1
        while self._hidden:
            self._hidden.pop().show()
        if self._empty is not None:
            self._empty.hide()
            self._empty.deleteLater()
            self._empty = None

    def opens_anew(self) -> None:
        """Somebody opens a record here: a restricted one asks why, once."""
        self._opening += 1

    def load_then(self, then: Callable[[], object]) -> None:
        """Ask anew for what is shown, and go on once every answer is shown; not where one of them failed."""
        self._when_answered.append(then)
        self._unanswered += 1
        self.load()
        self._one_answered()

    def _one_answered(self) -> None:
        self._unanswered -= 1
        if not self._unanswered:
            waiting, self._when_answered = self._when_answered, []
            for each in waiting:
                each()

    def do(
        self,
        deed: Callable[[str], Any],
        *,
        changed: Iterable[str] = (),
        said: str | Callable[[Any], str] = "",
        then: Callable[[Any], object] | None = None,
        pressed: QWidget | None = None,
        text: str = "",
    ) -> None:
        """Do one deed off the window's thread: ``deed`` gets the person's reason to override warnings ("" at first).

        On success ``changed`` is announced, ``said`` shown and ``then`` called with the result. A warning is asked
        about and the deed repeated; any other failure is shown on this page. ``pressed`` (the button) rests meanwhile.
        A deed may return a generator of Progress, shown in the status bar under ``text``.
        """
        topics = tuple(changed)

        def rest(is_over: bool) -> None:
            if pressed is not None and isValid(pressed):  # A panel may show other buttons by then.
                pressed.setEnabled(is_over)

        def succeeded(result: Any) -> None:
            rest(True)
            self.desk.messages.clear(self)
            self.desk.changes.announce(*topics)
            sentence = said if isinstance(said, str) else said(result)
            if sentence:
                self.desk.messages.said(sentence)
            if then is not None:
                then(result)

        def failed(error: Exception) -> None:
            rest(True)
            if isinstance(error, Warned):
                self.desk.messages.show_failure(error, self, start)
            else:
                self.show_failure(error)

        def start(override: str) -> None:
            rest(False)
            self.desk.jobs.run(
                self,
                lambda: self.attempts.do(lambda: deed(override)),
                succeeded,
                failed,
                on_cancelled=lambda: rest(True),
                text=text,
            )

        start("")

    def show_failure(self, error: Exception) -> None:
        """Show on this page why something did not happen."""
        self.desk.messages.show_failure(error, self)

    def settings(self) -> QSettings | None:
        """Where this computer keeps column widths and the like; None without a folder."""
        if self.context.folder is None:
            return None
        return QSettings(str(self.context.folder / "window.ini"), QSettings.Format.IniFormat)


def _or_asks_why(query: Callable[[], T]) -> "T | AsksWhy":
    """What a query gives, or that it asks why first."""
    try:
        return query()
    except AsksWhy as asks:
        return asks
