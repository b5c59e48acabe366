"""Each window loads no more than it shows: the sign-in nearly nothing, the first screen only its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.pharmacy import save_profile
from infusion_desktop.database.engine import Place
from infusion_desktop.desktop.welcome.last_opened import LastOpened
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.setting_up import EXAMPLE

ROOT = Path(__file__).resolve().parent.parent
NOT_AT_START = (
    "alembic", "reportlab", "biip", "psycopg", "xlsxwriter", "openpyxl", "pypdfium2", "zxingcpp",
    "sqlalchemy.dialects.postgresql", "infusion_desktop.billing.rules", "infusion_desktop.edi",
    "infusion_desktop.demonstration", "infusion_desktop.deliveries.plans.planning", "reports",
    "infusion_desktop.stock.scanning.scans", "infusion_desktop.stock.ledger", "infusion_desktop.deliveries.steps",
    "infusion_desktop.schema", "infusion_desktop.deliveries.queries", "infusion_desktop.billing.queries",
    "infusion_desktop.billing.money.money_tables", "infusion_desktop.access.anchors",
    "infusion_desktop.desktop.deed_dialog", "infusion_desktop.desktop.lock_cover",
)  # fmt: skip
MADE_BY_QT = """
import enum
def of_classes(kind=enum.Enum):
    return {kind.__qualname__.partition(".")[0]}.union(*map(of_classes, kind.__subclasses__()))
"""
"""Of which classes of Qt the enumerations were made: PySide makes them with the class, when it is first asked for.

A part of a widget that Qt made and Python never saw makes them for every kind of widget there is.
"""
A_LIST = f"""{MADE_BY_QT}
from PySide6.QtWidgets import QApplication
from infusion_desktop.desktop import theme
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
qt = QApplication([])
theme.install(qt, dark=False)
rows = TableView([Column("Number", str)], int, name="Numbers")
rows.set_rows(range(100))
rows.show()
qt.processEvents()
assert rows.shown_columns()
print("QWidget" in of_classes(), "QWizard" in of_classes())
"""
AT_THE_FIRST_SCREEN = f"""
import runpy, sys
runpy.run_module("benchmarks.usable_window", run_name="__main__")
print([name for name in {NOT_AT_START!r} if name in sys.modules])
"""
NOT_AT_SIGN_IN = (
    "sqlalchemy", "asyncio", "argon2", "keyring", "sqlcipher3", "psycopg", "infusion_desktop.schema",
    "infusion_desktop.program",
)  # fmt: skip
ON_A_SERVER = "postgresql://pharmacy:secret@localhost:1/nobody-answers-here"
OUR_MODULES_AT_SIGN_IN = 32
MAPPED_AT_THE_FIRST_SCREEN = 8
READ_AHEAD = """
from infusion_desktop.database.types import Table
from infusion_desktop.program import read_ahead
read_ahead()
print(len(Table.metadata.tables))
"""
MAPPED_BY_MANY_AT_ONCE = """
import random, sys, threading
from sqlalchemy import select
from infusion_desktop.database.types import Table
from infusion_desktop.database.when_asked import declared
from infusion_desktop.schema import metadata
assert not Table.metadata.tables
sys.setswitchinterval(1e-5)
together, wrong = threading.Barrier(8), []

def ask(turn):
    names = sorted(declared)
    random.Random(turn).shuffle(names)
    together.wait()
    for name in names:
        try:
            assert select(declared[name]).selected_columns.keys() == declared[name].__table__.columns.keys()
        except Exception as error:
            wrong.append(f"{name}: {error!r}")

threads = [threading.Thread(target=ask, args=(turn,)) for turn in range(8)]
[each.start() for each in threads], [each.join() for each in threads]
print(wrong)
print(len(declared) == len(metadata().tables) > 100)
"""
AT_SIGN_IN = (
    MADE_BY_QT
    + """
import builtins, sys
from infusion_desktop.application import Place, QApplication, Started, load_settings, theme
qt, settings = QApplication(['', *theme.QT_OPTIONS]), load_settings()
started = Started(qt, settings, Place.of(%r or settings.database))
assert builtins.__import__ is builtins.__orig_import__, "PySide reads every module's source"
assert started.door.isVisible() and started.door.username.line.isEnabled()
print([name for name in %r if name in sys.modules])
print(sum(name.startswith("infusion_desktop") for name in sys.modules))
print("QWidget" in of_classes(), "QStyle" in of_classes())
"""
)


@pytest.mark.parametrize("address", ["", ON_A_SERVER])
def test_the_sign_in_window_needs_no_table_and_no_server(home: dict[str, str], address: str, tmp_path: Path) -> None:
    if address:
        _opened_before(tmp_path, Place.of(address))
    needless, ours, of_qt = _printed(AT_SIGN_IN % (address, NOT_AT_SIGN_IN), home)
    assert needless == "[]"
    assert of_qt == "True False"
    assert int(ours) <= OUR_MODULES_AT_SIGN_IN


def test_the_first_screen_loads_no_library_it_does_not_need(home: dict[str, str]) -> None:
    assert _printed(AT_THE_FIRST_SCREEN, home)[-1] == "[]"


def test_a_list_makes_python_see_no_kind_of_widget_that_it_does_not_have(home: dict[str, str]) -> None:
    assert _printed(A_LIST, home) == ["True False"]


def test_the_first_screen_maps_the_tables_it_asks_for(home: dict[str, str]) -> None:
    assert 0 < int(_printed(READ_AHEAD, home)[-1]) <= MAPPED_AT_THE_FIRST_SCREEN


def test_a_table_is_whole_for_whoever_asks_first(home: dict[str, str]) -> None:
    assert _printed(MAPPED_BY_MANY_AT_ONCE, home) == ["[]", "True"]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The surroundings of a program that was started before."""
    database = open_pharmacy(Place.of(str(tmp_path / "pharmacy.db")))
    user = add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    save_profile(database, EXAMPLE, user)
    database.close()
    _opened_before(tmp_path, database.place)
    return {**os.environ, "INFUSION_DESKTOP_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}


def _opened_before(home: Path, place: Place) -> None:
    own = QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)
    LastOpened(own).keep(place, EXAMPLE.name)
    own.sync()


def _printed(program: str, home: dict[str, str]) -> list[str]:
    started = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=home, capture_output=True, text=True)
    assert started.returncode == 0, started.stderr
    return started.stdout.splitlines()
