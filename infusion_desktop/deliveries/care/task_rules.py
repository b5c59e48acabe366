"""Which tasks a patient's care asks for by itself: draws that are due, assessments of the home. Pure decisions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from infusion_desktop.dates import Days

AHEAD = 7
"""Days before it is due that a task appears: our own working rule."""
FIRST_HOME_ASSESSMENT = 7
HOME_ASSESSMENT_EVERY = 60
"""Days after admission of the first assessment of the home, and from one to the next: our own working rules."""


@dataclass(frozen=True, slots=True)
class Draw:
    """A laboratory test that goes with an order, and the days the therapy runs."""

    lab_id: int
    name: str
    first_on: date
    every_days: int
    last_on: date | None
    """The last day of the test or of the therapy, whichever is earlier; None while both go on."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done by when; ``made_by`` names rule and cause, so that no task is made twice."""

    title: str
    due_on: date
    made_by: str


def draws_due(draw: Draw, on: date, away: Iterable[Days] = ()) -> tuple[Task, ...]:
    """The draws from ``on`` through the next week, but for days the patient is away (the hospital draws there)."""
    pauses = tuple(away)
    passed = max(0, -(-(on - draw.first_on).days // draw.every_days))
    day = draw.first_on + timedelta(days=passed * draw.every_days)
    found = []
    while day <= on + timedelta(days=AHEAD) and (draw.last_on is None or day <= draw.last_on):
        if not any(day in pause for pause in pauses):
            found.append(Task(f"Lab due: {draw.name}", day, f"lab {draw.lab_id} {day}"))
        day += timedelta(days=draw.every_days)
    return tuple(found)


def home_assessment_due(episode_id: int, admitted_on: date, on: date) -> Task | None:
    """The assessment of the home that is due within the next week, or was due in the last and never made a task."""
    first = admitted_on + timedelta(days=FIRST_HOME_ASSESSMENT)
    passed = max(0, (on + timedelta(days=AHEAD) - first).days // HOME_ASSESSMENT_EVERY)
    due = first + timedelta(days=passed * HOME_ASSESSMENT_EVERY)
    if not on - timedelta(days=AHEAD) <= due <= on + timedelta(days=AHEAD):
        return None
    return Task("Assess the home: storage, power, telephone, who helps", due, f"home {episode_id} {due}")
