"""The kinds of incidents in words, and how people state one: KIND, or KIND@REGION:FROM-TO."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from agents.simulator.spec import NATION, NATIONWIDE, Incident, IncidentKind
from models.pane import DAY, HOUR, MINUTE

WORDS: Final[Mapping[IncidentKind, tuple[str, str]]] = {
    IncidentKind.FIBRE_CUT: ("a cut with an alarm: network and broadband complaints in one city", "EW01"),
    IncidentKind.HIDDEN_CUT: ("the same without any alarm", "EW01, EW18"),
    IncidentKind.BILLING_ERROR: ("a wrong bill run: billing complaints", "EW01"),
    IncidentKind.UNDERSTAFFED_HOTLINE: ("too few people on a hotline: waits and abandonment", "EW13, EW14"),
    IncidentKind.CSAT_DROP: ("the satisfaction with customer service breaks down", "EW05"),
    IncidentKind.ALARM_STORM: ("a core node fails: hundreds of alarms under one root, a whole city", "EW01"),
    IncidentKind.PLANNED_WORK: ("announced work on the network, and complaints about it", "only suppressed"),
    IncidentKind.VIRAL_REPOST: ("one text with small edits from many customers", "EW26"),
    IncidentKind.SILENT_CHANNEL: ("the app's complaints stop arriving and are lost", "EW27"),
    IncidentKind.RUDE_CAMPAIGN: (
        "rude installers: satisfaction falls, attitude complaints rise",
        "EW05, EW01",
    ),
    IncidentKind.PRICE_CHANGE: ("a dearer tariff: bill and plan complaints rise slowly", "EW02"),
    IncidentKind.SLOW_DESKTOP: (
        "the people's desktop is slow: contacts take 1.5 to 1.8 times as long",
        "EW15",
    ),
    IncidentKind.LATE_BATCH: ("complaints are held back and arrive together next morning", "nothing"),
    IncidentKind.CLOCK_AHEAD: ("a producer's clock is 90 s fast", "nothing"),
    IncidentKind.CLOCK_BEHIND: ("a producer's clock is 10 min slow", "nothing"),
    IncidentKind.BAD_PRODUCER: ("garbage, wrong types, duplicates, events out of order", "nothing"),
}
"""What happens, and what should be raised."""

FORM: Final = "KIND@REGION:FROM-TO, for example fibre_cut@44:08:00-10:30 or price_change@all:1/00:00-5/23:00"

_STATED: Final = re.compile(r"(?P<kind>\w+)@(?P<regions>\w+(?:,\w+)*):(?P<begin>[\d/:]+)-(?P<end>[\d/:]+)")
_MOMENT: Final = re.compile(r"(?:(?P<day>\d+)/)?(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?")


def stated(text: str, start: int, end: int) -> Incident:
    """Read an incident as people write it.

    Args:
        text: `KIND@REGION[,REGION]:FROM-TO`. FROM and TO are local times, `8` or `08:30`, on the last day, or `3/08:30` on the
            third day. REGION is a province's GB/T 2260 code, or `all` where the kind may be nationwide.
        start: of the simulation, epoch seconds.
        end: of the simulation.

    Raises:
        ValueError: what is wrong, and how it is written.
    """
    found = _STATED.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no incident; write {FORM}")
    kind = kind_of(found["kind"])
    begin, finish = (_moment(found[name], text, start, end) for name in ("begin", "end"))
    if not start <= begin < finish <= end:
        raise ValueError(f"{text!r} lies outside the simulated days, or ends before it begins")
    regions = tuple(found["regions"].split(","))
    if NATION in regions and kind not in NATIONWIDE:
        raise ValueError(
            f"{kind} happens in provinces; write their codes, for example {kind}@44:{found['begin']}-..."
        )
    return Incident(kind, regions, begin, finish)


def kind_of(text: str) -> IncidentKind:
    """Return the kind that `text` names. Raises ValueError with all that there are."""
    try:
        return IncidentKind(text)
    except ValueError:
        raise ValueError(f"there is no kind {text!r}; there are {', '.join(IncidentKind)}") from None


def is_stated(texts: Sequence[str]) -> bool:
    """Say whether incidents are stated with place and time. Raises ValueError where only some are."""
    marked = ["@" in text for text in texts]
    if any(marked) and not all(marked):
        raise ValueError("state place and time of all incidents, or of none")
    return any(marked)


def _moment(text: str, whole: str, start: int, end: int) -> int:
    found = _MOMENT.fullmatch(text)
    if found is None or int(found["hour"]) > 24 or int(found["minute"] or 0) > 59:
        raise ValueError(f"{text!r} in {whole!r} is no time; write 8, 08:30, or 3/08:30 for the third day")
    day = start + (int(found["day"]) - 1) * DAY if found["day"] else end - DAY
    return day + int(found["hour"]) * HOUR + int(found["minute"] or 0) * MINUTE
