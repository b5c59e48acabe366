"""A server elsewhere proves who it is and never sees a password in the clear; one that forgets is refused (F8)."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from infusion_desktop.database.engine import Database, Place, open_engine
from infusion_desktop.database.transport import (
    advice,
    is_elsewhere,
    log_settings,
    proven_login,
    refuse_unproven,
)
from infusion_desktop.database.trouble import Unavailable, explain
from infusion_desktop.errors import Refused
from infusion_desktop.opening import open_pharmacy

HERE = ("postgresql:///p", "postgresql://localhost/p", "postgresql://127.0.0.1:5432/p", "postgresql://[::1]/p",
        "postgresql:///p?host=/var/run/postgresql", "postgresql://u:secret@LOCALHOST/p")  # fmt: skip
ELSEWHERE = ("postgresql://db.example.org/p", "postgresql://10.0.0.4/p", "postgresql:///p?host=db.example.org",
             "postgresql://localhost/p?host=db.example.org", "postgresql:///p?hostaddr=10.0.0.4",
             "postgresql://localhost/p?hostaddr=10.0.0.4", "postgresql:///p?host=localhost,db.example.org",
             "postgresql:///p?host=localhost&host=db.example.org", "postgresql:///p?service=pharmacy",
             "postgresql://localhost.example.org/p", "postgresql://127.0.0.1.example.org/p")  # fmt: skip
MODES = ("", "disable", "allow", "prefer", "require", "verify-ca", "VERIFY-FULL", "verify-full ")
LOGINS = ("password", "md5", "gss", "!password", "scram-sha-256,password", "none,password")


def with_option(address: str, option: str) -> str:
    return address + ("&" if "?" in address else "?") + option


@pytest.mark.parametrize("address", ELSEWHERE)
def test_a_server_elsewhere_must_prove_who_it_is(address: str) -> None:
    for mode in MODES:
        asked = with_option(address, f"sslmode={mode}") if mode else address
        with pytest.raises(Refused, match="verify-full"):
            open_engine(Place.of(asked))
        with pytest.raises(Refused, match="verify-full"):
            open_pharmacy(Place.of(asked))
    with pytest.raises(Refused, match="verify-full"):
        open_engine(Place.of(with_option(address, "sslmode=verify-full&sslmode=disable")))
    proven = with_option(address, "sslmode=verify-full")
    open_engine(Place.of(proven)).dispose()
    assert proven_login(make_url(proven)) == {"gssencmode": "disable", "require_auth": "scram-sha-256"}
    for mode in ("prefer", "require", "DISABLE"):
        with pytest.raises(Refused, match="over TLS alone"):
            refuse_unproven(make_url(with_option(proven, f"gssencmode={mode}")))
    for login in LOGINS:
        with pytest.raises(Refused, match="scram-sha-256"):
            refuse_unproven(make_url(with_option(proven, f"require_auth={login}")))


def test_the_driver_is_told_what_a_server_elsewhere_must_prove() -> None:
    engine, told = open_engine(Place.of("postgresql://db.example.org/p?sslmode=verify-full")), {}

    @event.listens_for(engine, "do_connect")
    def look(_dialect: Any, _record: Any, _place: Any, asked: dict[str, Any]) -> None:
        told.update(asked)
        raise RuntimeError("seen")

    with pytest.raises(RuntimeError, match="seen"):
        engine.connect()
    engine.dispose()
    needed = {"sslmode": "verify-full", "require_auth": "scram-sha-256", "gssencmode": "disable"}
    assert {name: told.get(name) for name in needed} == needed


@pytest.mark.parametrize("address", HERE)
def test_a_server_on_this_machine_needs_no_certificate(address: str) -> None:
    open_engine(Place.of(address)).dispose()
    assert not proven_login(make_url(address), {})


@pytest.mark.parametrize("login", ["u:secret@", "u:se?cret/secret@", "u@corp:secret@", ":secret@", "u@", ""])
def test_what_is_remembered_of_a_place_holds_no_login(login: str) -> None:
    address = f"postgresql://{login}db.example.org:5432/p?password=secret"
    assert make_url(address).host == "db.example.org"
    assert Place(address).without_login() == "db.example.org:5432/p"


@pytest.mark.parametrize("name", ["PGHOST", "PGHOSTADDR", "PGSERVICE"])
def test_a_host_named_by_the_environment_counts(name: str) -> None:
    assert is_elsewhere(make_url("postgresql:///p"), {name: "db.example.org"})
    assert not is_elsewhere(make_url("postgresql:///p"), {"PGHOST": "/tmp"})
    assert not is_elsewhere(make_url("postgresql://localhost/p"), {"PGHOST": "db.example.org"})


@pytest.fixture
def switched_off(postgresql_database: Database) -> Iterator[list[str]]:
    """Settings of the server to switch off; all of them are on again afterwards."""
    engine = create_engine(
        postgresql_database.place.url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    names: list[str] = []

    class Off(list[str]):
        def append(self, name: str) -> None:
            names.append(name)
            with engine.connect() as connection:
                connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
                connection.execute(text("SELECT pg_reload_conf()"))
            for _ in range(100):
                with engine.connect() as connection:
                    if connection.execute(text(f"SELECT current_setting('{name}')")).scalar_one() == "off":
                        return
                engine.dispose()

    yield Off()
    with engine.connect() as connection:
        for name in names:
            connection.execute(text(f"ALTER SYSTEM RESET {name}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_forgets_is_refused(postgresql_database: Database, switched_off: list[str], name: str) -> None:
    open_pharmacy(postgresql_database.place).close()
    switched_off.append(name)
    with pytest.raises(Refused, match=f"{name} switched off"):
        open_pharmacy(postgresql_database.place)


def test_a_server_whose_log_quotes_is_told_about(postgresql_database: Database) -> None:
    with postgresql_database.reading() as session:
        told = advice(log_settings(session))
    assert len(told) == 2 and "log_error_verbosity = terse" in told[0]
    assert advice({"log_error_verbosity": "terse", "log_min_error_statement": "panic"}) == ()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"database": "no_such"}, "The database does not exist on the server"),
        ({"username": "nobody"}, "does not accept this user"),
        ({"port": 1}, "cannot be reached"),
    ],
)
def test_who_is_not_let_in_is_told_why(postgresql_server: str, changed: dict[str, Any], said: str) -> None:
    """A server that says no before it knows us gives words alone: they must not sound like a broken network."""
    address = make_url(postgresql_server).set(**changed).render_as_string(hide_password=False)
    with pytest.raises(Unavailable, match=said):
        open_pharmacy(Place.of(address))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("SSL error: certificate verify failed", "does not prove who it is"),
        ("server does not support SSL, but SSL was required", "does not prove who it is"),
        ('authentication method requirement "scram-sha-256" failed: server requested a hashed password', "prove who"),
        ('FATAL:  password authentication failed for user "ada"', "does not accept this user"),
        ("FATAL:  sorry, too many clients already", "out of space or connections"),
        ('FATAL:  too many connections for role "ada"', "out of space or connections"),
        ('FATAL:  too many connections for database "pharmacy"', "out of space or connections"),
        ('FATAL:  permission denied for database "pharmacy"', "does not let this user"),
        ('root certificate file "/home/ada/root.crt" does not exist', "does not prove who it is"),
        ('FATAL:  role "ada" does not exist', "does not accept this user"),
        ('FATAL:  database "pharmacy" does not exist', "does not exist on the server"),
        ("FATAL:  the database system is starting up", "shutting down"),
        ("Connection refused", "cannot be reached"),
        ("server closed the connection unexpectedly\nSSL SYSCALL error: EOF detected", "cannot be reached"),
    ],
)
def test_words_before_a_login_say_what_to_do(words: str, said: str) -> None:
    error = DBAPIError(
        "", {}, psycopg.OperationalError(f"connection failed: connection to server at x failed: {words}")
    )
    assert said in str(explain(error))
    lost = DBAPIError("", {}, psycopg.OperationalError(f"consuming input failed: {words}"))
    assert "cannot be reached" in str(explain(lost)), "who was let in has lost the way to the server"
