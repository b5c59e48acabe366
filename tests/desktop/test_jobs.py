"""Work in the background: it tells its true end, on the window's thread, to whoever is still there."""

import itertools
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest
from PySide6.QtCore import QObject, QThread
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from infusion_desktop.desktop.job_strip import JobStrip
from infusion_desktop.desktop.jobs import Jobs
from infusion_desktop.errors import Refused
from infusion_desktop.progress import Progress, run_to_end

Steps = Generator[Progress, None, int]
PATIENCE_S = 300


def _count(until: int) -> Steps:
    for done in range(1, until + 1):
        yield Progress(done, until, f"row {done}")
    return until


def test_a_job_runs_without_a_window_too() -> None:
    heard: list[int] = []
    assert run_to_end(_count(3), lambda step: heard.append(step.done)) == 3
    assert heard == [1, 2, 3]


def test_progress_and_result_arrive_on_the_windows_thread(qtbot: QtBot, jobs: Jobs, qapp: QApplication) -> None:
    heard: list[object] = []

    def note(value: object) -> None:
        assert QThread.currentThread() is qapp.thread()
        heard.append(value)

    job = jobs.run(None, lambda: _count(200), note, on_progress=note)
    with qtbot.waitSignal(job.finished):
        pass
    assert heard[-1] == 200
    assert heard[-2] == Progress(200, 200, "row 200")
    assert jobs.running == ()


def test_a_plain_callable_runs_on_another_thread(qtbot: QtBot, jobs: Jobs) -> None:
    job = jobs.run(None, threading.get_ident)
    with qtbot.waitSignal(job.succeeded) as done:
        pass
    assert done.args[0] != threading.get_ident()


def test_a_refusal_arrives_as_it_was_raised(qtbot: QtBot, jobs: Jobs) -> None:
    def refuse() -> None:
        raise Refused("Lot A12 expired.")

    got: list[Exception] = []
    job = jobs.run(None, refuse, on_failure=got.append)
    with qtbot.waitSignal(job.finished):
        pass
    assert [str(error) for error in got] == ["Lot A12 expired."]


def test_cancel_closes_the_job_at_its_next_yield_and_rolls_back(qtbot: QtBot, jobs: Jobs) -> None:
    told: list[str] = []
    go = threading.Event()

    @contextmanager
    def transaction() -> Iterator[None]:
        try:
            yield
            told.append("committed")
        except GeneratorExit:
            told.append("rolled back")
            raise

    def work() -> Steps:
        with transaction():
            yield Progress(0, 2)
            go.wait(PATIENCE_S)
            yield Progress(1, 2)
            told.append("went on")
        return 1

    job = jobs.run(
        None, work, on_success=lambda _: told.append("succeeded"), on_cancelled=lambda: told.append("cancelled")
    )
    job.cancel()
    go.set()
    with qtbot.waitSignal(job.finished):
        pass
    assert told[-1] == "cancelled"
    assert "went on" not in told
    assert "committed" not in told


def test_what_was_already_done_is_not_called_cancelled(qtbot: QtBot, jobs: Jobs) -> None:
    go = threading.Event()
    started = threading.Event()

    def deed() -> str:
        started.set()
        go.wait(PATIENCE_S)
        return "shipped"

    job = jobs.run(None, deed)
    assert started.wait(PATIENCE_S)
    job.cancel()
    with qtbot.waitSignal(job.succeeded) as done:
        go.set()
    assert done.args == ["shipped"]


def test_nobody_is_called_when_the_owner_is_gone(qtbot: QtBot, jobs: Jobs) -> None:
    owner, go, called, gone = QObject(), threading.Event(), [], []
    owner.destroyed.connect(lambda: gone.append(True))
    job = jobs.run(owner, lambda: go.wait(PATIENCE_S), called.append)
    owner.deleteLater()
    del owner
    qtbot.waitUntil(lambda: gone == [True])
    with qtbot.waitSignal(job.finished):
        go.set()
    assert called == []


def test_a_closing_window_waits_for_its_jobs(qtbot: QtBot) -> None:
    jobs, ended = Jobs(), []

    def work() -> Steps:
        try:
            for done in itertools.count():
                yield Progress(done, 0)
        finally:
            ended.append(True)
        return 0

    jobs.run(None, work)
    qtbot.waitUntil(lambda: bool(jobs.running[0].latest))
    jobs.close()
    assert ended == [True]


def test_the_strip_shows_a_named_job_and_its_cancel_button_stops_it(qtbot: QtBot, jobs: Jobs) -> None:
    window = QWidget()
    strip = JobStrip(jobs, window)
    qtbot.addWidget(window)
    window.show()
    pause = threading.Event()

    def work() -> Steps:
        for done in range(100_000):
            pause.wait(0.01)
            yield Progress(done, 100_000, f"row {done}")
        return 1

    job = jobs.run(None, work, text="Importing")
    qtbot.waitUntil(strip.isVisible)
    qtbot.waitUntil(lambda: strip.bar.value() > 0)
    assert strip.text.text().startswith("Importing row")
    with qtbot.waitSignal(job.cancelled):
        strip.stop.click()
    qtbot.waitUntil(lambda: not strip.isVisible())


@pytest.mark.parametrize("times", [300])
def test_many_short_jobs_all_come_home(qtbot: QtBot, jobs: Jobs, times: int) -> None:
    got: list[int] = []
    for number in range(times):
        jobs.run(None, lambda number=number: number, got.append)
    qtbot.waitUntil(lambda: len(got) == times)
    assert sorted(got) == list(range(times))


def test_what_is_asked_after_the_window_closed_is_let_go(qtbot: QtBot) -> None:
    jobs = Jobs()
    jobs.close()
    done: list[int] = []
    job = jobs.run(None, lambda: done.append(1))
    assert job.is_over
    assert jobs.running == ()
    assert done == []
