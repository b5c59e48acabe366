"""The key of an encrypted database: 32 random bytes, wrapped by phrases people know, kept in the system's key store.

Beside the database lies a key file (``pharmacy.key``). It holds the key only as each phrase wraps it (Argon2id, RFC
9106), so that a copy on a new machine opens with a phrase alone. The bare key is nowhere but in the system's key store
(Windows Credential Locker, macOS Keychain, Secret Service) and, while the program runs, in memory. RELIABILITY G4, F5.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from infusion_desktop.database.driver import opens_with
from infusion_desktop.errors import Refused
from infusion_desktop.files import read_part, write_whole

KEY_BYTES = 32
PLAIN_HEADER = b"SQLite format 3\x00"
SHORTEST_PHRASE = 12
LARGEST = 100_000
"""Bytes of a key file; a cut one cannot be read."""
LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Of recovery phrases: none that is read as another one."""
GROUPS, GROUP = 6, 4

MEMORY_KIB, PASSES, LANES = 65_536, 3, 4
"""Argon2id's cost for a phrase: RFC 9106's second recommendation."""

_SERVICE = "Infusion Desktop"


@dataclass(frozen=True, slots=True)
class Wrap:
    """One key as one phrase wraps it: ``wrapped`` is the key under a pad that nothing else uses, ``proof`` its seal.

    ``mark`` says which key it is, without telling it.
    """

    mark: str
    salt: str
    wrapped: str
    proof: str
    memory_kib: int
    passes: int
    lanes: int


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What lies beside an encrypted database. ``name`` tells the key store which key is meant.

    While a key is being changed there are wraps of both keys; what opens the database is the right one.
    """

    name: str
    wraps: tuple[Wrap, ...]


class KeyStore(Protocol):
    """Where the system keeps secrets of the person who is logged in."""

    def get_password(self, service: str, username: str) -> str | None:
        """The secret, or None."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a secret."""

    def delete_password(self, service: str, username: str) -> None:
        """Forget it."""


def is_encrypted(file: Path) -> bool:
    """Whether a database file that exists is encrypted; False for one that is missing or empty."""
    try:
        with file.open("rb") as opened:
            start = opened.read(len(PLAIN_HEADER))
    except FileNotFoundError:
        return False
    return bool(start) and start != PLAIN_HEADER


def key_file_of(database: Path) -> Path:
    """Where a database's key file is."""
    return database.with_suffix(".key")


def recovery_phrase() -> str:
    """A new phrase to write down: six groups of four letters (117 bits)."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))


def new_key_file(key: bytes, phrases: Iterable[str]) -> KeyFile:
    """A key file in which each phrase wraps the key; Refused when a phrase is too short."""
    return KeyFile(secrets.token_hex(8), tuple(wrap(key, phrase) for phrase in phrases))


def wrap(key: bytes, phrase: str) -> Wrap:
    """The key under a phrase."""
    if len(_plain(phrase)) < SHORTEST_PHRASE:
        raise Refused(f"A passphrase has at least {SHORTEST_PHRASE} characters. A sentence of a few words is easiest.")
    salt = secrets.token_bytes(16)
    pad, seal = _stretch(phrase, salt, MEMORY_KIB, PASSES, LANES)
    wrapped = bytes(a ^ b for a, b in zip(key, pad, strict=True))
    proof = hmac.digest(seal, wrapped, hashlib.sha256)
    return Wrap(mark_of(key), salt.hex(), wrapped.hex(), proof.hex(), MEMORY_KIB, PASSES, LANES)


def mark_of(key: bytes) -> str:
    """What tells one key from another and gives neither away."""
    return hmac.digest(key, b"infusion desktop key", hashlib.sha256).hex()[:16]


def unwrap(kept: KeyFile, phrase: str) -> tuple[bytes, ...]:
    """The keys this phrase opens (two while a key is being changed); Refused when it opens none."""
    found = []
    for each in kept.wraps:
        pad, seal = _stretch(phrase, bytes.fromhex(each.salt), each.memory_kib, each.passes, each.lanes)
        wrapped = bytes.fromhex(each.wrapped)
        if hmac.compare_digest(hmac.digest(seal, wrapped, hashlib.sha256).hex(), each.proof):
            found.append(bytes(a ^ b for a, b in zip(wrapped, pad, strict=True)))
    if not found:
        raise Refused("This is not the passphrase or recovery phrase of the database. Type it again.")
    return tuple(found)


def read_key_file(database: Path) -> KeyFile:
    """The key file beside a database; Refused with what to do when it is missing or spoilt."""
    file = key_file_of(database)
    try:
        written = json.loads(read_part(file, LARGEST).decode())
        wraps = tuple(Wrap(**each) for each in written["wraps"])
        if not wraps or not re.fullmatch("[0-9a-f]{16}", written["name"]):
            raise ValueError
        for each in wraps:
            sound = len(bytes.fromhex(each.wrapped)) == KEY_BYTES and len(bytes.fromhex(each.salt)) == 16
            if not (sound and 8 <= each.memory_kib <= 1 << 21 and 1 <= each.passes <= 20 and 1 <= each.lanes <= 16):
                raise ValueError
        return KeyFile(written["name"], wraps)
    except FileNotFoundError:
        raise Refused(
            f"{database} is either damaged, or encrypted and its key file {file} is missing. Bring the key file back "
            "from the folder of copies; it lies there beside each copy. Was it never encrypted: go back to the newest "
            "copy, with the command infusion-desktop restore FILE."
        ) from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Refused(
            f"The key file {file} cannot be read ({type(error).__name__}). Bring it back from the folder of copies."
        ) from None


def write_key_file(database: Path, kept: KeyFile) -> None:
    """Keep a key file beside a database, whole or not at all, readable by its owner only."""
    file = key_file_of(database)
    write_whole(file, as_text(kept).encode())
    file.chmod(0o600)


def as_text(kept: KeyFile) -> str:
    """A key file as it is written."""
    wraps = [{name: getattr(each, name) for name in Wrap.__slots__} for each in kept.wraps]
    return json.dumps({"name": kept.name, "wraps": wraps}, indent=1)


def system_store() -> KeyStore | None:
    """The system's key store; None where it has none that works (a Linux without a Secret Service)."""
    import keyring

    store: KeyStore = keyring.get_keyring()
    if getattr(store, "priority", 0) < 1:
        return None
    try:
        store.get_password(_SERVICE, "trial")
    except Exception:  # Each system's store has errors of its own.
        return None
    return store


