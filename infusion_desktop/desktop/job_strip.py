"""The strip in the status bar that shows what runs in the background, how far it is, and a way to stop it."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from infusion_desktop.desktop.buttons import tool
from infusion_desktop.desktop.jobs import Job, Jobs
from infusion_desktop.desktop.labels import label

_SHOWN_AFTER_MS = 300


class JobStrip(QWidget):
    """Shows the newest named job; short ones come and go unseen."""

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._shown: Job | None = None
        self.text = label()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(160)
        self.bar.setAccessibleName("Progress")
        self.stop = tool("cross", "Cancel this job", self._cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for part in (self.text, self.bar, self.stop):
            row.addWidget(part)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_SHOWN_AFTER_MS)
        self._patience.timeout.connect(self._show)
        jobs.started.connect(self._look)
        jobs.ended.connect(self._look)
        self.hide()

    def _look(self, _job: Job) -> None:
        named = [job for job in self._jobs.running if job.text]
        newest = named[-1] if named else None
        if newest is self._shown:
            return
        self._shown = newest
        if newest is None:
            self._patience.stop()
            self.hide()
        else:
            newest.progressed.connect(self._progress)
            self._progress(None)
            self._patience.start()

    def _show(self) -> None:
        self.setVisible(self._shown is not None)

    def _progress(self, _step: object) -> None:
        job = self._shown
        if job is None:
            return
        step = job.latest
        self.bar.setRange(0, step.total if step else 0)
        self.bar.setValue(step.done if step else 0)
        detail = step.text if step and step.text else ""
        self.text.setText(f"{job.text} {detail}".strip() if not job.is_cancelling else "Stopping…")

    def _cancel(self) -> None:
        if self._shown is not None:
            self._shown.cancel()
            self._progress(None)
