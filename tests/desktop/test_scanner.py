"""A scan is told from typing, wherever the focus is, and leaves the field as it was (RELIABILITY D5, G13)."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.forms import TextField
from infusion_desktop.desktop.scanner import GS, Scanner, ScannerSettings
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.stock.scanning import gs1
from tests.promises import times
from tests.stock.test_scans import GENERATED, MANGLED, is_right_or_refused

Key, Mod = Qt.Key, Qt.KeyboardModifier
UDI = "]d2010061414100001217261231" + "10LOT42" + GS + "21SN7"


class Hands:
    """Types and scans into whatever has the focus, at chosen times."""

    def __init__(self, qtbot: QtBot, application: QApplication) -> None:
        self.now = 1_000.0
        self.scans: list[str] = []
        self._qtbot, self._application = qtbot, application
        self.scanner: Scanner | None = None

    def use(self, settings: ScannerSettings, is_badge: Callable[[str], bool] = lambda _read: False) -> None:
        if self.scanner is not None:
            self.scanner.stop()
        self.scanner = Scanner(self._application, settings, lambda: self.now, is_badge)
        self.scanner.scanned.connect(self.scans.append)

    def press(self, key: int, text: str = "", modifiers: Qt.KeyboardModifier = Mod.NoModifier, gap: float = 8) -> None:
        self.now += gap
        target = QApplication.focusWidget()
        assert target is not None
        for kind in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(target, QKeyEvent(kind, key, modifiers, text))

    def keys(self, text: str, gap: float = 8) -> None:
        for letter in text:
            self.press(Key.Key_Space if letter == " " else 0, letter, gap=gap)

    def enter(self, gap: float = 8) -> None:
        self.press(Key.Key_Return, "\r", gap=gap)
        QApplication.processEvents()

    def scan(self, text: str, gap: float = 8) -> None:
        self.now += 500
        self.keys(text, gap)
        self.enter(gap)


@pytest.fixture
def hands(qtbot: QtBot, qapp: QApplication) -> Iterator[Hands]:
    made = Hands(qtbot, qapp)
    made.use(ScannerSettings())
    yield made
    assert made.scanner is not None
    made.scanner.stop()


def _shown(qtbot: QtBot, widget: QWidget) -> QWidget:
    window = QWidget()
    QVBoxLayout(window).addWidget(widget)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitExposed(window)
    widget.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is widget)
    return window


def test_a_udi_with_its_group_separator_is_read_and_the_field_keeps_its_text(qtbot: QtBot, hands: Hands) -> None:
    field = QLineEdit("Ann")
    window = _shown(qtbot, field)
    field.setCursorPosition(1)
    hands.scan(UDI)
    assert hands.scans == [UDI]
    assert (field.text(), field.cursorPosition()) == ("Ann", 1)
    window.close()


def test_selected_text_is_given_back_too(qtbot: QtBot, hands: Hands) -> None:
    field = QLineEdit("Hello")
    window = _shown(qtbot, field)
    field.selectAll()
    hands.scan("00614141000012")
    assert (field.text(), field.selectedText()) == ("Hello", "Hello")
    window.close()


@pytest.mark.parametrize("gap", [45, 60, 110, 200])
def test_typing_however_quick_stays_typing(qtbot: QtBot, hands: Hands, gap: float) -> None:
    field = QLineEdit()
    window = _shown(qtbot, field)
    pressed: list[bool] = []
    field.returnPressed.connect(lambda: pressed.append(True))
    hands.keys("morphine", gap)
    hands.enter(gap)
    assert hands.scans == []
    assert field.text() == "morphine"
    assert pressed == [True]
    window.close()


def test_a_rolled_pair_of_keys_and_a_quick_enter_are_no_scan(qtbot: QtBot, hands: Hands) -> None:
    field = QLineEdit()
    window = _shown(qtbot, field)
    hands.keys("rec", 110)
    hands.keys("ei", 20)
    hands.keys("v", 90)
    hands.keys("e", 15)
    hands.enter(30)
    assert hands.scans == []
    assert field.text() == "receive"
    window.close()


def test_a_scan_after_typing_gives_back_only_what_was_scanned(qtbot: QtBot, hands: Hands) -> None:
    field = QLineEdit()
    window = _shown(qtbot, field)
    hands.keys("morph", 120)
    hands.scan("B-A1-07")
    assert hands.scans == ["B-A1-07"]
    assert field.text() == "morph"
    window.close()


def test_the_enter_presses_no_button_and_neither_does_a_space_in_the_code(qtbot: QtBot, hands: Hands) -> None:
    ship = QPushButton("Ship")
    pressed: list[bool] = []
    ship.clicked.connect(lambda: pressed.append(True))
    ship.setAutoDefault(True)
    window = _shown(qtbot, ship)
    hands.scan("LOT A 12")
    assert hands.scans == ["LOT A 12"]
    assert pressed == []
    window.close()


@pytest.mark.parametrize("separator", ["ctrl", "alt", "substitute", "char"])
def test_every_way_a_keyboard_sends_the_group_separator(qtbot: QtBot, hands: Hands, separator: str) -> None:
    hands.use(ScannerSettings(separators="~"))
    window = _shown(qtbot, QLineEdit())
    hands.now += 500
    hands.keys("10LOT42")
    if separator == "ctrl":
        hands.press(Key.Key_BracketRight, "\x1d", Mod.ControlModifier)
    elif separator == "alt":
        for digit in "029":
            hands.press(ord(digit), "", Mod.AltModifier)
    elif separator == "substitute":
        hands.keys("~")
    else:
        hands.keys(GS)
    hands.keys("21SN7")
    hands.enter()
    assert hands.scans == ["10LOT42" + GS + "21SN7"]
    window.close()


@pytest.mark.parametrize("mangle", MANGLED)
def test_no_scan_as_a_keyboard_sends_it_gives_a_wrong_lot(qtbot: QtBot, hands: Hands, mangle: str) -> None:
    """Key by key into a field, the marks kept, doubled, lost or replaced on the way."""
    window, labels = _shown(qtbot, QLineEdit()), GENERATED[: times(20, 200)]
    read = 0
    for number, elements in enumerate(labels, 1):
        hands.scan(MANGLED[mangle](gs1.build(elements)))
        assert len(hands.scans) == number
        read += is_right_or_refused(hands.scans[-1], elements)
    assert read > len(labels) // 2 or mangle not in ("kept", "doubled")
    window.close()


def test_alt_029_that_also_sends_the_character_is_one_separator(qtbot: QtBot, hands: Hands) -> None:
    window = _shown(qtbot, QLineEdit())
    hands.keys("10LOT42")
    for digit in "0029":
        hands.press(ord(digit), "", Mod.AltModifier)
    hands.keys(GS + "21SN7")
    hands.enter()
    assert hands.scans == ["10LOT42" + GS + "21SN7"]
    window.close()


def test_shift_keys_between_the_characters_break_nothing(qtbot: QtBot, hands: Hands) -> None:
    window = _shown(qtbot, QLineEdit())
    for letter in "LOTA12":
        hands.press(Key.Key_Shift, "", Mod.ShiftModifier, gap=3)
        hands.press(ord(letter), letter, Mod.ShiftModifier, gap=3)
    hands.enter()
    assert hands.scans == ["LOTA12"]
    window.close()


def test_with_a_prefix_only_what_begins_with_it_is_a_scan(qtbot: QtBot, hands: Hands) -> None:
    hands.use(ScannerSettings(prefix="^"))
    field = QLineEdit()
    window = _shown(qtbot, field)
    hands.scan("^A1")
    hands.scan("LOT42")
    assert hands.scans == ["A1"]
    assert field.text() == "LOT42"
    window.close()


def test_a_password_field_keeps_its_keys(qtbot: QtBot, hands: Hands) -> None:
    field = QLineEdit()
    field.setEchoMode(QLineEdit.EchoMode.Password)
    window = _shown(qtbot, field)
    hands.scan("correct horse")
    assert hands.scans == []
    assert field.text() == "correct horse"
    window.close()


def test_a_badge_is_a_scan_even_where_a_password_is_typed(qtbot: QtBot, hands: Hands) -> None:
    """Else it would be tried as a password, and the wrong try counted."""
    hands.use(ScannerSettings(prefix="^"), is_badge=lambda read: read == "USR:77")
    field, tried = QLineEdit(), []
    field.setEchoMode(QLineEdit.EchoMode.Password)
    field.returnPressed.connect(lambda: tried.append(field.text()))
    window = _shown(qtbot, field)
    hands.keys("corr")
    hands.scan("^USR:77")
    assert (hands.scans, field.text(), tried) == (["USR:77"], "corr", [])
    hands.scan("USR:77")
    assert (hands.scans, tried) == (["USR:77"], ["corrUSR:77"]), "without the prefix it was typed"
    window.close()


def test_a_key_held_down_is_no_scan(qtbot: QtBot, hands: Hands) -> None:
    field = QLineEdit()
    window = _shown(qtbot, field)
    for _ in range(12):
        hands.now += 30
        QApplication.sendEvent(field, QKeyEvent(QEvent.Type.KeyPress, Key.Key_A, Mod.NoModifier, "a", True))
    hands.enter(30)
    assert hands.scans == []
    assert field.text() == "a" * 12
    window.close()


def test_other_fields_are_given_back_as_well(qtbot: QtBot, hands: Hands) -> None:
    notes, number, choice = QPlainTextEdit("Leave at\nthe door"), QSpinBox(), QComboBox()
    number.setValue(7)
    choice.addItems(["Alpha", "Beta", "1 Gamma"])
    windows = []
    for widget in (notes, number, choice):
        windows.append(_shown(qtbot, widget))
        hands.scan("10LOT42")
    assert hands.scans == ["10LOT42"] * 3
    assert notes.toPlainText() == "Leave at\nthe door"
    assert number.value() == 7
    assert choice.currentText() == "Alpha"


def test_a_key_nobody_takes_is_counted_once(qtbot: QtBot, hands: Hands) -> None:
    button = QPushButton("Ship")
    window = _shown(qtbot, button)
    hands.scan("4812345")
    assert hands.scans == ["4812345"]
    window.close()


def test_a_scan_presses_no_shortcut(qtbot: QtBot, hands: Hands) -> None:
    window = _shown(qtbot, QPushButton("Ship"))
    pressed: list[bool] = []
    QShortcut(QKeySequence("Return"), window).activated.connect(lambda: pressed.append(True))
    hands.scan("4812345")
    assert pressed == []
    assert hands.scans == ["4812345"]
    window.close()


def test_an_endless_burst_is_not_taken_for_a_scan(qtbot: QtBot, hands: Hands) -> None:
    field = QLineEdit()
    window = _shown(qtbot, field)
    hands.scan("7" * 1_200)
    assert hands.scans == []
    assert len(field.text()) == 1_200
    window.close()


def test_a_scan_is_told_as_a_keyboard_sends_it_and_where_nothing_has_the_focus(hands: Hands, qtbot: QtBot) -> None:
    line = QLineEdit()
    window = _shown(qtbot, line)
    handle = window.windowHandle()
    line.clearFocus()
    QApplication.processEvents()
    assert QApplication.focusWidget() is None
    for letter in ("L", "O", "T", "4", "2"):
        QTest.keyClick(handle, letter)
    QTest.keyClick(handle, Key.Key_Return)
    qtbot.waitUntil(lambda: hands.scans == ["LOT42"])
    line.setFocus()
    QTest.keyClick(handle, Key.Key_X)
    assert line.text() == "x"


def test_only_what_has_the_focus_is_watched(qtbot: QtBot, qapp: QApplication) -> None:
    asked = []

    class Counting(Scanner):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's spelling
            asked.append(watched)
            return super().eventFilter(watched, event)

    counting = Counting(qapp)
    window = _shown(qtbot, QLineEdit())
    asked.clear()
    for _ in range(50):
        window.layout().addWidget(QPushButton("Press"))
    QApplication.processEvents()
    assert len(asked) < 20
    counting.stop()


def test_a_text_field_takes_a_number_of_others_and_no_box_and_no_label_of_ours(
    qtbot: QtBot, hands: Hands, make_shell: Callable[..., Shell]
) -> None:
    shell, told = make_shell(), []
    shell.messages.wrong = told.append  # type: ignore[method-assign,assignment]
    hands.scanner.scanned.connect(shell.on_scan)  # type: ignore[union-attr]
    dialog, number, done = DeedDialog(shell.context, shell.desk, "Repair", shell), TextField("Return number"), []
    dialog.body.addWidget(number)
    dialog.press = lambda: done.append(True)  # type: ignore[method-assign]
    dialog.open()
    number.setFocus()
    qtbot.waitUntil(number.line.hasFocus)
    for scanned, stands in (("RMA-7731", "RMA-7731"), ("961201987654", "RMA-7731961201987654")):
        hands.scan(scanned)
        qtbot.waitUntil(lambda stands=stands: number.typed() == stands)  # type: ignore[misc]
    assert told == []
    for scanned in (UDI, "LOC:A-01"):
        hands.scan(scanned)
    qtbot.waitUntil(lambda: len(told) == 2)
    assert "Nothing is scanned here" in told[0]
    assert number.typed() == "RMA-7731961201987654"
    dialog.save_button.setFocus()
    hands.scan("RMA-7732")
    qtbot.waitUntil(lambda: len(told) == 3)
    assert done == [], "the scan's Enter presses nothing"
    dialog.reject()


def test_on_a_screen_a_text_field_takes_a_number_that_nobody_knows(
    qtbot: QtBot, hands: Hands, make_shell: Callable[..., Shell]
) -> None:
    shell = make_shell()
    hands.scanner.scanned.connect(shell.on_scan)  # type: ignore[union-attr]
    shell.go("patients")
    screen, member = shell.screen_in_front, TextField("Member id")
    assert screen is not None
    member.setParent(screen)
    member.show()
    member.setFocus()
    qtbot.waitUntil(member.line.hasFocus)
    hands.scan("W1234567")
    qtbot.waitUntil(lambda: member.typed() == "W1234567")
    assert not shell.messages.feedback.isVisible()
