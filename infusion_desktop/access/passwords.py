"""Passwords as Argon2id hashes; about a quarter of a second each, so never on the window's thread."""

from typing import TYPE_CHECKING

from infusion_desktop.errors import Refused

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 10


def hash_password(password: str) -> str:
    """The Argon2id hash to keep; Refused when the password is too short."""
    if len(password) < SHORTEST:
        raise Refused(f"A password has at least {SHORTEST} characters. A sentence of a few words is easiest.")
    return _hasher().hash(password)


def hash_pin(pin: str) -> str:
    """The Argon2id hash of a PIN; its few digits are guarded by the wait after wrong tries."""
    return _hasher().hash(pin)


def is_password(kept_hash: str, password: str) -> bool:
    """Whether this is the password the hash was made from; no hash (nobody of that name) takes as long to refuse."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(kept_hash or _NOBODY, password) and bool(kept_hash)
    except (VerificationError, InvalidHashError):
        return False


def read_hasher() -> None:
    """Import what passwords are checked with, before anybody waits for it."""
    _hasher()


def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()


_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$K4rTfQ2Gr1i3YkXqS1cX7cYh0fZrPqQ9h9d1nq3C1hE"
