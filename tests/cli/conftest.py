"""The command line as a person meets it: what is printed, what goes to standard error, and the exit code."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from infusion_desktop.cli import main
from infusion_desktop.database.engine import Place


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on a database, with a home folder of the test's own. Nobody ever sees a traceback."""
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path / "home"))

    def command(database: object, *words: object) -> Ended:
        code = main(["--database", str(database), *map(str, words)])
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        return Ended(code, told.out, told.err)

    return command


@pytest.fixture
def pharmacy(one_demonstration: Place) -> str:
    """The address of a demonstration that a test may change."""
    return one_demonstration.address
