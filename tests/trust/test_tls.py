"""A server elsewhere is spoken to by real TLS: who proves who it is is let in, nobody else hears a name (F8).

The server the tests bring speaks no TLS itself, so a TLS end of their own stands before it, as a proxy of a pharmacy's
network may; what libpq checks (the chain, the name, the dates, the login) is the same.
"""

import contextlib
import select as waiting
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from sqlalchemy import select, text

from benchmarks.servers import Server
from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.tables import Staff
from infusion_desktop.database.engine import Place
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.opening import open_pharmacy
from tests.conftest import PASSWORD

NAME = "db.pharmacy.example"
SSL_REQUEST = struct.pack("!II", 8, 80877103)
"""The 8 bytes with which a client asks for TLS (PostgreSQL's protocol, SSLRequest)."""


class TlsEnd:
    """The TLS end before a server: on a port of this machine, with a certificate; or one that speaks no TLS."""

    def __init__(self, behind: str, certificate: trustme.LeafCert | None) -> None:
        self._behind = behind
        self._context = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(self._context)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self.heard = bytearray()
        """What went over the wire towards the server, as anybody between would see it."""
        self.let_in = 0
        threading.Thread(target=self._welcome, daemon=True).start()

    def close(self) -> None:
        self._door.close()

    def _welcome(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._door.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, wire: socket.socket) -> None:
        asked = wire.recv(len(SSL_REQUEST), socket.MSG_WAITALL)
        self.heard += asked
        if asked != SSL_REQUEST or self._context is None:
            wire.sendall(b"N")
            wire.close()
            return
        wire.sendall(b"S")
        tapped, inside = socket.socketpair()
        threading.Thread(target=self._tap, args=(wire, tapped), daemon=True).start()
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as server:
            plain = self._context.wrap_socket(inside, server_side=True)  # Fails when the client does not trust it.
            self.let_in += 1
            server.connect(self._behind)
            with plain:
                _both_ways(plain, server, plain.pending)
        inside.close()

    def _tap(self, wire: socket.socket, tapped: socket.socket) -> None:
        def hear(data: bytes) -> None:
            self.heard += data

        with contextlib.suppress(OSError), wire, tapped:
            _both_ways(wire, tapped, lambda: 0, hear)


def _both_ways(
    one: socket.socket, other: socket.socket, pending: Callable[[], int], hear: Callable[[bytes], None] = lambda _: None
) -> None:
    """Pass on what either end says until one of them has said all."""
    while True:
        ready = [one] if pending() else waiting.select((one, other), (), ())[0]
        for end, target in ((one, other), (other, one)):
            if end in ready:
                data = end.recv(1 << 16)
                if not data:
                    return
                if end is one:
                    hear(data)
                target.sendall(data)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that lets "pharmacist" in by SCRAM alone and "careless" by a password in the clear."""
    made = Server(tmp_path_factory.mktemp("tls"))
    for name in ("pharmacist", "careless"):
        made.run(f"CREATE ROLE {name} SUPERUSER LOGIN PASSWORD 'seven green dressings'")
    made.run("CREATE DATABASE pharmacy")
    rules = made.folder / "pg_hba.conf"
    rules.write_text(f"local all pharmacist scram-sha-256\nlocal all careless password\n{rules.read_text()}")
    made.run("SELECT pg_reload_conf()")
    yield made
    made.close()


@pytest.fixture
def ends(server: Server) -> Iterator[Callable[[trustme.LeafCert | None], TlsEnd]]:
    made: list[TlsEnd] = []

    def make(certificate: trustme.LeafCert | None) -> TlsEnd:
        made.append(TlsEnd(f"{server.url.query['host']}/.s.PGSQL.{server.url.port or 5432}", certificate))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def root(authority: trustme.CA, tmp_path: Path) -> Path:
    """Whom the pharmacy trusts."""
    file = tmp_path / "root.crt"
    authority.cert_pem.write_to_path(str(file))
    return file


def address(end: TlsEnd, root: Path, user: str = "pharmacist") -> str:
    """As an administrator writes it; the name leads to this machine without anybody asked for it."""
    way = f"hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={root}"
    return f"postgresql://{user}:seven green dressings@{NAME}:{end.port}/pharmacy?{way}"


def test_a_server_that_proves_who_it_is_is_worked_with_and_nobody_between_reads_a_word(ends, authority, root) -> None:
    end = ends(authority.issue_cert(NAME))
    place = Place.of(address(end, root))
    database = open_pharmacy(place, "bench-1")
    add_first_administrator(database, "admin", "Ada Canary", PASSWORD)
    with database.reading() as session:
        assert session.scalar(select(Staff.name)) == "Ada Canary"
        assert session.scalar(text("SELECT current_user")) == "pharmacist"
    database.close()
    assert end.let_in > 0 and len(end.heard) > 10_000
    for word in (b"Ada Canary", b"pharmacist", b"seven green", b"SELECT", b"staff"):
        assert word not in end.heard


def expired(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert(
        NAME, not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=datetime(2021, 1, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "certificate",
    [
        lambda _authority: trustme.CA().issue_cert(NAME),
        lambda authority: authority.issue_cert("db.elsewhere.example"),
        lambda authority: authority.issue_cert("127.0.0.1"),
        expired,
        lambda _authority: None,
    ],
    ids=["somebody else vouches", "another name", "the number of the machine", "expired", "no TLS at all"],
)
def test_a_server_that_does_not_prove_who_it_is_is_told_and_hears_nothing(ends, authority, root, certificate) -> None:
    end = ends(certificate(authority))
    with pytest.raises(Unavailable, match="does not prove who it is"):
        open_pharmacy(Place.of(address(end, root)))
    assert bytes(end.heard[:8]) == SSL_REQUEST and b"pharmacist" not in end.heard


def test_a_proven_server_that_asks_for_the_password_in_the_clear_does_not_get_it(ends, authority, root) -> None:
    """Whoever took over the server would have it else."""
    end = ends(authority.issue_cert(NAME))
    with pytest.raises(Unavailable, match="does not prove who it is"):
        open_pharmacy(Place.of(address(end, root, "careless")))
    assert end.let_in > 0


def test_a_wrong_password_and_a_missing_root_are_told_apart(ends, authority, root, tmp_path) -> None:
    end = ends(authority.issue_cert(NAME))
    with pytest.raises(Unavailable, match="does not accept this user or password"):
        open_pharmacy(Place.of(address(end, root).replace("green", "red")))
    with pytest.raises(Unavailable, match="does not prove who it is"):
        open_pharmacy(Place.of(address(end, tmp_path / "nowhere.crt")))
