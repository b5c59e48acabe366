"""Which PostgreSQL servers may be used: proven who they are, passwords never sent in the clear, nothing lost (F8)."""

import os
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL

from infusion_desktop.errors import Refused

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
PROVEN_LOGIN = "scram-sha-256"
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
"""Settings of a server without which it forgets, in a power cut, what it said was saved."""
_WHERE = {"host": "PGHOST", "hostaddr": "PGHOSTADDR", "service": "PGSERVICE"}
_NO_KERBEROS = "disable"
"""Where a Kerberos ticket lies about, the driver's library would else encrypt by it and look at no certificate."""
_STRICTER_LOGINS = frozenset({PROVEN_LOGIN, "none"})


def is_elsewhere(url: URL, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether an address may lead to another machine, however it is spelt: in the URL, its options or the environment.

    Several hosts are elsewhere when one of them is; a service file could name any host, so it counts as elsewhere.
    """
    named = {"host": _all(url.host) + _all(url.query.get("host"))}
    named |= {option: _all(url.query.get(option)) for option in ("hostaddr", "service")}
    found = {option: hosts or _all(environment.get(_WHERE[option])) for option, hosts in named.items()}
    hosts = [*found["host"], *found["hostaddr"]]
    return bool(found["service"]) or any(host not in LOCAL_HOSTS and not host.startswith(("/", "@")) for host in hosts)


def refuse_unproven(url: URL, environment: Mapping[str, str] = os.environ) -> None:
    """Refused when a server elsewhere need not prove who it is, or could be let see the password."""
    if not is_elsewhere(url, environment):
        return
    if url.query.get("sslmode") != "verify-full":
        raise Refused(
            "A PostgreSQL server on another machine must prove who it is: add ?sslmode=verify-full&sslrootcert=... "
            "to the database address."
        )
    if url.query.get("gssencmode", _NO_KERBEROS) != _NO_KERBEROS:
        raise Refused(
            "A PostgreSQL server on another machine is spoken to over TLS alone. Take gssencmode out of the database "
            "address."
        )
    if url.query.get("require_auth", PROVEN_LOGIN) not in _STRICTER_LOGINS:
        raise Refused(
            "A PostgreSQL server on another machine must be signed in to with scram-sha-256. Take require_auth out of "
            "the database address."
        )


def proven_login(url: URL, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """What the driver is told beside the address: a server elsewhere speaks TLS and asks for no other proof than SCRAM.

    A client certificate alone ("none") is left to who wrote it into the address.
    """
    if not is_elsewhere(url, environment):
        return {}
    asked = {"gssencmode": _NO_KERBEROS, "require_auth": PROVEN_LOGIN}
    return {name: value for name, value in asked.items() if name not in url.query}


def refuse_forgetful(connection: Any, _record: Any = None) -> None:
    """Refused when a fresh connection's server does not keep what it says it saved."""
    asked = ", ".join(f"current_setting('{name}')" for name in DURABLE)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {asked}")
        found = dict(zip(DURABLE, cursor.fetchone(), strict=True))
    connection.rollback()
    off = [name for name, value in found.items() if value == "off"]
    if off:
        connection.close()
        raise Refused(
            f"The PostgreSQL server has {' and '.join(off)} switched off: a power cut would lose what it said was "
            "saved. Have its administrator switch it on."
        )


_QUIET = {"log_error_verbosity": "terse", "log_min_error_statement": "panic"}


def advice(settings: Mapping[str, str]) -> tuple[str, ...]:
    """What a server's administrator should still set, each as a sentence: otherwise its log quotes patients' data."""
    return tuple(
        f"Its log may quote patients' data: have its administrator set {name} = {wanted}."
        for name, wanted in _QUIET.items()
        if settings.get(name) != wanted
    )


def log_settings(connection: Any) -> dict[str, str]:
    """The settings that ``advice`` looks at, asked of a SQLAlchemy session or connection."""
    from sqlalchemy import text

    return {name: str(connection.execute(text(f"SELECT current_setting('{name}')")).scalar_one()) for name in _QUIET}


def _all(hosts: Any) -> tuple[str, ...]:
    """Every host of a text with commas, or of an option given several times."""
    listed = hosts if isinstance(hosts, tuple) else (hosts or "",)
    return tuple(host.strip().lower() for each in listed for host in each.split(",") if host.strip())
