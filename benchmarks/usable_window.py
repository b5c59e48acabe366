"""The program as a person starts it, signed in by itself, until the first screen shows its data; then it leaves.

Run as a process of its own. Prints the moment it was usable (system-wide monotonic seconds), the cpu
seconds until then and its greatest memory in MB.
"""

import sys
import time

from infusion_desktop.application import Application  # isort: skip - as the program itself starts

from PySide6.QtWidgets import QApplication

from benchmarks.figures import memory
from infusion_desktop.access.people import everybody
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Place
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.logs import start_log
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.settings import load_settings

PATIENCE = 30.0


def main() -> None:
    """Open the shell for the administrator and wait until no screen is loading any more."""
    qt = QApplication(sys.argv)
    settings = load_settings()
    start_log(settings.logs)
    database = open_pharmacy(Place.of(settings.database), settings.workstation)
    application = Application(qt, settings, database)
    with database.reading() as session:
        user = next(user for user in everybody(session) if Role.ADMINISTRATOR in user.roles)
    application.open_shell(user)
    shell = application.window
    assert isinstance(shell, Shell)
    until = time.monotonic() + PATIENCE
    qt.processEvents()
    while shell.jobs.running and time.monotonic() < until:
        qt.processEvents()
        time.sleep(0.001)
    qt.processEvents()
    assert not shell.jobs.running, "the first screen never finished loading"
    print(time.monotonic(), time.process_time(), memory())
    shell.close()
    database.close()


if __name__ == "__main__":
    main()
