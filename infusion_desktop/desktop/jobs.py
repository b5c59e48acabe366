"""Long work on worker threads: progress, success, failure and cancel arrive as signals on the window's thread.

Work is a generator function that yields Progress and returns its result, or a plain callable. Cancel closes the
generator at its next yield, so its ``with`` blocks roll back; a plain callable cannot be stopped half way, so it always
tells its true end. Sessions are opened by the work itself and never leave its thread.
"""

import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from types import GeneratorType
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from shiboken6 import isValid

from infusion_desktop.progress import Progress

Work = Callable[[], Any]
AT_ONCE = 4
"""How many jobs of one window run at the same time."""
_TOLD_EVERY = 0.04
"""Seconds between two reports of progress: more often than an eye can follow would only fill the event queue."""


class Job(QObject):
    """One piece of work under way. All signals are emitted on the thread of the window."""

    progressed = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    finished = Signal()
    """After any of the three ends."""

    _heard = Signal(str, object)

    def __init__(self, owner: QObject | None, work: Work, text: str) -> None:
        super().__init__()
        self.text = text
        self.is_over = False
        self.latest: Progress | None = None
        self.listeners: tuple[object, ...] = ()
        """Kept alive until the end: Qt holds a bound method of a plain object only weakly."""
        self._owner = owner
        self._work = work
        self._stop = threading.Event()
        self._heard.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    def cancel(self) -> None:
        """Stop at the next yield; what was not committed is rolled back."""
        self._stop.set()

    @property
    def is_cancelling(self) -> bool:
        return self._stop.is_set()

    def work_through(self) -> None:
        """Do the work; called on the worker thread."""
        try:
            end, result = self._do()
        except Exception as error:
            end, result = "failed", error
        try:
            self._heard.emit(end, result)
        except RuntimeError:  # The application ended while the work was under way: nobody is left to hear.
            return

    def _do(self) -> tuple[str, object]:
        if self._stop.is_set():
            return "cancelled", None
        result = self._work()
        return self._drive(result) if isinstance(result, GeneratorType) else ("succeeded", result)

    def _drive(self, steps: Generator[Progress, None, object]) -> tuple[str, object]:
        told = 0.0
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                return "succeeded", end.value
            if self._stop.is_set():
                steps.close()
                return "cancelled", None
            if time.monotonic() - told >= _TOLD_EVERY or step.done == step.total:
                told = time.monotonic()
                self._heard.emit("progressed", step)

    def _tell(self, what: str, value: object) -> None:
        if what == "progressed" and isinstance(value, Progress):
            self.latest = value
            if self._is_wanted():
                self.progressed.emit(value)
            return
        self.is_over = True
        if self._is_wanted():
            if what == "cancelled":
                self.cancelled.emit()
            else:
                (self.succeeded if what == "succeeded" else self.failed).emit(value)
        self.finished.emit()

    def _is_wanted(self) -> bool:
        return self._owner is None or isValid(self._owner)


class Jobs(QObject):
    """Runs jobs, keeps them until they are over, and ends them with the window."""

    started = Signal(object)
    ended = Signal(object)

    def __init__(self, parent: QObject | None = None, workers: int = AT_ONCE) -> None:
        super().__init__(parent)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="job")
        self._running: set[Job] = set()
        self._is_closed = False

    def run(
        self,
        owner: QObject | None,
        work: Work,
        on_success: Callable[[Any], object] | None = None,
        on_failure: Callable[[Exception], object] | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        on_cancelled: Callable[[], object] | None = None,
        text: str = "",
    ) -> Job:
        """Start ``work``. When ``owner`` is gone before the end, nobody is called and the work is cancelled.

        With ``text`` the job is shown to the person, with a button to cancel it.
        """
        job = Job(owner, work, text)
        if self._is_closed:  # A screen's late wish while its window goes: nobody is left to see the answer.
            job.is_over = True
            return job
        job.listeners = (on_success, on_failure, on_progress, on_cancelled)
        if on_success is not None:
            job.succeeded.connect(on_success)
        if on_failure is not None:
            job.failed.connect(on_failure)
        if on_progress is not None:
            job.progressed.connect(on_progress)
        if on_cancelled is not None:
            job.cancelled.connect(on_cancelled)
        job.finished.connect(self._forget)
        if owner is not None:
            owner.destroyed.connect(job.cancel)
        self._running.add(job)
        self.started.emit(job)
        self._threads.submit(job.work_through)
        return job

    @property
    def running(self) -> tuple[Job, ...]:
        return tuple(self._running)

    def cancel_all(self) -> None:
        """Ask every job to stop at its next yield."""
        for job in self._running:
            job.cancel()

    def wind_down(self) -> None:
        """Begin nothing new, and cancel what can be cancelled."""
        self._is_closed = True
        self.cancel_all()

    def close(self) -> None:
        """Cancel what can be cancelled and wait for the rest: a window outlives its jobs."""
        self.wind_down()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._running.clear()

    def _forget(self) -> None:
        for job in [job for job in self._running if job.is_over]:
            self._running.discard(job)
            self.ended.emit(job)
