"""What customers read: the texts of a policy, filled in in both languages, with local times and no word of the network's own."""

from datetime import datetime, tzinfo
from typing import Final

from models.naming import Names
from models.noticeplan import Due
from models.noticepolicy import NoticePolicy, Words
from models.notices import NoticeKind
from models.outage import Outage

_EN: Final = "%Y-%m-%d %H:%M"


def words_of(outage: Outage, due: Due, policy: NoticePolicy, names: Names, zone: tzinfo) -> Words:
    """Return the text of a notice."""
    text = policy.texts[_text(outage, due)]
    begin, end = due.stretch
    if outage.planned and outage.root.planned_end is not None and due.kind is NoticeKind.OUTAGE_NOTICE:
        end = outage.root.planned_end
    times = {"begin": begin, "end": end, "next": due.until}
    regions = [names.of("region", code) for code in sorted(outage.regions)]
    services = [policy.services.get(code, Words(code, code)) for code in sorted(outage.services)]
    filled = []
    for language, comma in enumerate((", ", "、")):
        told = {
            "place": comma.join(region[language] for region in regions) or policy.place[language],
            "services": comma.join(service[language] for service in services) or policy.unnamed[language],
        }
        told |= {name: _clock(time, language, zone) for name, time in times.items()}
        filled.append(text[language].format(**told))
    return Words(*filled)


def _text(outage: Outage, due: Due) -> str:
    if outage.root.cancelled:
        return "called_off"
    kind = "planned" if outage.planned else "fault"
    match due.kind:
        case NoticeKind.PROGRESS_UPDATE:
            return f"{kind}_update"
        case NoticeKind.RECOVERED:
            return f"{kind}_over"
    return "planned_open" if outage.planned and outage.root.planned_end is None else kind


def _clock(time: int, language: int, zone: tzinfo) -> str:
    local = datetime.fromtimestamp(time, zone)
    return f"{local.month}月{local.day}日{local:%H:%M}" if language else local.strftime(_EN)
