"""Scans and counts at the bench, one after the other in the order they came; a wrong one stops the verifying."""

import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING

from infusion_desktop.dates import today
from infusion_desktop.deliveries.bench.bench import Feedback
from infusion_desktop.deliveries.bench.picking import enter_pick, scan_pick, take_off_pump
from infusion_desktop.deliveries.bench.verifying import enter_verified, scan_verify
from infusion_desktop.deliveries.screen_queries import BenchPage
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.deliveries.bench_lines import BenchLine, next_of
from infusion_desktop.desktop.forms import QuantityField
from infusion_desktop.errors import Refused, Warned
from infusion_desktop.stock.scanning.scan_values import ScanKind
from infusion_desktop.stock.scanning.scans import read_scan

if TYPE_CHECKING:
    from infusion_desktop.desktop.deliveries.bench_screen import BenchScreen

_WRAP = 44


class BenchScans:
    """Takes scans and typed numbers for the delivery on the bench."""

    def __init__(self, screen: "BenchScreen") -> None:
        self._screen = screen
        self.last: Feedback | None = None
        self.stopped = ""
        """The sentence that stopped the verifying, until somebody has read it."""
        self._undo: list[tuple[tuple[str, int], int]] = []
        self._before: dict[tuple[str, int], int] | None = None
        self._waiting: list[Callable[[], None]] = []
        """What was scanned or typed while the one before is being booked."""
        self._busy = False

    @property
    def can_undo(self) -> bool:
        """Whether a scan or count can be taken back."""
        return bool(self._undo)

    def forget(self) -> None:
        """Another delivery comes onto the bench."""
        self.last, self.stopped, self._before = None, "", None
        self._undo.clear()
        self._waiting.clear()

    def shown(self, lines: tuple[BenchLine, ...], state: DeliveryState, *, is_new_step: bool) -> None:
        """Remember what the last scan changed, so that it can be taken back."""
        before, self._before = self._before, None
        if is_new_step:
            self._undo.clear()
            self.stopped = ""
        elif before is not None and state is DeliveryState.RELEASED:
            self._undo += [(line.id, before.get(line.id, 0)) for line in lines if line.done > before.get(line.id, 0)]

    def on_scan(self, raw: str) -> bool:
        """Use a scan; False leaves it to the shell."""
        screen = self._screen
        if screen.state is DeliveryState.PACKED and screen.ship_panel.take(raw):
            return True
        try:
            kind = read_scan(raw, today=today()).kind
        except Refused as no:
            if screen.kept is None:
                return False
            self.say(Feedback(False, str(no)))
            return True
        if kind is ScanKind.TOTE and screen.kept is not None and screen.deeds.see_tote(raw):
            return True
        if kind in (ScanKind.DELIVERY, ScanKind.TOTE) or screen.kept is None:
            return False
        if kind is ScanKind.BADGE:
            screen.sign_on_by_badge(read_scan(raw, today=today()).code)
            return True
        if self.stopped:
            screen.desk.messages.wrong(textwrap.fill("Stopped. Read what is wrong and press Put aside first.", _WRAP))
            return True
        quantity = typed_quantity(screen.next_panel.quantity)
        self._waiting.append(lambda: self._scanned(raw, quantity))
        self._next()
        return True

    def go_on(self) -> None:
        """Somebody has read what was wrong and put it aside."""
        self.stopped = ""
        self._waiting.clear()
        self._screen.answer.clear()
        self._screen.show_again()

    def _next(self) -> None:
        screen = self._screen
        if self._busy or not self._waiting or screen.kept is None:
            return
        book = self._waiting.pop(0)
        if screen.state not in (DeliveryState.RELEASED, DeliveryState.PICKED):
            self._waiting.clear()
            self.say(Feedback(False, "Picking and verifying are over. Go on at the right."))
            return
        if screen.needs_second_person:
            self._waiting.clear()
            self.say(Feedback(False, "A second person signs on first."))
            return
        book()

    def _scanned(self, raw: str, quantity: int | None) -> None:
        screen = self._screen
        assert screen.kept is not None
        database, delivery_id, by = screen.context.database, screen.kept.page.row.id, screen.worker
        if screen.state is DeliveryState.RELEASED:
            self._answered(
                lambda override: scan_pick(database, delivery_id, raw, by, quantity=quantity, override=override)
            )
        else:
            self._answered(lambda _override: scan_verify(database, delivery_id, raw, by, quantity=quantity))

    def _answered(self, deed: Callable[[str], Feedback], override: str = "") -> None:
        """Do one scan or count, say its answer, show how things stand, then go on with the next."""
        screen = self._screen
        self._busy = True
        self._before = {line.id: line.done for line in screen.lines}
        delivery_id = screen.delivery_id

        def answered(feedback: Feedback) -> None:
            if not feedback.right:
                self._before = None
            screen.page.banner.clear()
            self.say(feedback)
            if not feedback.right and screen.state is DeliveryState.PICKED:
                self._stop(feedback.sentence)
            if not feedback.right or delivery_id is None:
                self._go_on()
                return
            screen.desk.jobs.run(screen, lambda: screen.page_of(delivery_id), shown, failed)

        def shown(kept: BenchPage) -> None:
            screen.show_page(kept)
            topics = ("deliveries", "stock", "equipment") if screen.state is not DeliveryState.RELEASED else ()
            screen.desk.changes.announce(*topics)
            self._go_on()

        def failed(error: Exception) -> None:
            self._before = None
            if not isinstance(error, Warned):
                screen.desk.messages.beep()
            screen.desk.messages.show_failure(
                error, screen, (lambda reason: self._answered(deed, reason)) if isinstance(error, Warned) else None
            )
            self._go_on()

        screen.desk.jobs.run(screen, lambda: screen.attempts.do(lambda: deed(override)), answered, failed)

    def _stop(self, sentence: str) -> None:
        """Something is in the kit that must not be, or is missing: nothing goes on until somebody has read it."""
        self.stopped = sentence
        self._waiting.clear()
        self._screen.show_stop(sentence)

    def _go_on(self) -> None:
        self._busy = False
        self._next()

    def say(self, feedback: Feedback) -> None:
        """The answer: large, with a sound where it is wrong, and kept below the lines."""
        screen = self._screen
        self.last = feedback
        large = textwrap.fill(feedback.sentence, _WRAP)
        if feedback.right:
            screen.desk.messages.right(large)
            screen.answer.say(Tone.GOOD, feedback.sentence)
        else:
            screen.desk.messages.wrong(large)
            screen.answer.say(Tone.BAD, feedback.sentence)

    def enter_quantity(self, number: int) -> None:
        """So many of the marked line, in all."""
        screen = self._screen
        line = screen.table.current_row() or next_of(screen.lines)
        screen.next_panel.quantity.set_value(None)
        if line is None or self.stopped or screen.state is None:
            return
        if not line.is_lot:
            self.say(Feedback(False, "A pump or pole is scanned, not counted."))
            return
        lot_line_id = line.lot_line_id
        self._waiting.append(lambda: self._counted(lot_line_id, number))
        self._next()

    def _counted(self, lot_line_id: int, number: int) -> None:
        screen = self._screen
        database, by = screen.context.database, screen.worker
        if screen.state is DeliveryState.RELEASED:
            self._answered(lambda _override: enter_pick(database, lot_line_id, number, by))
        else:
            self._answered(lambda _override: enter_verified(database, lot_line_id, number, by))

    def undo_last(self) -> None:
        """Take the last scan or count back, also one that is being booked or waits for it."""
        if self._screen.state is DeliveryState.RELEASED and (self._undo or self._busy):
            self._waiting.append(self._take_back)
            self._next()

    def _take_back(self) -> None:
        screen = self._screen
        if not self._undo or screen.state is not DeliveryState.RELEASED:
            self._next()
            return
        (kind, id_), before = self._undo.pop()
        database, by = screen.context.database, screen.worker

        def deed(_override: str) -> Feedback:
            if kind == "lot":
                enter_pick(database, id_, before, by)
            else:
                take_off_pump(database, id_, by)
            return Feedback(True, "The last scan was taken back.")

        self._answered(deed)


def typed_quantity(field: QuantityField) -> int | None:
    """A number typed before a scan; None when there is none that can be used. It does not stay in the field."""
    try:
        typed = field.value()
    except Refused:
        typed = None
    field.set_value(None)
    return typed or None
