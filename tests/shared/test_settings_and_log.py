"""Settings are checked when they are read; the log shows where an error arose but never its text."""

import logging
from pathlib import Path

import pytest

from infusion_desktop.errors import Refused
from infusion_desktop.logs import start_log
from infusion_desktop.settings import load_settings, save_settings


def test_without_a_file_the_defaults_lie_in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    assert load_settings().database == str(tmp_path / "pharmacy.db")


def test_a_saved_setting_is_read_again_and_others_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    save_settings(load_settings(), theme="dark")
    save_settings(load_settings(), database="postgresql://localhost/pharmacy", scanner_prefix='"\\')
    settings = load_settings()
    assert (settings.theme, settings.database) == ("dark", "postgresql://localhost/pharmacy")
    assert settings.scanner_prefix == '"\\'


@pytest.mark.parametrize(
    ("written", "named"), [("databse = 'x'", "databse"), ("theme = 1", "theme"), ("a = [", "cannot be read")]
)
def test_a_wrong_setting_stops_the_start_with_a_sentence(tmp_path: Path, written: str, named: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(written, encoding="utf-8")
    with pytest.raises(Refused, match=named) as refusal:
        load_settings(file)
    assert str(file) in str(refusal.value)


def test_the_log_names_the_error_and_its_place_but_not_its_text(tmp_path: Path) -> None:
    file = start_log(tmp_path)
    try:
        raise ValueError("Jane Roe, born 1950")
    except ValueError:
        logging.getLogger("infusion_desktop.test").exception("a deed was abandoned")
    for handler in list(logging.getLogger("infusion_desktop").handlers):
        handler.close()
        logging.getLogger("infusion_desktop").removeHandler(handler)
    written = file.read_text(encoding="utf-8")
    assert "ValueError" in written
    assert "test_settings_and_log.py" in written
    assert "Roe" not in written
