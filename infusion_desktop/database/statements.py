"""What a statement would do, told from its text: the guards behind triggers and grants ask here.

Quoted text and comments are not looked at, so that a value can neither hide a word nor look like one. A word too many
(a column named "delete") would only be refused once more; a write is never missed because of how it is spelt.
"""

import re
from functools import lru_cache

_SKIPPED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_WRITES = re.compile(
    r"(?<!FOR )(?<!KEY )\b(?:INSERT|UPDATE|DELETE|MERGE|TRUNCATE|COPY|REPLACE INTO)\b", re.IGNORECASE | re.ASCII
)
_TABLE = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM|MERGE INTO)(?: ONLY)? (\w+)", re.IGNORECASE | re.ASCII)
_LOOSENS = re.compile(
    r"(?:^|; ?|\$ ?)(?:ALTER|CREATE|DROP|TRUNCATE|GRANT|REVOKE|REASSIGN|SECURITY|DO|COPY|IMPORT)\b"
    r"|\b(?:session_replication_role|session authorization)\b",
    re.IGNORECASE | re.ASCII,
)


@lru_cache(1024)
def writes(statement: str) -> bool:
    """Whether a statement adds, changes or removes rows, in whatever form: bare, after WITH, in lower case."""
    return _WRITES.search(_plain(statement)) is not None


@lru_cache(1024)
def tables_written(statement: str) -> frozenset[str]:
    """Names of the tables whose rows a statement adds, changes or removes."""
    return frozenset(_TABLE.findall(_plain(statement)))


@lru_cache(1024)
def loosens(statement: str) -> bool:
    """Whether a PostgreSQL statement would change tables, triggers or rights, or switch triggers off."""
    return _LOOSENS.search(_plain(statement)) is not None


def _plain(statement: str) -> str:
    return " ".join(_SKIPPED.sub(" '' ", statement).split())
