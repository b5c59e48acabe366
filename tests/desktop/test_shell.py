"""The window: who may go where, what opens what, what is loaded when, and what a scan does."""

import subprocess
import sys
import threading
from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QVBoxLayout
from pytestqt.qtbot import QtBot

from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.idle import IdleWatch
from infusion_desktop.desktop.places import Command, Hit
from infusion_desktop.desktop.question import Answer, Question
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.errors import Refused, Warned
from tests.desktop.conftest import LotsScreen, PlainScreen

Make = Callable[..., Shell]


def test_the_rail_offers_what_the_role_includes(make_shell: Make) -> None:
    shell = make_shell()
    assert {"patients", "stock", "claims"} <= set(shell.rail.buttons)


def test_screens_are_made_when_first_opened_and_kept(make_shell: Make, qtbot: QtBot) -> None:
    shell = make_shell()
    assert shell.screen_in_front is None
    shell.rail.buttons["stock"].click()
    stock = shell.screen_in_front
    assert isinstance(stock, LotsScreen)
    shell.go("patients")
    shell.go("stock")
    assert shell.screen_in_front is stock
    assert stock.loads == 1
    assert shell.windowTitle() == "Stock – Infusion Desktop"
    assert shell.rail.buttons["stock"].isChecked()


def test_nothing_flashes_up_while_a_screen_is_made(make_shell: Make, stray_windows: list[str], qtbot: QtBot) -> None:
    shell = make_shell()
    shell.go("stock")
    stock = shell.screen_in_front
    assert isinstance(stock, LotsScreen)
    qtbot.waitUntil(lambda: len(stock.table.model.shown) > 0)
    assert stray_windows == []


