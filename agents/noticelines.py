"""How large an outage is, what a regulator is owed, and what customers are told, as lines for people in English or Chinese."""

from typing import Final
from zoneinfo import ZoneInfo

from rich.text import Text

from agents.lines import COLOUR_WORDS, Language, Lines, number
from agents.terminal import SEVERITY_STYLES, local_text, local_time, printable
from models.joined import Incident, NoticesTold, SizeLimit
from models.notices import NoticeKind, ProactiveNotice
from models.sizefile import load_sizes

KINDS_ZH: Final[dict[str, str]] = {
    NoticeKind.OUTAGE_NOTICE: "故障告知",
    NoticeKind.PROGRESS_UPDATE: "进展通报",
    NoticeKind.RECOVERED: "恢复告知",
}
REPORTS: Final = {"oral": ("oral report", "口头报告"), "written": ("written report", "书面报告")}


def size_lines(incident: Incident, lang: Language, zone: ZoneInfo) -> list[str]:
    """Return a line for each limit of size: what it makes of the outage and when, and the reports that are owed."""
    return [_limit(limit, lang == "zh", zone) for limit in incident.size_limit]


def _limit(limit: SizeLimit, zh: bool, zone: ZoneInfo) -> str:
    known = load_sizes().classes.get(limit.size_class)
    name = (known.zh if zh else known.en) if known else printable(limit.size_class)
    services, time = number(limit.services), local_text(limit.time, zone)
    if zh:
        told = [f"{name}：用户 {services}，{'已于' if limit.passed else '若不恢复，将于'} {time} 达到"]
    else:
        told = [f"{name}: {services} services, {'since' if limit.passed else 'if it lasts until'} {time}"]
    for report in limit.regulator_report:
        words = REPORTS.get(report.id, (printable(report.id), printable(report.id)))
        due = local_text(report.due_time, zone)
        told.append(f"{words[1]}时限 {due}" if zh else f"{words[0]} due {due}")
    return ("，" if zh else ", ").join(told)


def told_line(told: NoticesTold, lang: Language, zone: ZoneInfo) -> str:
    """Return what customers were told last."""
    time = local_time(told.time, zone)
    if lang == "zh":
        return f"已告知客户 {told.sequence} 次，最近：{KINDS_ZH.get(told.kind, printable(told.kind))} {time}"
    return f"notices to customers {told.sequence}, last {printable(told.kind)} {time}"


def notice(lines: Lines, told: ProactiveNotice) -> Text:
    """Return a notice to customers: when, what and to how many, below it the text that they read."""
    zh = lines.language == "zh"
    line = Text(f"{local_text(told.time, lines.zone)}  ")
    label = f" {COLOUR_WORDS.get(told.severity, '?')} {printable(told.severity).upper():<8} "
    line.append(label, style=SEVERITY_STYLES.get(told.severity, ""))
    line.append(f"  {KINDS_ZH.get(told.kind, told.kind) if zh else told.kind:<15}  ", style="bold")
    regions = told.regions or (told.region,)
    line.append(("、" if zh else ", ").join(lines.place(f"region={region}") for region in regions))
    numbers = [
        f"{'告知对象' if zh else 'audience'} {number(told.audience_size)}",
        f"{'已投诉' if zh else 'complaints'} {number(told.complaints)}",
        f"{'有效至' if zh else 'valid until'} {local_text(told.valid_until, lines.zone)}",
    ]
    line.append(f"  {'，'.join(numbers) if zh else ', '.join(numbers)}")
    line.append(f"  {printable(told.fault_id)}  {printable(told.incident_id)}#{told.sequence}", style="dim")
    line.append(f"\n    {printable(told.text_zh if zh else told.text)}", style="italic")
    return line
