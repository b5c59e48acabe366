"""Asking where to save or what to read, without ever blocking the window."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

Then = Callable[[Path], object]


def ask_where_to_save(parent: QWidget, title: str, suggested: str, kinds: str, then: Then) -> None:
    """Ask for a file to write, such as ``kinds="Excel (*.xlsx);;CSV (*.csv)"``; ``then`` is called unless cancelled.

    ``suggested`` is a plain file name without patient data.
    """
    dialog = _dialog(parent, title, kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(suggested)
    dialog.setDefaultSuffix(Path(suggested).suffix.lstrip("."))
    dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix(kind.rpartition("*.")[2].rstrip(")")))
    dialog.fileSelected.connect(lambda chosen: then(Path(chosen)))
    dialog.open()


def ask_what_to_read(parent: QWidget, title: str, kinds: str, then: Then) -> None:
    """Ask for a file that exists; ``then`` is called unless cancelled."""
    dialog = _dialog(parent, title, kinds)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.fileSelected.connect(lambda chosen: then(Path(chosen)))
    dialog.open()


def ask_for_folder(parent: QWidget, title: str, then: Then) -> None:
    """Ask for a folder to write into; ``then`` is called unless cancelled."""
    dialog = _dialog(parent, title, "")
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.fileSelected.connect(lambda chosen: then(Path(chosen)))
    dialog.open()


def _dialog(parent: QWidget, title: str, kinds: str) -> QFileDialog:
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    dialog = QFileDialog(parent, title, documents)
    dialog.setNameFilters(kinds.split(";;"))
    dialog.finished.connect(dialog.deleteLater)
    return dialog
