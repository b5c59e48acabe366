"""The SQLite driver: a current, encrypting SQLite where this Python has one."""

from pathlib import Path

__all__ = ["CAN_ENCRYPT", "opens_with", "sqlite"]

try:  # No wheel exists for Python 3.15 yet.
    from sqlcipher3 import dbapi2 as sqlite

    CAN_ENCRYPT = True
except ImportError:  # pragma: no cover - depends on the platform
    import sqlite3 as sqlite

    CAN_ENCRYPT = False


def opens_with(file: Path, key: bytes | None) -> bool:
    """Whether a SQLite file can be read with this key (None: without one)."""
    connection = sqlite.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    try:
        if key is not None:
            connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # A wrong key fails here.
    except sqlite.DatabaseError:
        return False
    finally:
        connection.close()
    return True