def remember(store: KeyStore, name: str, key: bytes) -> None:
    """Keep a key in the store; Refused when the store will not."""
    try:
        store.set_password(_SERVICE, name, key.hex())
    except Exception as error:
        raise Refused(
            f"The system's key store did not take the key ({type(error).__name__}). Use a passphrase instead."
        ) from None


def remembered(store: KeyStore | None, name: str) -> bytes | None:
    """The key the store keeps under a name; None when it has none, or does not answer."""
    if store is None:
        return None
    try:
        found = store.get_password(_SERVICE, name)
        return bytes.fromhex(found) if found else None
    except Exception:
        return None


def find_key(file: Path, kept: KeyFile, phrase: str = "", store: KeyStore | None = None) -> bytes | None:
    """The key that opens a database file: the store's, or the phrase's; None when a phrase must be asked for.

    Refused when the phrase is wrong, or right and of another file.
    """
    for name in (kept.name, coming(kept.name)):
        key = remembered(store, name)
        if key is not None and opens_with(file, key):
            return key
    if not phrase:
        return None
    for key in unwrap(kept, phrase):
        if opens_with(file, key):
            return key
    raise Refused("The phrase is right, but its key does not open this file. Bring back the newest copy.")


def settle(database: Path, key: bytes, store: KeyStore | None) -> None:
    """The key that opened the database is the only one from now on: what was kept for a change is forgotten."""
    kept = read_key_file(database)
    ours = tuple(each for each in kept.wraps if each.mark == mark_of(key))
    if ours and ours != kept.wraps:
        write_key_file(database, replace(kept, wraps=ours))
    if remembered(store, coming(kept.name)) is not None and store is not None:
        with suppress(Exception):  # Found under the other name, too, where the store is locked now.
            remember(store, kept.name, key)
            store.delete_password(_SERVICE, coming(kept.name))


def coming(name: str) -> str:
    """Under which name the store keeps a key that is about to replace another."""
    return f"{name}-coming"


def _plain(phrase: str) -> str:
    """A phrase as it is stretched: a recovery phrase may be typed in small letters and with other dividers."""
    squeezed = re.sub(r"[\s\-–—]", "", phrase).upper()
    if len(squeezed) == GROUPS * GROUP and set(squeezed) <= set(LETTERS):
        return squeezed
    return " ".join(phrase.split())


def _stretch(phrase: str, salt: bytes, memory_kib: int, passes: int, lanes: int) -> tuple[bytes, bytes]:
    from argon2.low_level import Type, hash_secret_raw

    stretched = hash_secret_raw(
        _plain(phrase).encode(), salt, time_cost=passes, memory_cost=memory_kib, parallelism=lanes,
        hash_len=2 * KEY_BYTES, type=Type.ID,
    )  # fmt: skip
    return stretched[:KEY_BYTES], stretched[KEY_BYTES:]
