"""What the pharmacy says: refusals, warnings, defects; never a patient's data in the log."""

import logging

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from infusion_desktop.database.trouble import Unavailable, Unsure
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.question import Answer, Question, QuestionDialog
from infusion_desktop.errors import NotAllowed, Refused, Stale, Warned

ANN = "Ann Lovelace"


def test_a_refusal_stands_on_the_page_where_it_happened(qtbot: QtBot, desk: Desk) -> None:
    screen = QWidget(desk.messages.window)
    page, inner = Page(screen), QWidget(screen)
    screen.show()
    desk.messages.show_failure(Refused("Lot A12 expired on May 3.", "Pick another lot."), inner)
    assert page.banner.isVisible()
    assert page.banner.text.text() == "Lot A12 expired on May 3.\nPick another lot."
    assert not desk.messages.banner.isVisible()
    page.banner.close_button.click()
    assert not page.banner.isVisible()


@pytest.mark.parametrize("error", [NotAllowed("Ask a pharmacist."), Stale("Somebody else changed it.")])
def test_other_refusals_are_sentences_too(desk: Desk, error: Refused) -> None:
    desk.messages.show_failure(error)
    assert desk.messages.banner.text.text() == str(error)


def test_a_stale_record_is_loaded_again(desk: Desk) -> None:
    reloads: list[bool] = []
    desk.messages._reload = lambda: reloads.append(True)
    desk.messages.show_failure(Stale("Somebody else changed it."))
    assert reloads == [True]


def test_a_warning_goes_on_only_with_a_reason(desk: Desk) -> None:
    asked: list[Question] = []
    reasons: list[str] = []

    def answer(question: Question, answered: object, _parent: object) -> None:
        asked.append(question)
        answered(Answer(True, "the physician agreed"))  # type: ignore[operator]

    desk.messages.ask = answer
    desk.messages.show_failure(Warned("The lot expires in 9 days."), go_on=reasons.append)
    assert asked[0].needs_reason
    assert asked[0].sentences == ("The lot expires in 9 days.",)
    assert reasons == ["the physician agreed"]


def test_the_dialog_lets_nobody_go_on_without_a_reason(qtbot: QtBot, desk: Desk) -> None:
    answers: list[Answer] = []
    dialog = QuestionDialog(
        Question("Sure?", ("It is late.",), needs_reason=True), answers.append, desk.messages.window
    )
    dialog.open()
    assert not dialog.yes.isEnabled()
    qtbot.keyClicks(dialog.reason, "family asked")
    qtbot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)
    assert answers == [Answer(True, "family asked")]


def test_escape_means_no(qtbot: QtBot, desk: Desk) -> None:
    answers: list[Answer] = []
    dialog = QuestionDialog(Question("Sure?", ("It is late.",)), answers.append, desk.messages.window)
    dialog.open()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert [answer.yes for answer in answers] == [False]


def test_a_defect_is_one_calm_sentence_and_the_log_names_no_patient(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        try:
            {}[ANN]
        except KeyError as error:
            raise ValueError(f"no such patient {ANN}") from error

    with caplog.at_level(logging.ERROR), pytest.raises(ValueError, match="no such") as raised:
        fail()
    with caplog.at_level(logging.ERROR):
        desk.messages.show_failure(raised.value)
    reference = desk.messages.banner.text.text().rpartition(": ")[2].rstrip(".")
    assert len(reference) == 6
    assert ANN not in desk.messages.banner.text.text()
    assert reference in caplog.text
    assert "ValueError from KeyError" in caplog.text
    assert "test_messages.py" in caplog.text
    assert ANN not in caplog.text


def test_trouble_with_the_database_is_told_in_its_own_words(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.messages.show_failure(Unavailable("The disk is full. Nothing was saved."))
    assert desk.messages.banner.text.text() == "The disk is full. Nothing was saved."
    assert "Unavailable" in caplog.text


def test_markup_stays_text(desk: Desk) -> None:
    desk.messages.show_failure(Refused('<b>x</b><img src="/etc/hostname">'))
    assert desk.messages.banner.text.textFormat() == Qt.TextFormat.PlainText
    assert desk.messages.banner.text.text().startswith("<b>")
    assert desk.messages.toast.text.textFormat() == Qt.TextFormat.PlainText


def test_wrong_is_seen_and_heard_and_right_is_seen(desk: Desk) -> None:
    beeps: list[bool] = []
    desk.messages.beep = lambda: beeps.append(True)
    desk.messages.wrong("Wrong item")
    assert desk.messages.feedback.isVisible()
    assert desk.messages.feedback.property("tone") == "bad"
    desk.messages.right("Huber needle, 2 of 4")
    assert desk.messages.feedback.property("tone") == "good"
    assert beeps == [True]


def test_a_deed_that_had_been_kept_closes_its_dialog_so_that_nobody_presses_again(
    context: Context, desk: Desk, qtbot: QtBot
) -> None:
    tries: list[str] = []

    class Dialog(DeedDialog):
        changed = ("stock",)

        def deed(self) -> Deed:
            def work(_override: str) -> None:
                tries.append("once")
                raise Unsure(lambda: True)

            return work

    told: list[frozenset[str]] = []
    desk.changes.changed.connect(told.append)
    dialog = Dialog(context, desk, "Post it", desk.messages.window)
    dialog.open()
    dialog.press()
    qtbot.waitUntil(lambda: "kept here" in dialog.banner.text.text())
    with qtbot.waitSignal(dialog.accepted):
        dialog.press()
    assert tries == ["once"]
    assert told == [frozenset({"stock"})]
