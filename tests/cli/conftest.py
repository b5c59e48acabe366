"""The command line as a person meets it: what is printed, what goes to standard error, and the exit code."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from infusion_desktop.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demonstration pharmacy, made once by the command itself in a process of its own."""
    home = tmp_path_factory.mktemp("home")
    done = subprocess.run(
        [sys.executable, "-m", "infusion_desktop", "--database", str(home / "demo.db"), "demo", "--size", "small"],
        env={**os.environ, "INFUSION_DESKTOP_HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Made 12 patients" in done.stdout
    assert "Sign in as admin" in done.stdout
    return home / "demo.db"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on a database, with a home folder of the test's own. Nobody ever sees a traceback."""
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path / "home"))

    def command(database: Path, *words: object) -> Ended:
        code = main(["--database", str(database), *map(str, words)])
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        return Ended(code, told.out, told.err)

    return command


@pytest.fixture
def pharmacy(demonstration: Path, tmp_path: Path) -> Path:
    """A copy of the demonstration that a test may change."""
    file = tmp_path / "pharmacy.db"
    shutil.copy(demonstration, file)
    return file
