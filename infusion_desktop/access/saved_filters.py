"""Filters of lists that a person keeps under a name, the same at every workstation."""

import json
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.roles import UserId
from infusion_desktop.access.tables import SavedFilter
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused

LONGEST_TITLE, LONGEST_WORDS, MOST = 30, 200, 20


@dataclass(frozen=True, slots=True)
class Filter:
    """What was typed into a list's filter and which of its chips were pressed."""

    title: str
    words: str = ""
    chips: tuple[str, ...] = ()


def keep_filter(database: Database, list_name: str, kept: Filter, by: UserId) -> None:
    """Keep a filter of a list for oneself; one with the same name is replaced."""
    title = kept.title.strip()
    if not title or len(title) > LONGEST_TITLE:
        raise Refused(f"Give the filter a name of at most {LONGEST_TITLE} characters.")
    if not kept.words.strip() and not kept.chips:
        raise Refused("Type something into the filter or press a chip first; then it can be kept.")
    if len(kept.words) > LONGEST_WORDS:
        raise Refused(f"A filter that is kept has at most {LONGEST_WORDS} characters.")
    own = (SavedFilter.staff_id == by, SavedFilter.list_name == list_name)
    with database.transaction() as session:
        session.execute(delete(SavedFilter).where(*own, SavedFilter.title == title))
        if (session.scalar(select(func.count()).select_from(SavedFilter).where(*own)) or 0) >= MOST:
            raise Refused(f"A list keeps at most {MOST} filters. Forget one first.")
        values = {"staff_id": by, "list_name": list_name, "title": title, "words": kept.words.strip()}
        session.execute(insert(SavedFilter).values(**values, chips=json.dumps(list(kept.chips))))
        record(session, by, "keep filter", "saved filter", after={"list": list_name, "name": title})


def forget_filter(database: Database, list_name: str, title: str, by: UserId) -> None:
    """Forget one of one's own filters; nothing happens when it is gone already."""
    own = (SavedFilter.staff_id == by, SavedFilter.list_name == list_name, SavedFilter.title == title)
    with database.transaction() as session:
        session.execute(delete(SavedFilter).where(*own))
        record(session, by, "forget filter", "saved filter", before={"list": list_name, "name": title})


def filters_of(session: Session, by: UserId) -> dict[str, tuple[Filter, ...]]:
    """A person's filters by list, in the order of their names."""
    rows = session.execute(
        select(SavedFilter.list_name, SavedFilter.title, SavedFilter.words, SavedFilter.chips)
        .where(SavedFilter.staff_id == by)
        .order_by(SavedFilter.title)
    )
    found: dict[str, tuple[Filter, ...]] = {}
    for name, title, words, chips in rows:
        found[name] = (*found.get(name, ()), Filter(title, words, tuple(json.loads(chips))))
    return found


def note_list(database: Database, list_name: str, rows: int, form: str, by: UserId) -> None:
    """Note in the audit trail that a list left the screen, as what (paper, Excel or CSV), before it does."""
    with database.transaction() as session:
        record(session, by, "save list", "list", after={"list": list_name, "rows": rows, "form": form})
