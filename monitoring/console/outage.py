"""What an incident says of the outage itself, in words: whether it is suspected, its size, the regulator's clocks, its complaints
against what is usual. Pure; the time is handed in, and is that of events: of a replayed past every clock has run out.
"""

from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from models.joined import AgainstUsual, Incident, SizeLimit
from models.sizefile import load_sizes
from monitoring.console.formats import clock, lasting, number, seconds_of
from monitoring.console.texts import TEXTS, Language, Say, sayer

_PRECISE_BELOW: Final = 100


class Due(NamedTuple):
    """A report that is owed to a regulator."""

    report: str
    """Its name in words."""
    at: float
    """Until when, seconds since the epoch."""


def is_suspected(one: Incident) -> bool:
    """Return whether no alarm tells of it."""
    return one.suspicion is not None


def class_name(size_class: str, language: Language) -> str:
    """Return a class of size in words; one that the packaged limits do not have as it is written."""
    known = load_sizes().classes.get(size_class)
    if known is None:
        return size_class
    return known.zh if language == "zh" else known.en


def size_words(one: Incident, language: Language) -> str:
    """Return in a few words how large it is: the class that it has reached, and how many are affected; empty where nobody says."""
    say = sayer(language)
    found = [class_name(one.size_class, language)] if one.size_class else []
    if one.affected_number_of_services:
        found.append(say("incident.services").format(count=number(one.affected_number_of_services)))
    return " · ".join(found)


def clocks_of(one: Incident, say: Say) -> list[Due]:
    """Return the reports that are owed, the first due first: of limits that were passed."""
    found = []
    for limit in one.size_limit:
        for report in limit.regulator_report if limit.passed else ():
            at = seconds_of(report.due_time)
            if at is not None:
                name = f"report.{report.id}"
                found.append(Due(say(name) if name in TEXTS else report.id, at))
    return sorted(found, key=lambda due: (due.at, due.report))


def next_clock(one: Incident, say: Say, now: float) -> Due | None:
    """Return the report that is due next; the last of those that were due, where none is any more."""
    clocks = clocks_of(one, say)
    ahead = [due for due in clocks if due.at > now]
    return ahead[0] if ahead else clocks[-1] if clocks else None


def clock_words(due: Due, say: Say, now: float, zone: ZoneInfo) -> str:
    """Return how much time is left for a report, or until when it was due: whether it was made is not known here."""
    if due.at > now:
        return say("clock.left").format(report=due.report, left=lasting(due.at - now, say))
    return say("clock.due").format(report=due.report, time=clock(due.at, zone))


def limit_words(limit: SizeLimit, language: Language, zone: ZoneInfo) -> str:
    """Return what one limit says: what it made of the outage and when, or will if it lasts."""
    time = seconds_of(limit.time)
    words = sayer(language)("size.passed" if limit.passed else "size.ahead")
    return words.format(
        name=class_name(limit.size_class, language),
        count=number(limit.services),
        time=limit.time if time is None else clock(time, zone),
    )


def usual_words(against: AgainstUsual, say: Say) -> str:
    """Return how its complaints of an hour compare with what is usual."""
    name = "usual.tenfold" if against.tenfold else "usual"
    usual = f"{against.usual:.1f}" if against.usual < _PRECISE_BELOW else number(round(against.usual))
    return say(name).format(count=number(against.complaints), usual=usual)


def outage_facts(one: Incident, language: Language, zone: ZoneInfo, now: float) -> list[tuple[str, str]]:
    """Return label and value pairs of an outage, for the page of a warning that it explains."""
    say = sayer(language)
    found = [(say("outage.name"), one.name_zh if language == "zh" else one.name)]
    if one.suspicion is not None:
        numbers = say("outage.why").format(
            element=one.suspicion.element,
            count=number(one.suspicion.customers),
            of=number(one.suspicion.of_customers),
            p=f"{one.suspicion.probability:.1g}",
        )
        found.append((say("incident.suspected"), numbers))
    if size := size_words(one, language):
        found.append((say("outage.size"), size))
    limits = [limit_words(limit, language, zone) for limit in one.size_limit]
    if limits:
        found.append((say("outage.limits"), "; ".join(limits)))
    clocks = [clock_words(due, say, now, zone) for due in clocks_of(one, say)]
    if clocks:
        found.append((say("outage.clocks"), "; ".join(clocks)))
    complaints = say("incident.complaints").format(count=number(one.trouble_ticket_count))
    if one.against_usual is not None:
        complaints += f" · {usual_words(one.against_usual, say)}"
    found.append((say("outage.complaints"), complaints))
    return found