def test_alt_and_a_digit_go_to_a_place_and_back_returns(make_shell: Make, qtbot: QtBot) -> None:
    shell = make_shell()
    qtbot.keyClick(shell, Qt.Key.Key_4, Qt.KeyboardModifier.AltModifier)
    assert isinstance(shell.screen_in_front, LotsScreen)
    qtbot.keyClick(shell, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert isinstance(shell.screen_in_front, PlainScreen)
    shell.back.click()
    assert isinstance(shell.screen_in_front, LotsScreen)
    assert not shell.back.isEnabled()


def test_a_screen_opens_a_record_without_knowing_the_other_screen(make_shell: Make) -> None:
    shell = make_shell()
    shell.go("stock")
    assert shell.screen_in_front is not None
    shell.screen_in_front.desk.open("patient", 12)
    patients = shell.screen_in_front
    assert isinstance(patients, PlainScreen)
    assert patients.seen == [("patient", 12)]
    shell.open("unknown kind", 1)
    assert "no place" in shell.banner.text.text()


def test_what_changed_is_loaded_now_in_front_and_later_behind(make_shell: Make) -> None:
    shell = make_shell()
    shell.go("stock")
    stock = shell.screen_in_front
    shell.go("patients")
    patients = shell.screen_in_front
    assert isinstance(stock, LotsScreen)
    assert isinstance(patients, PlainScreen)
    shell.changes.announce("patients")
    assert (patients.loads, stock.loads) == (2, 1)
    shell.changes.announce("stock")
    assert stock.loads == 1
    shell.go("stock")
    assert stock.loads == 2


def test_f5_loads_again_and_ctrl_f_goes_to_the_filter(make_shell: Make, qtbot: QtBot) -> None:
    shell = make_shell()
    shell.go("stock")
    stock = shell.screen_in_front
    assert isinstance(stock, LotsScreen)
    qtbot.keyClick(shell, Qt.Key.Key_F5)
    assert stock.loads == 2
    qtbot.keyClick(shell, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.focusWidget() is stock.table.filter


def test_f1_says_what_the_screen_is_for(make_shell: Make, qtbot: QtBot) -> None:
    shell = make_shell()
    shell.go("stock")
    asked: list[Question] = []
    shell.messages.ask = lambda question, _answered, _parent: asked.append(question)
    qtbot.keyClick(shell, Qt.Key.Key_F1)
    assert asked[0].sentences[0] == LotsScreen.help


def test_ctrl_k_finds_commands_at_once_and_records_off_the_windows_thread(make_shell: Make, qtbot: QtBot) -> None:
    threads: list[int] = []

    def search(typed: str) -> list[Hit]:
        threads.append(threading.get_ident())
        return [Hit(f"Patient {typed}", "born Mar 3, 1950", "patient", "patient", 12)]

    shell = make_shell(searches=[search])
    shell.go("stock")
    qtbot.keyClick(shell, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    field = shell.command_field
    assert "Go to Claims" in field.offers()
    qtbot.keyClicks(field, "lov")
    qtbot.waitUntil(lambda: field.offers() == ["Patient lov"])
    assert threads[0] != threading.get_ident()
    qtbot.keyClick(field, Qt.Key.Key_Return)
    patients = shell.screen_in_front
    assert isinstance(patients, PlainScreen)
    assert patients.seen == [("patient", 12)]
    assert not field.popup.isVisible()


def test_a_command_is_done_by_its_name_and_only_by_who_may(make_shell: Make, qtbot: QtBot) -> None:
    done: list[str] = []
    commands = [
        Command("Back up now", lambda: done.append("backup"), "save", permission="back up"),
        Command("Receive a box", lambda: done.append("receive"), "box"),
    ]
    shell = make_shell(commands=commands)
    shell.command_field.start()
    assert "Back up now" not in shell.command_field.offers()
    qtbot.keyClicks(shell.command_field, "box rec")
    qtbot.keyClick(shell.command_field, Qt.Key.Key_Return)
    assert done == ["receive"]


def test_a_scan_goes_to_the_screen_or_opens_what_it_names(make_shell: Make, qtbot: QtBot) -> None:
    shell = make_shell(name_scans=[lambda raw: Hit("Ann", "", "patient", "patient", 7) if raw == "PT7" else None])
    shell.go("stock")
    stock = shell.screen_in_front
    assert isinstance(stock, LotsScreen)
    stock.uses_scans = True
    shell.on_scan("LOT42")
    assert stock.scans == ["LOT42"]
    stock.uses_scans = False
    shell.on_scan("PT7")
    qtbot.waitUntil(lambda: isinstance(shell.screen_in_front, PlainScreen))
    shell.messages.beep = lambda: None
    shell.on_scan("unknown")
    qtbot.waitUntil(lambda: "Nothing here is known" in shell.messages.feedback.text.text())
    shell.on_scan("+A999BROKEN")
    qtbot.waitUntil(lambda: "its check character is wrong" in shell.messages.feedback.text.text())


def test_a_scan_while_a_dialog_is_open_is_answered(make_shell: Make, qtbot: QtBot) -> None:
    shell = make_shell()
    shell.messages.beep = lambda: None
    for dialog, told in (
        (QDialog(shell), "Answer this or close it"), (DeedDialog(shell.context, shell.desk, "A deed", shell), "Finish"),
    ):  # fmt: skip
        dialog.open()
        qtbot.waitUntil(lambda dialog=dialog: QApplication.activeModalWidget() is dialog)  # type: ignore[misc]
        shell.on_scan("LOT42")
        assert f"Nothing is scanned here. {told}" in shell.messages.feedback.text.text()
        dialog.reject()


def test_a_deed_is_announced_said_and_asked_about(make_shell: Make, qtbot: QtBot) -> None:
    shell = make_shell()
    shell.go("stock")
    stock = shell.screen_in_front
    assert isinstance(stock, LotsScreen)
    shell.messages.ask = lambda _question, answered, _parent: answered(Answer(True, "asked the physician"))
    heard: list[str] = []

    def deed(override: str) -> int:
        if not override:
            raise Warned("The lot expires in 9 days.")
        heard.append(override)
        return 3

    stock.do(deed, changed=["stock"], said=lambda count: f"Received {count} lots.")
    qtbot.waitUntil(shell.messages.toast.isVisible)
    assert heard == ["asked the physician"]
    assert shell.messages.toast.text.text() == "Received 3 lots."
    assert stock.loads == 2


def test_a_refused_deed_stays_on_its_page_and_frees_the_button(make_shell: Make, qtbot: QtBot) -> None:
    shell = make_shell()
    shell.go("stock")
    stock = shell.screen_in_front
    assert isinstance(stock, LotsScreen)

    def refuse(_override: str) -> None:
        raise Refused("Lot A12 expired.")

    stock.do(refuse, changed=["stock"], pressed=stock.table.export_button)
    assert not stock.table.export_button.isEnabled()
    qtbot.waitUntil(stock.table.export_button.isEnabled)
    assert stock.loads == 1


def test_only_the_newest_answer_is_shown(make_shell: Make, qtbot: QtBot) -> None:
    shell = make_shell()
    shell.go("patients")
    screen, slow, shown = shell.screen_in_front, threading.Event(), []
    assert screen is not None
    screen.ask(lambda: slow.wait(300) and "old", shown.append, "list")
    screen.ask(lambda: "new", shown.append, "list")
    qtbot.waitUntil(lambda: shown == ["new"])
    slow.set()
    qtbot.waitUntil(lambda: not shell.jobs.running)
    assert shown == ["new"]


def test_the_lock_covers_an_open_dialog_and_keeps_what_was_typed(make_shell: Make, qtbot: QtBot) -> None:
    shell = make_shell(is_password_right=lambda typed: typed == "right")
    shell.go("stock")
    dialog = QDialog(shell)
    field = QLineEdit(dialog)
    QVBoxLayout(dialog).addWidget(field)
    dialog.open()
    field.setText("half an entry")
    shell.lock()
    cover = shell.cover
    assert cover is not None
    assert cover.geometry().contains(dialog.geometry())
    assert QApplication.activeModalWidget() is cover
    shell.on_scan("4812345")
    cover.close()
    shell.close()
    assert cover.isVisible()
    assert shell.isVisible()
    qtbot.keyClicks(cover.password, "wrong")
    qtbot.keyClick(cover.password, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "not the password" in cover.note.text())
    qtbot.keyClicks(cover.password, "right")
    qtbot.keyClick(cover.password, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shell.cover is None)
    assert dialog.isVisible()
    assert field.text() == "half an entry"
    dialog.close()


def test_locking_without_a_password_check_signs_out(make_shell: Make, qtbot: QtBot) -> None:
    shell = make_shell()
    with qtbot.waitSignal(shell.sign_out_asked):
        shell.lock()


def test_idle_time_locks_then_signs_out_once_each_and_a_key_starts_over(qtbot: QtBot, qapp: QApplication) -> None:
    now, told = [0.0], []
    watch = IdleWatch(qapp, lock_after_s=300, sign_out_after_s=1800, clock=lambda: now[0])
    watch.lock_due.connect(lambda: told.append("lock"))
    watch.sign_out_due.connect(lambda: told.append("out"))
    field = QLineEdit()
    qtbot.addWidget(field)
    field.show()
    field.activateWindow()
    qtbot.waitUntil(field.hasFocus)
    for second in (299, 300, 301, 900, 1800, 1801):
        now[0] = second
        watch.look()
    assert told == ["lock", "out"]
    QTest.keyClick(field.windowHandle(), Qt.Key.Key_A)  # As a key comes: it reaches the window first.
    assert field.text() == "a"
    now[0] += 299
    watch.look()
    assert told == ["lock", "out"]
    QTest.mouseMove(field.windowHandle(), QPoint(3, 3))
    now[0] += 299
    watch.look()
    assert told == ["lock", "out"]
    now[0] += 2
    watch.look()
    assert told == ["lock", "out", "lock"]
    watch.stop()


def test_the_window_remembers_its_size_and_rail(make_shell: Make) -> None:
    first = make_shell()
    first.resize(900, 640)
    first.rail.fold.click()
    first.close()
    second = make_shell()
    assert second.height() == 640
    assert not second.rail.is_wide


def test_a_folded_group_stays_folded_and_opens_for_a_place_in_it(make_shell: Make) -> None:
    first = make_shell()
    group = next(name for name in first.rail._groups if name)
    inside = first.rail._groups[group].places
    first.rail._groups[group].caption.click()
    assert not any(place.isVisibleTo(first.rail) for place in inside)
    first.close()
    second = make_shell()
    assert second.rail.folded_groups() == (group,)
    key = next(key for key, place in second.rail.buttons.items() if place in second.rail._groups[group].places)
    second.go(key)
    assert second.rail.buttons[key].isVisibleTo(second.rail)


def test_the_bare_shell_imports_little() -> None:
    parts = "infusion_desktop.desktop.shell, infusion_desktop.desktop.pdf_preview, infusion_desktop.desktop.table_view"
    late = ["reportlab", "pypdfium2", "xlsxwriter", "alembic", "biip", "openpyxl", "zxingcpp", "PySide6.QtPrintSupport"]
    code = f"import sys, {parts}; print([name for name in {late} if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == "[]"
