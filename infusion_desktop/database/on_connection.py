"""The connection a session works on, and what is asked there before a statement runs.

For statements that run on the driver's cursor (prepared.py); the engine asks the same of all others.
"""

from sqlalchemy import Connection
from sqlalchemy.orm import Session

GUARD = "guard"
"""The execution option of a connection: what is asked with it and a statement; it raises where that may not run."""


def connection_of(session: Session) -> Connection:
    """The connection a deed's session works on; SQLAlchemy's own way to it is too long for every statement of a kit.

    Within a part that may be taken back by itself its way is gone: that is where it begins the part.
    """
    if session.in_nested_transaction():
        return session.connection()
    return session.info.get("connection") or session.connection()


def guard(connection: Connection, statement: str) -> None:
    """Ask whether a statement may run, on this connection."""
    asked = connection.get_execution_options().get(GUARD)
    if asked is not None:
        asked(connection, statement)
