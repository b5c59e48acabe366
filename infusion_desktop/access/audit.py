"""The audit trail: every deed records who, what and why; entries are sealed one after the other at commit.

An entry's seal is an HMAC over the seal before it and the entry's canonical JSON, so that a row changed, removed,
added or moved is found and named by `first_broken_entry` (RELIABILITY C5, C7; 45 CFR 164.312(b)).
"""

import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, literal_column, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import AuditKind, Kept, UserId
from infusion_desktop.access.tables import AuditEntry, AuditHead, Purge
from infusion_desktop.database.bulk import insert_rows
from infusion_desktop.database.prepared import Prepared, change_together
from infusion_desktop.dates import now_utc
from infusion_desktop.values import value

Facts = Mapping[str, Any]

_LAST_LINK = Prepared(
    lambda _dialect: (
        select(AuditHead.number, AuditHead.seal, AuditHead.secret).where(AuditHead.id == 1).with_for_update()
    )
)
_ADD = Prepared(lambda _dialect: insert(cast(Table, AuditEntry.__table__)))
_COLUMNS = (
    "number", "kind", "staff_id", "action", "subject", "subject_id", "patient_id", "before", "after", "reason", "seal",
)  # fmt: skip
_MANY = 10
"""From so many entries on they are written together: a statement for each costs more than preparing one for all."""
_MOVE_HEAD = Prepared(
    lambda _dialect: (
        update(cast(Table, AuditHead.__table__))
        .where(AuditHead.id == 1)
        .values(number=bindparam("last_number"), seal=bindparam("last_seal"))
    )
)


@value
class Pending:
    """An entry waiting for its number and seal."""

    kind: AuditKind
    by: UserId | None
    action: str
    subject: str
    subject_id: int | None
    patient_id: int | None
    before: Facts = field(default_factory=dict)
    after: Facts | str = field(default_factory=dict)
    reason: str = ""


def record(
    session: Session,
    by: UserId | None,
    action: str,
    subject: str,
    subject_id: int | None = None,
    *,
    patient_id: int | None = None,
    before: Facts | None = None,
    after: Facts | str | None = None,
    reason: str = "",
) -> None:
    """Say what this deed does to what. Written with its seal when the transaction commits, or not at all.

    ``by`` is None only for what the program does by itself (set-up, a failed sign-in of nobody known). ``after`` may be
    `as_json` of the facts already, where thousands of alike are written.
    """
    entry = Pending(
        AuditKind.CHANGE, by, action, subject, subject_id, patient_id, before or {}, after or {}, reason.strip()
    )
    session.info.setdefault("audit", []).append(entry)


def record_view(session: Session, by: UserId, subject: str, subject_id: int, patient_id: int, reason: str = "") -> None:
    """Say that somebody opened a patient's record."""
    entry = Pending(AuditKind.VIEW, by, "open", subject, subject_id, patient_id, reason=reason.strip())
    session.info.setdefault("audit", []).append(entry)


def wait_for_entries(session: Session) -> None:
    """See every entry that anybody else makes, and let nobody make another, until this deed is over."""
    _LAST_LINK.first(session, {})


def seal(session: Session) -> Callable[[Session], bool] | None:
    """Write the pending entries as the next links of the chain; called by Database just before it commits.

    The head row is locked first, so that two workstations never build on the same link. What is given back asks, in
    another session, whether they were kept: it waits for whoever still holds the head, so that its answer is final.
    """
    pending: list[Pending] = session.info.pop("audit", [])
    if not pending:
        return None
    head = _LAST_LINK.first(session, {})
    if head is None:
        number, last, secret = 0, "", secrets.token_hex(32)
        session.connection().execute(
            insert(cast(Table, AuditHead.__table__)).values(id=1, number=0, seal="", secret=secret)
        )
    else:
        number, last, secret = head
    at, station = now_utc(), session.info.get("workstation", "")
    moment = at.isoformat()
    rows = []
    for entry in pending:
        number += 1
        before = as_json(entry.before) if entry.before else "{}"
        after = entry.after if isinstance(entry.after, str) else as_json(entry.after)
        sealed = _sealed_text(
            entry.action, after, moment, before, entry.kind, number, entry.patient_id, entry.reason, entry.by,
            entry.subject, entry.subject_id, station,
        )  # fmt: skip
        last = _keyed(secret, last + sealed)
        rows.append(
            (number, entry.kind, entry.by, entry.action, entry.subject, entry.subject_id, entry.patient_id, before,
             after, entry.reason, last)
        )  # fmt: skip
    same = {"at": at, "workstation": station}
    *before_last, newest = rows
    if len(before_last) < _MANY:
        for row in before_last:
            _ADD.change(session, {**dict(zip(_COLUMNS, row, strict=True)), **same})
    else:
        insert_rows(session, AuditEntry, _COLUMNS, before_last, same)
    moved = {"last_number": number, "last_seal": last}
    change_together(session, (_ADD, {**dict(zip(_COLUMNS, newest, strict=True)), **same}), (_MOVE_HEAD, moved))

    def is_kept(later: Session) -> bool:
        _LAST_LINK.first(later, {})
        return later.scalar(select(AuditEntry.seal).where(AuditEntry.number == number)) == last

    return is_kept


