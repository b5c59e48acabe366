"""Each window loads no more than it shows: the sign-in nearly nothing, the first screen only its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.pharmacy import save_profile
from infusion_desktop.database.engine import Place
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.setting_up import EXAMPLE

ROOT = Path(__file__).resolve().parent.parent
NOT_AT_START = (
    "alembic", "reportlab", "biip", "psycopg", "xlsxwriter", "openpyxl", "pypdfium2", "zxingcpp",
    "sqlalchemy.dialects.postgresql", "infusion_desktop.billing.rules", "infusion_desktop.edi",
    "infusion_desktop.demonstration", "infusion_desktop.deliveries.plans.planning", "reports",
    "infusion_desktop.stock.scanning.scans",
)  # fmt: skip
AT_THE_FIRST_SCREEN = """
import runpy, sys
runpy.run_module("benchmarks.usable_window", run_name="__main__")
print([name for name in {names!r} if name in sys.modules])
"""
NOT_AT_SIGN_IN = ("sqlalchemy", "asyncio", "argon2", "keyring", "infusion_desktop.schema", "infusion_desktop.program")
OUR_MODULES_AT_SIGN_IN = 45
AT_SIGN_IN = """
import builtins, sys
from infusion_desktop.application import Place, QApplication, Started, load_settings
qt, settings = QApplication([]), load_settings()
started = Started(qt, settings, Place.of(settings.database))
assert builtins.__import__ is builtins.__orig_import__, "PySide reads every module's source"
assert started.door.isVisible() and started.door.username.line.isEnabled()
print([name for name in {names!r} if name in sys.modules])
print(sum(name.startswith("infusion_desktop") for name in sys.modules))
"""


def test_the_sign_in_window_needs_no_table(home: dict[str, str]) -> None:
    needless, ours = _printed(AT_SIGN_IN.format(names=NOT_AT_SIGN_IN), home)
    assert needless == "[]"
    assert int(ours) <= OUR_MODULES_AT_SIGN_IN


def test_the_first_screen_loads_no_library_it_does_not_need(home: dict[str, str]) -> None:
    assert _printed(AT_THE_FIRST_SCREEN.format(names=NOT_AT_START), home)[-1] == "[]"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The surroundings of a program whose pharmacy is set up."""
    database = open_pharmacy(Place.of(str(tmp_path / "pharmacy.db")))
    user = add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    save_profile(database, EXAMPLE, user)
    database.close()
    return {**os.environ, "INFUSION_DESKTOP_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}


def _printed(program: str, home: dict[str, str]) -> list[str]:
    started = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=home, capture_output=True, text=True)
    assert started.returncode == 0, started.stderr
    return started.stdout.splitlines()
