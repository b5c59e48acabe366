"""The first screen loads no more than it shows."""

import os
import subprocess
import sys
from pathlib import Path

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
)  # fmt: skip
STARTED = """
import runpy, sys
runpy.run_module("benchmarks.usable_window", run_name="__main__")
print([name for name in {names!r} if name in sys.modules])
"""


def test_the_first_screen_loads_no_library_it_does_not_need(tmp_path: Path) -> None:
    database = open_pharmacy(Place.of(str(tmp_path / "pharmacy.db")))
    user = add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    save_profile(database, EXAMPLE, user)
    database.close()
    surroundings = {**os.environ, "INFUSION_DESKTOP_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    started = subprocess.run(
        [sys.executable, "-c", STARTED.format(names=NOT_AT_START)],
        cwd=ROOT, env=surroundings, capture_output=True, text=True,
    )  # fmt: skip
    assert started.returncode == 0, started.stderr
    assert started.stdout.splitlines()[-1] == "[]"
