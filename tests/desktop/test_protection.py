"""An encrypted pharmacy in the window: the passphrase at the start, a wrong one, the recovery phrase."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.pharmacy import save_profile
from infusion_desktop.application import Started
from infusion_desktop.database import keys
from infusion_desktop.database.encrypting import encrypt
from infusion_desktop.database.engine import Place
from infusion_desktop.database.keys import recovery_phrase
from infusion_desktop.desktop.protect_form import ProtectForm
from infusion_desktop.desktop.welcome.sign_in import SignInWindow
from infusion_desktop.desktop.welcome.unlock import UnlockWindow
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.setting_up import EXAMPLE
from infusion_desktop.settings import load_settings

PHRASE = "a sentence of a few words"


def test_the_passphrase_is_asked_for_and_a_wrong_one_told(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    monkeypatch.setattr(keys, "MEMORY_KIB", 64)
    settings, written = load_settings(), recovery_phrase()
    database = open_pharmacy(Place.of(settings.database))
    save_profile(database, EXAMPLE, add_first_administrator(database, "admin", "Ada Min", "correct horse battery"))
    database.close()
    encrypt(database.place, [PHRASE, written])
    started = Started(qapp, settings, Place.of(settings.database))
    qtbot.waitUntil(lambda: isinstance(started.door, UnlockWindow))
    door: Any = started.door
    qtbot.keyClicks(door.phrase.line, "quite another sentence")
    qtbot.keyClick(door.phrase.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "not the passphrase" in door.banner.text.text())
    assert started.application is None
    qtbot.keyClicks(door.phrase.line, written.lower())
    qtbot.keyClick(door.phrase.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: started.application is not None)
    application = started.application
    assert application is not None
    window = application.window
    assert isinstance(window, SignInWindow)
    qtbot.addWidget(window)
    application.scanner.stop()
    application.idle.stop()
    started.close()
    again = Started(qapp, settings, Place.of(settings.database))
    assert isinstance(again.door, UnlockWindow), "the phrase is asked for before anything else"
    again.door.close()


def test_a_system_that_keeps_keys_is_used_without_asking(qtbot: QtBot) -> None:
    form = ProtectForm()
    qtbot.addWidget(form)
    assert form.phrases() == ()
    form.know_store(True)
    assert form.wanted.value(), "switched on where the platform offers it"
    assert form.phrases() == (form.recovery,)
    assert not form.check(), "the recovery phrase must be written down first"
    form.noted.box.click()
    assert form.check()
