"""The per-diem rules once more, slow and obvious: day by day, with lists and dictionaries, sharing no code with them.

Only the plain inputs and the rule set's values are the engine's; every decision is made anew here.
"""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
NEVER = object()


def day_list(first, last):
    days = []
    while first <= last:
        days.append(first)
        first += timedelta(days=1)
    return days


def anti_infective_code(course, rules):
    if course.manual_code:
        return course.manual_code
    by_interval = {3: "S9497", 4: "S9504", 6: "S9503", 8: "S9502", 12: "S9501", 24: "S9500"}
    if rules.tiers_for("anti_infective").value == "GENERIC":
        return "S9494"
    return by_interval.get(course.interval_hours, "S9494")


def catheter_code(course):
    return "S5497" if course.lumens is None else "S5498" if course.lumens == 1 else "S5501"


def volume_code(course):
    litres = course.litres_per_day
    if litres is None:
        return "S9364"
    if litres <= 1:
        return "S9365"
    if litres <= 2:
        return "S9366"
    return "S9367" if litres <= 3 else "S9368"


def code_of(course, rules):
    if course.family == "catheter_care":
        return catheter_code(course)
    if course.family == "tpn":
        return volume_code(course)
    return anti_infective_code(course, rules)


def is_dose_day(course, day):
    """Whether the ordered schedule puts a dose on this calendar day."""
    hour = course.start_hour
    on = course.start_on
    while on <= day:
        if on == day:
            return True
        hour += course.interval_hours
        on += timedelta(days=hour // 24)
        hour %= 24
    return False


def is_paused(course, day, pauses, rules):
    for pause in pauses:
        if pause.course_id is not None and pause.course_id != course.id:
            continue
        last = pause.last_on
        if day < pause.first_on or (last is not None and day > last):
            continue
        kind = pause.kind.value
        if kind == "hospital":
            full = day != pause.first_on and day != last
            if full and not rules.count_inpatient_day:
                return True
            if day == pause.first_on and not rules.count_admit_day:
                return True
            if day == last and not rules.count_discharge_day:
                return True
        elif kind == "hold" and not rules.count_hold_days:
            grace = rules.hold_grace_days if rules.day_basis.value == "ACCESS" else 0
            if (day - pause.first_on).days >= grace:
                return True
        elif kind == "other" and not rules.count_other_interruptions:
            return True
    return False


def begin_of(course):
    """The day the order began, be it under an earlier version."""
    return course.ordered_on or course.start_on


def end_of(course):
    """The day the therapy ends; none where a newer version of the order follows."""
    return None if course.goes_on else course.stop_on


def is_service_day(course, day, pauses, rules):
    if day < course.start_on or (course.stop_on is not None and day > course.stop_on):
        return False
    if course.interval_hours is not None and course.interval_hours > rules.max_interval_hours:
        return False
    if is_paused(course, day, pauses, rules):
        return False
    hours = rules.day_basis.value == "ELAPSED_24H"
    if not hours and day == begin_of(course) and not rules.count_start_day:
        return False
    if not hours and day == end_of(course) and not rules.count_end_day:
        return False
    if day in course.suite_days and not rules.count_suite_days:
        return False
    if rules.day_basis.value == "ACCESS" or course.interval_hours is None:
        return True
    return is_dose_day(course, day)


def fee_on(fees, code, day):
    found = [
        fee for fee in fees if fee.code == code and fee.first_on <= day and (fee.last_on is None or day <= fee.last_on)
    ]
    return max(found, key=lambda fee: fee.first_on, default=None)


def rank_position(course, code, fee, rules):
    tie = (begin_of(course), code, course.id)
    by = rules.rank_by.value
    if by == "START_DATE":
        return tie
    if by == "CONTRACT_RATE_DESC":
        return (1, 0, *tie) if fee is None else (0, -fee.rate, *tie)
    if by == "FIXED_TABLE":
        table = list(rules.rank_table)
        return (table.index(code) if code in table else len(table), *tie)
    return (1, 0, *tie) if course.manual_rank is None else (0, course.manual_rank, *tie)


def marks_of(course, rank, day, rules):
    marks = []
    if rank >= 2 and rules.concurrency_modifiers:
        marks.append(rules.concurrency_modifiers[min(rank - 2, len(rules.concurrency_modifiers) - 1)])
        marks += rules.concurrency_extra_modifiers
    if day in course.suite_days and rules.suite_modifier:
        marks.append(rules.suite_modifier)
    return tuple(sorted(marks, key=lambda mark: list(rules.modifier_order).index(mark)))


def authorization_for(code, day, authorizations, left):
    """The authorization this day uses, or none, and whether one that covers the day was used up."""
    ordered = sorted(authorizations, key=lambda each: (each.days.last, each.days.first, each.number))
    used_up = False
    for each in ordered:
        if each.code in ("", code) and each.days.first <= day <= each.days.last:
            if left[each.number] is None:
                return each.number, False
            if left[each.number] > 0:
                left[each.number] -= 1
                return each.number, False
            used_up = True
    return "", used_up


def ranked_groups(active, rules):
    """The day's therapies in groups that rank together; a group of its own, marked None, takes no rank."""
    groups = {}
    for each in active:
        scope = rules.rank_scope.value
        if scope == "INFUSIONS_ONLY" and each[1] in rules.unranked_codes:
            groups.setdefault((None, each[0].id), []).append(each)
        elif scope == "SAME_FAMILY":
            groups.setdefault((each[0].family, 0), []).append(each)
        else:
            groups.setdefault(("", 0), []).append(each)
    return groups


def billed_days(period, courses, pauses, rules, fees, authorizations):
    """Each billed day as a dictionary, by day and rank."""
    rows = []
    left = {each.number: None if each.units is None else max(0, each.units - each.used) for each in authorizations}
    used_in_month = {}
    for day in day_list(period.first, period.last):
        today = []
        active = [course for course in courses if is_service_day(course, day, pauses, rules)]
        others = [course for course in active if course.family != "catheter_care"]
        if others and not rules.catheter_care_beside_therapy:
            active = others
        priced = [(course, code_of(course, rules), fee_on(fees, code_of(course, rules), day)) for course in active]
        for (family, _), group in ranked_groups(priced, rules).items():
            group.sort(key=lambda each: rank_position(*each, rules))
            for place, (course, code, fee) in enumerate(group, start=1):
                rank = 0 if family is None else place
                percent = Decimal(100) if rank == 0 else rules.rank_percent[min(rank, len(rules.rank_percent)) - 1]
                today.append(
                    {
                        "day": day,
                        "course": course.id,
                        "start": begin_of(course),
                        "code": code,
                        "marks": marks_of(course, rank, day, rules),
                        "rank": rank,
                        "percent": percent,
                        "rate": None if fee is None else fee.rate,
                    }
                )
        today.sort(key=lambda row: (row["rank"], row["start"], row["course"]))
        seen = {}
        for row in today:
            key = (row["code"], row["marks"])
            if seen.get(key, 0) >= rules.max_units_per_day:
                continue
            seen[key] = seen.get(key, 0) + 1
            month = (row["code"], day.year, day.month)
            if rules.max_units_per_month is not None and used_in_month.get(month, 0) >= rules.max_units_per_month:
                continue
            used_in_month[month] = used_in_month.get(month, 0) + 1
            row["authorization"], used_up = authorization_for(row["code"], day, authorizations, left)
            row["waits"] = used_up and rules.authorization_required
            if rules.authorization_required and rules.unauthorized.value == "BLOCK" and not row["authorization"]:
                continue
            rows.append(row)
    return rows


def lines(rows, period, courses, pauses, rules):
    """The billed days of each therapy gathered into lines: (course, code, marks, first, last, units, expected)."""
    made = []
    for course in courses:
        mine = sorted((row for row in rows if row["course"] == course.id), key=lambda row: row["day"])
        current = []
        for row in mine:
            if current and not continues(current, row, course, pauses, rules):
                made += finished(current, rules)
                current = []
            current.append(row)
        if current:
            made += finished(current, rules)
    return sorted(made, key=repr)


def continues(current, row, course, pauses, rules):
    last = current[-1]
    policy = rules.span_policy.value
    same = ("code", "marks", "rank", "percent", "rate", "authorization", "waits")
    if any(last[key] != row[key] for key in same) or policy == "DAILY":
        return False
    between = day_list(last["day"] + timedelta(days=1), row["day"] - timedelta(days=1))
    if between and policy == "CONTIGUOUS_RUNS":
        return False
    if any(not nothing_given(course, day, pauses, rules) for day in between):
        return False
    if policy == "CALENDAR_MONTH" and (last["day"].year, last["day"].month) != (row["day"].year, row["day"].month):
        return False
    return not (policy == "MAX7" and (row["day"] - current[0]["day"]).days >= 7)


def nothing_given(course, day, pauses, rules):
    """Whether the only reason against this day is that no dose fell on it."""
    if rules.day_basis.value == "ACCESS" or course.interval_hours is None or is_dose_day(course, day):
        return False
    if is_paused(course, day, pauses, rules) or (day in course.suite_days and not rules.count_suite_days):
        return False
    if rules.day_basis.value == "ELAPSED_24H":
        return True
    return not (
        (day == begin_of(course) and not rules.count_start_day) or (day == end_of(course) and not rules.count_end_day)
    )


def finished(current, rules):
    days = (current[-1]["day"] - current[0]["day"]).days + 1
    if rules.units_vs_span.value == "LINE_PER_DATE" and days > len(current):
        return [one_line([row], rules) for row in current]
    return [one_line(current, rules)]


def one_line(rows, rules):
    first = rows[0]
    if first["rate"] is None:
        expected = Decimal("0.00")
    elif rules.rounding.value == "PER_UNIT":
        expected = (first["rate"] * first["percent"] / 100).quantize(CENT, ROUND_HALF_UP) * len(rows)
    else:
        expected = (first["rate"] * len(rows) * first["percent"] / 100).quantize(CENT, ROUND_HALF_UP)
    return (
        first["course"],
        first["code"],
        first["marks"],
        first["day"],
        rows[-1]["day"],
        len(rows),
        expected,
        first["authorization"],
    )
