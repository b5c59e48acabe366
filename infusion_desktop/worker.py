"""Heavy work on papers in a process of its own, so that the window never waits and a broken file cannot end it.

The process is this Python with this module; it reads a function's name and its arguments from its standard input and
writes what came of it, one after the other, until it is told to stop or killed. Nothing is written to any file.
"""

import os
import pickle
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from infusion_desktop.errors import Refused

_SIZE = struct.Struct(">Q")
_MAY_RUN = "reports."
"""Only what draws and reads papers runs there."""
_NO_CONSOLE, _BELOW_NORMAL = 0x08000000, 0x00004000
_NICE = 10
"""Papers wait for the window, never the window for papers: the process stands back where processors are few."""


class Worker:
    """One process that does one thing at a time: ``with Worker() as worker: worker.run(draw, ...)``.

    ``patience`` is how many seconds one thing may take: a broken file from outside must not hold it for ever.
    """

    def __init__(self, patience: float | None = None) -> None:
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What ``work`` (a function of ``reports``) returns; what it raises is raised here.

        Refused when the process ended, such as for lack of memory; the next call starts another one.
        """
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        end = threading.Timer(self._patience, process.kill) if self._patience is not None else None
        if end is not None:
            end.start()
        try:
            _write(process.stdin, (work.__module__, work.__qualname__, arguments))
            is_fine, result = _read(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self.stop()
            raise Refused(
                "The papers could not be drawn: the drawing program stopped. Try again; what was drawn is kept."
            ) from error
        finally:
            if end is not None:
                end.cancel()
        if not is_fine:
            raise result
        return result

    def stop(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self.stop()
            root = str(Path(__file__).parents[1])
            paths = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
            flags: dict[str, Any] = {"creationflags": _NO_CONSOLE | _BELOW_NORMAL} if sys.platform == "win32" else {}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "infusion_desktop.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": paths},
                **flags,
            )
        return self._process


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:  # What was still to be written goes nowhere.
        return


def _write(pipe: Any, value: object) -> None:
    content = pickle.dumps(value, protocol=5)
    pipe.write(_SIZE.pack(len(content)))
    pipe.write(content)
    pipe.flush()


def _read(pipe: Any) -> Any:
    head = pipe.read(_SIZE.size)
    if len(head) < _SIZE.size:
        raise EOFError
    size = _SIZE.unpack(head)[0]
    content = pipe.read(size)
    if len(content) < size:
        raise EOFError
    return pickle.loads(content)


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Do what is asked until there is nothing more; run in the process itself."""
    while True:
        try:
            module, name, arguments = _read(asked)
        except EOFError:
            return
        try:
            if not module.startswith(_MAY_RUN):
                raise ValueError("only papers are drawn here")
            answer = (True, getattr(import_module(module), name)(*arguments))
        except Exception as error:
            answer = (False, _portable(error))
        _write(answers, answer)


def _portable(error: Exception) -> Exception:
    """The error as it can cross over; its words only where they can be pickled."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(type(error).__name__)
    return error


if __name__ == "__main__":
    if sys.platform != "win32":
        os.nice(_NICE)
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # What a library prints must not stand between the answers.
    serve(sys.stdin.buffer, own)
