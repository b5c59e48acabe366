"""Prepared statements straight to a PostgreSQL server: half the time that the driver's cursor takes for a small one.

A cursor waits for each answer in Python; here the driver's library itself waits, and statements stay prepared under
their numbers as long as the connection lives.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.pool import PoolProxiedConnection

_NAMED = re.compile(r"%\((\w+)\)s")


class Answer:
    """What the server answered, asked as a cursor is asked."""

    def __init__(self, driver: Any, result: Any) -> None:
        self._driver = driver
        self._result = result
        self.rowcount: int = result.command_tuples or 0

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows, as the driver reads them."""
        from psycopg.adapt import Transformer

        reader = Transformer(self._driver)
        reader.set_pgresult(self._result)
        rows: list[tuple[Any, ...]] = reader.load_rows(0, self._result.ntuples, tuple)
        return rows

    def close(self) -> None:
        """Nothing is held on the server."""


def ask(connection: Connection, text: str, parameters: Mapping[str, Any]) -> Answer:
    """Run a statement with named parameters as one that is prepared; raises the driver's own errors."""
    driver = connection.connection.driver_connection
    prepared: dict[str, bytes] = connection.info.setdefault("prepared", {})
    asked, names = _numbered(text)
    line = _begun(driver)
    number = prepared.get(text)
    if number is None:
        number = b"%d" % len(prepared)
        _checked(driver, line.prepare(number, asked))
        prepared[text] = number
    return Answer(driver, _checked(driver, line.exec_prepared(number, [_plain(parameters[name]) for name in names])))


def tell(connection: Connection, commands: str) -> None:
    """Run commands without parameters, as many as there are between semicolons, in one round trip."""
    driver = connection.connection.driver_connection
    _checked(driver, _begun(driver).exec_(commands.encode()))


def roll_back(dbapi_connection: PoolProxiedConnection) -> None:
    """End a transaction without effect; what was prepared stays, which the driver's own way would forget."""
    driver = dbapi_connection.driver_connection
    assert driver is not None
    if driver.pgconn.transaction_status:  # IDLE is 0.
        _checked(driver, driver.pgconn.exec_(b"ROLLBACK"))


def _begun(driver: Any) -> Any:
    """The connection's line to the server, within a transaction as the driver would begin it."""
    line = driver.pgconn
    if not line.transaction_status and not driver.autocommit:
        _checked(driver, line.exec_(b"BEGIN"))
    return line


def _checked(driver: Any, result: Any) -> Any:
    if result.status not in _GOOD:
        from psycopg.errors import error_from_result

        raise error_from_result(result, driver.info.encoding)
    return result


_GOOD = frozenset({1, 2})  # Commands and rows, as PostgreSQL's library numbers them.


@lru_cache(1024)
def _numbered(text: str) -> tuple[bytes, tuple[str, ...]]:
    """A statement with its parameters by number, and their names in this order."""
    names: dict[str, int] = {}
    numbered = _NAMED.sub(lambda found: f"${names.setdefault(found[1], len(names) + 1)}", text)
    return numbered.replace("%%", "%").encode(), tuple(names)


def _plain(value: Any) -> bytes | None:
    """A value as the server reads it from text."""
    if value is None:
        return None
    if isinstance(value, str):
        text = value.encode()
        if b"\0" in text:
            raise ValueError("a text holds a character that no server keeps")
        return text
    if value is True or value is False:
        return b"t" if value else b"f"
    if isinstance(value, (int, date, datetime, Decimal)):
        return str(value).encode()
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    raise TypeError(f"{type(value).__name__} cannot be a parameter of a prepared statement")
