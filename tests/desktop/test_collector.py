"""Whatever a worker allocates, unreachable objects are destroyed on the window's thread."""

import gc
import threading
import weakref

from pytestqt.qtbot import QtBot

from infusion_desktop.desktop.collector import LIMITS, Collector


class Ring:
    """Reaches itself, as a dialog and its closures do."""

    def __init__(self) -> None:
        self.me = self


def test_a_worker_never_destroys_what_the_window_left_behind(qtbot: QtBot) -> None:
    gc.collect()
    gc.enable()  # As Python starts; the test run itself has it off (tests/conftest.py).
    collector = Collector()
    ended_in: list[threading.Thread] = []
    weakref.finalize(Ring(), lambda: ended_in.append(threading.current_thread()))
    kept: list[Ring] = []

    def work() -> None:
        kept.extend(Ring() for _ in range(LIMITS[0] * 2))

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert ended_in == [], "nothing is searched while a worker allocates"
    collector.collect_if_due()
    assert ended_in == [threading.main_thread()]


def test_a_round_comes_by_itself(qtbot: QtBot) -> None:
    gc.collect()
    collector = Collector()
    ended: list[bool] = []
    weakref.finalize(Ring(), lambda: ended.append(True))
    kept = [Ring() for _ in range(LIMITS[0] * 2)]

    def is_ended() -> bool:
        kept.extend(Ring() for _ in range(500))  # What others let go meanwhile is taken off the count.
        return ended == [True]

    qtbot.waitUntil(is_ended)
    assert kept
    collector.deleteLater()
