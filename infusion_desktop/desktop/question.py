"""A question with two answers, and the dialog that asks it without blocking."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.labels import label, tone_icon


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. With ``needs_reason`` the person types why, and cannot go on without."""

    title: str
    sentences: Sequence[str]
    yes: str = "Go on"
    no: str = "Cancel"
    needs_reason: bool = False
    tone: Tone = Tone.WARN
    hint: str = "Why is it right to go on? This is kept."
    """What stands in the field of the reason while it is empty."""
    usual: Sequence[str] = ()
    """Reasons that most people would give: one press writes them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person decided, and why where that was asked."""

    yes: bool
    reason: str = ""


class QuestionDialog(QDialog):
    """Shows one question over its window; ``answered`` is called once, also when it is closed."""

    def __init__(self, question: Question, answered: Callable[[Answer], object], parent: QWidget | None) -> None:
        super().__init__(parent)
        self.question = question
        self.setWindowTitle(question.title)
        self.setMinimumWidth(460)
        self.reason = QLineEdit()
        self.reason.setPlaceholderText(question.hint)
        self.reason.setAccessibleName("Reason")
        self.reason.setMaxLength(200)
        if not question.needs_reason:
            self.reason.hide()
        self.yes = button(question.yes, self.accept, kind="danger" if question.tone is Tone.BAD else "primary")
        self.no = button(question.no, self.reject)
        if not question.no:
            self.no.hide()
        self._lay_out(question)
        self.reason.textChanged.connect(lambda _text: self._allow())
        self._allow()
        self.finished.connect(
            lambda end: answered(Answer(end == QDialog.DialogCode.Accepted, self.reason.text().strip()))
        )
        self.finished.connect(self.deleteLater)
        (self.reason if question.needs_reason else self.no).setFocus()

    def _lay_out(self, question: Question) -> None:
        words = QVBoxLayout()
        words.setSpacing(8)
        words.addWidget(label(question.title, "heading", wrap=True))
        for sentence in question.sentences:
            words.addWidget(label(sentence, wrap=True))
        words.addWidget(self.reason)
        self.usual = [button(each, partial(self._say, each), kind="quiet") for each in question.usual]
        for each in self.usual:
            words.addWidget(each, 0, Qt.AlignmentFlag.AlignLeft)
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(tone_icon(question.tone, 32), 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        answers = QHBoxLayout()
        answers.addStretch(1)
        answers.addWidget(self.no)
        answers.addWidget(self.yes)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 22, 24, 20)
        column.setSpacing(20)
        column.addLayout(top)
        column.addLayout(answers)

    def _say(self, reason: str) -> None:
        """Write a usual reason; Enter goes on with it."""
        self.reason.setText(reason)
        self.yes.setFocus()

    def _allow(self) -> None:
        self.yes.setEnabled(not self.question.needs_reason or len(self.reason.text().strip()) >= 3)


def ask(question: Question, answered: Callable[[Answer], object], parent: QWidget | None) -> None:
    """Ask over a window; returns at once, ``answered`` is called when the person has decided."""
    QuestionDialog(question, answered, parent).open()
