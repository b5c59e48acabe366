"""The log: what was done, by id and count; never a name, a birth date, a diagnosis or a value of a statement."""

import logging
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class WithoutMessages(logging.Formatter):
    """Shows an exception as its classes and places only: its text may quote a patient's data (RELIABILITY G15)."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's spelling
        return without_words(ei[1])


def _classes_and_places(error: BaseException | None) -> list[str]:
    lines = []
    while error is not None:
        lines.append(f"{type(error).__module__}.{type(error).__qualname__}")
        place = error.__traceback__
        while place is not None:
            lines.append(f"    {Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}")
            place = place.tb_next
        error = error.__cause__
    return lines


def log_what_nobody_caught() -> None:
    """Errors that end a thread or come out of a slot are logged by class and place, never printed with their words."""

    def told(error: BaseException | None) -> None:
        if error is not None and not isinstance(error, KeyboardInterrupt | SystemExit):
            logging.getLogger(__name__).error("nobody caught this", exc_info=error)

    sys.excepthook = lambda _kind, error, _trace: told(error)
    threading.excepthook = lambda about: told(about.exc_value)
    sys.unraisablehook = lambda about: told(about.exc_value)


def without_words(error: BaseException) -> str:
    """An error as its classes and places, as the log shows it: a line each."""
    return "\n".join(_classes_and_places(error))


def start_log(folder: Path, *, to_screen: bool = False) -> Path:
    """Write the log into ``folder`` (readable by its owner only), a megabyte a file, five kept. Returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "infusion-desktop.log"
    handler = RotatingFileHandler(file, maxBytes=1_000_000, backupCount=5, encoding="utf-8", delay=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    handlers: list[logging.Handler] = [handler]
    if to_screen:
        handlers.append(logging.StreamHandler(sys.stderr))
    root = logging.getLogger("infusion_desktop")
    root.setLevel(logging.INFO)
    for each in handlers:
        each.setFormatter(WithoutMessages(FORMAT))
        root.addHandler(each)
    return file
