"""A dialog that does one deed: it stays open with what was typed until the deed succeeded."""

from collections.abc import Callable, Iterable
from typing import Any, Self

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.dates import today
from infusion_desktop.desktop.attempts import Attempts
from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.both_versions import BothVersions, differences, fields_of, put_mine, shown_in
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.first_size import size_of_dialog
from infusion_desktop.desktop.forms import typed_where_the_focus_is
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.picker import Picker
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.errors import Kept, Refused, Stale, Warned

Deed = Callable[[str], Any]
NOT_HERE = "Nothing is scanned here. Finish this or cancel it, then scan again."


class DeedDialog(QDialog):
    """Fields, a banner for what is wrong, Cancel and the deed's button; Enter does the deed.

    Override ``deed``: it checks the fields and returns what to do (with the reason to override a warning), or None
    where something is missing. ``changed`` and ``said`` are announced on success; ``succeeded`` carries the result.
    """

    succeeded = Signal(object)
    changed: Iterable[str] = ()
    reopen: Callable[[], object] | None = None
    """Opens this dialog anew from the newest record; asked when somebody else changed it meanwhile."""

    def __init__(
        self,
        context: Context,
        desk: Desk,
        title: str,
        parent: QWidget | None,
        *,
        save: str = "Save",
        kind: str = "primary",
        width: int = 520,
    ) -> None:
        super().__init__(parent)
        self.context, self.desk = context, desk
        self.attempts = Attempts(context.database)
        self._as_opened: list[str] = []
        self._earlier: DeedDialog | None = None
        """The one that was refused as stale, with what was typed there, while this one shows theirs."""
        self.setWindowTitle(title)
        self.setMinimumWidth(width)
        self.banner = Banner(self)
        self.body = QVBoxLayout()
        self.body.setSpacing(12)
        self.cancel_button = button("Cancel", self.reject)
        self.save_button = button(save, self.press, kind=kind)
        self.save_button.setDefault(True)
        self.foot = QHBoxLayout()
        self.foot.addStretch(1)
        self.foot.addWidget(self.cancel_button)
        self.foot.addWidget(self.save_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(14)
        column.addWidget(label(title, "heading", wrap=True))
        column.addWidget(self.banner)
        column.addLayout(self.body, 1)
        column.addLayout(self.foot)
        self.finished.connect(self.deleteLater)

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._make_room()
        return done

    def _make_room(self) -> None:
        """A field, banner or sentence that appeared squeezes nothing: the window grows."""
        column = self.layout()
        if column is not None and (least := column.totalMinimumHeightForWidth(self.width())) > self.height():
            size_of_dialog(self, self.width(), least)

    def deed(self) -> Deed | None:
        """What to do when the button is pressed; None where a field is wrong. Override."""
        raise NotImplementedError

    def opened_by(self, again: Callable[[], object]) -> Self:
        """Say what opens this dialog anew from the newest record."""
        self.reopen = again
        return self

    def said(self, _result: Any) -> str:
        """The note of success; override."""
        return ""

    def open(self) -> None:
        super().open()
        self._as_opened = shown_in(self)
        screen = self._screen_behind()
        earlier = screen.dialog_to_compare if screen is not None else None
        if screen is not None and isinstance(earlier, DeedDialog) and type(earlier) is type(self):
            screen.dialog_to_compare = None
            self._compare_with(earlier)

    def press(self) -> None:
        """Do the deed."""
        work = self.deed()
        if work is not None:
            self.banner.clear()
            self._start(work, "")

    def has_typed(self) -> bool:
        """Whether a field holds something else than when it was opened, here or in what is compared with it."""
        return shown_in(self) != self._as_opened or (self._earlier is not None and self._earlier.has_typed())

    def on_scan(self, raw: str) -> None:
        """Use a scan: what is picked from a list is looked for by its code, and a text field in focus takes a number
        that others gave, such as a vendor's. Override where more is of use.
        """
        from infusion_desktop.stock.scanning.scans import read_scan

        picker = next((each for each in self.findChildren(Picker) if each.isVisible()), None)
        try:
            scan, no = read_scan(raw, today=today()), ""
        except Refused as refusal:
            scan, no = None, str(refusal)
        is_picked = picker is not None and scan is not None and bool(scan.pack_code)
        if not is_picked and typed_where_the_focus_is(raw):
            return
        if picker is None:
            self.desk.messages.wrong(NOT_HERE)
        elif scan is None:
            self.desk.messages.wrong(no)
        else:
            picker.look_for(scan.pack_code or scan.code or scan.raw)

    def reject(self) -> None:
        if self.cancel_button.isEnabled():  # Not while the deed is under way: its end would not be told.
            super().reject()

    def _start(self, work: Deed, override: str) -> None:
        self._rest(True)

        def failed(error: Exception) -> None:
            self._rest(False)
            QTimer.singleShot(0, self, self._make_room)
            if isinstance(error, Kept):  # Done before its answer was lost: pressing again would do it twice.
                self.desk.changes.announce(*self.changed)
                self.desk.messages.said(str(error))
                self.accept()
                return
            if isinstance(error, Stale) and self._ask_for_newest(error):
                return
            repeat = (lambda reason: self._start(work, reason)) if isinstance(error, Warned) else None
            self.desk.messages.show_failure(error, self, repeat)

        def succeeded(result: Any) -> None:
            self._rest(False)
            self.desk.changes.announce(*self.changed)
            self.succeeded.emit(result)
            if sentence := self.said(result):
                self.desk.messages.said(sentence)
            self.accept()

        self.desk.jobs.run(self, lambda: self.attempts.do(lambda: work(override)), succeeded, failed)

    def _screen_behind(self) -> Screen | None:
        place = self.parentWidget()
        while place is not None and not isinstance(place, Screen):
            place = place.parentWidget()
        return place

    def _ask_for_newest(self, error: Stale) -> bool:
        """Have the dialog opened anew from the newest record; False where nobody said how."""
        screen, again = self._screen_behind(), self.reopen
        if screen is None or again is None:
            return False
        self.desk.messages.refused(error.reasons, self, Tone.WARN)
        screen.dialog_to_compare = self
        screen.load_then(again)
        return True

    def _compare_with(self, earlier: "DeedDialog") -> None:
        """Show theirs (here) beside what the person typed (there), and let them choose."""
        titles = [field.title for field in fields_of(self)]
        if titles != [field.title for field in fields_of(earlier)]:
            return
        rows = differences(titles, earlier._as_opened, shown_in(self), shown_in(earlier))

        def keep_mine() -> None:
            put_mine(self, rows)
            self.press()

        def look_again() -> None:
            self.comparison = BothVersions(rows, keep_mine, self)
            self.comparison.open()

        self.foot.insertWidget(0, button("What I typed…", look_again, icon="copy"))
        earlier.hide()
        self._earlier = earlier
        self.finished.connect(earlier.deleteLater)
        look_again()

    def _rest(self, is_resting: bool) -> None:
        self.save_button.setEnabled(not is_resting)
        self.cancel_button.setEnabled(not is_resting)