def seal_of(secret: str, last: str, row: Facts) -> str:
    """The seal of one entry after the one sealed ``last``."""
    sealed = as_json({name: value for name, value in row.items() if name != "seal"})
    return _keyed(secret, last + sealed)


def mark_of(secret: str, gap: Purge) -> str:
    """The seal of a gap marker itself."""
    facts = {"before": gap.before, "removed": gap.removed, "through": gap.through, "seal": gap.seal, "why": gap.why}
    sealed = as_json({**facts, "kept": gap.kept, "at": gap.at, "by": gap.staff_id})
    return _keyed(secret, sealed)


def _keyed(secret: str, sealed: str) -> str:
    """The seal of a text: the key is taken in once for all of them, which costs more than the text itself."""
    seal = _begun(secret).copy()
    seal.update(sealed.encode())
    return seal.hexdigest()


@lru_cache(8)
def _begun(secret: str) -> hmac.HMAC:
    return hmac.new(bytes.fromhex(secret), digestmod="sha256")


_IS_SECRET = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII)


def first_broken_entry(session: Session) -> int | None:
    """The number of the first entry that was changed, removed, added or moved; None when the chain is whole.

    Where a sealed gap marker says that entries went after their time, the chain begins behind the last of them.
    """
    head = session.execute(select(AuditHead.number, AuditHead.seal, AuditHead.secret)).one_or_none()
    if head is not None and not _IS_SECRET.fullmatch(head.secret):
        head = None  # No entry was sealed with that.
    expected, last = 0, ""
    gap = session.scalars(
        select(Purge).where(Purge.kept == Kept.AUDIT_TRAIL).order_by(Purge.id.desc()).limit(1)
    ).one_or_none()
    if gap is not None:
        if head is None or gap.mark != mark_of(head.secret, gap):
            return gap.through + 1
        expected, last = gap.through, gap.seal
    wanted: list[Any] = [literal_column(name) for name in ("number", "seal", *_IN_ORDER)]
    every = select(*wanted).select_from(AuditEntry).order_by(AuditEntry.number).execution_options(yield_per=5000)
    with session.execute(every) as rows:
        for number, kept, *facts in rows:
            expected += 1
            if head is None or number != expected or kept != _keyed(head.secret, last + _sealed_text(*facts)):
                return expected
            last = kept
    if head is not None and (head.number, head.seal) != (expected, last):
        return expected + 1
    return None


_IN_ORDER = (
    "action", "after", "at", "before", "kind", "number", "patient_id", "reason", "staff_id", "subject", "subject_id",
    "workstation",
)  # fmt: skip
"""The columns that a seal covers, in the order of canonical JSON; read as the database keeps them."""


def _sealed_text(
    action: str, after: str, at: str | datetime, before: str, kind: str, number: int, patient: int | None, reason: str,
    staff: int | None, subject: str, subject_id: int | None, workstation: str,
) -> str:  # fmt: skip
    """What `seal_of` seals, put together by hand: a million entries are proven in a third of the time."""
    if isinstance(at, datetime):
        at = at.astimezone(UTC).isoformat()
    elif at.endswith(".000000+00:00"):
        at = at[:-13] + "+00:00"  # As Python writes a whole second.
    return (
        f'{{"action":{_quoted(action)},"after":{_quoted(after)},"at":"{at}","before":{_quoted(before)},'
        f'"kind":{_quoted(kind)},"number":{number},"patient_id":{_whole(patient)},"reason":{_quoted(reason)},'
        f'"staff_id":{_whole(staff)},"subject":{_quoted(subject)},"subject_id":{_whole(subject_id)},'
        f'"workstation":{_quoted(workstation)}}}'
    )


def _whole(number: int | None) -> str:
    return "null" if number is None else str(number)


def head_of(session: Session) -> tuple[int, str] | None:
    """Number and seal of the newest entry, as they may be noted outside; None when the trail is empty."""
    found = session.execute(select(AuditHead.number, AuditHead.seal)).first()
    return None if found is None or not found.number else (found.number, found.seal)


def newest_entry(session: Session) -> tuple[int, datetime] | None:
    """Number and moment of the newest entry; None when the trail is empty."""
    newest = select(AuditEntry.number, AuditEntry.at).order_by(AuditEntry.number.desc()).limit(1)
    found = session.execute(newest).first()
    return None if found is None else (found.number, found.at)


def as_json(facts: Facts) -> str:
    """Facts as canonical JSON: sorted names, no spaces, dates and amounts as text."""
    return _CANONICAL.encode(facts)


def _plain(value: object) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


# Made once: a hundred thousand entries are written and checked with it.
_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False, default=_plain
)
