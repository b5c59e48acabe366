"""Encrypting a database, or giving it another key: old or new at every moment, never half (RELIABILITY F1, F5)."""

import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from infusion_desktop.database.backup import copies, copy_rekeyed, explained_for, forget, sync_folder
from infusion_desktop.database.engine import CAN_ENCRYPT, Place
from infusion_desktop.database.keys import (
    KEY_BYTES,
    KeyFile,
    KeyStore,
    coming,
    find_key,
    is_encrypted,
    new_key_file,
    read_key_file,
    remember,
    settle,
    write_key_file,
)
from infusion_desktop.database.restoring import close_for_replacing
from infusion_desktop.errors import Refused


def encrypt(place: Place, phrases: Iterable[str], store: KeyStore | None = None) -> Place:
    """Encrypt a database under a new key (again, when it is encrypted already); the place with its key.

    Each phrase opens it from now on, and ``store`` keeps the key so that this person need not type one. Refused while
    another program has the database open. Killed at any moment, the file opens with the old key or the new one, both
    of which the key file holds until the new one has opened the database.
    """
    if not place.is_sqlite:
        raise Refused("A PostgreSQL database is encrypted by its server's disk. See the security page.")
    if not CAN_ENCRYPT:
        raise Refused("This Python has no encrypting SQLite (sqlcipher3). Use Python 3.11 to 3.14.")
    before = read_key_file(place.file) if is_encrypted(place.file) else None
    key = secrets.token_bytes(KEY_BYTES)
    fresh = new_key_file(key, phrases)
    if not fresh.wraps:
        raise Refused("A database is encrypted under at least one phrase.")
    kept = KeyFile(before.name, before.wraps + fresh.wraps) if before is not None else fresh
    staged = place.file.with_name(place.file.name + ".encrypting")
    try:
        with explained_for(place.file):
            close_for_replacing(place)
            copy_rekeyed(place.file, staged, place.key, key)
            write_key_file(place.file, kept)
            if store is not None:
                remember(store, coming(kept.name), key)
            staged.replace(place.file)
            sync_folder(place.file.parent)
    finally:
        forget(staged)
    now = replace(place, key=key)
    settle(place.file, key, store)
    return now


def unlocked(place: Place, phrase: str = "", store: KeyStore | None = None) -> Place | None:
    """The place with the key that opens it: from the store, or from the phrase; None when a phrase must be asked for.

    A place that is not encrypted is returned as it is. Refused when the phrase is wrong or the key file is missing.
    """
    if not place.is_sqlite or not is_encrypted(place.file):
        return place
    key = find_key(place.file, read_key_file(place.file), phrase, store)
    if key is None:
        return None
    if phrase and store is not None:
        with suppress(Refused):  # A store that is locked keeps nobody out who has the phrase.
            remember(store, read_key_file(place.file).name, key)
    settle(place.file, key, store)
    return replace(place, key=key)


def plain_copies(place: Place, folder: Path) -> list[Path]:
    """Copies of this database that are not encrypted; they stay readable until they are removed."""
    return [copy.file for copy in copies(place, folder) if not is_encrypted(copy.file)]
