"""`barometer faults`: outages, planned work and the complaints that they explain, as the topics have them.

A view only: it joins no consumer group and needs no worker.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import click
import msgspec
from rich.text import Text

from agents.faults.writer import POSITION_KEY
from agents.kafkaprobe import reach
from agents.lines import COLOUR_WORDS, Language, number
from agents.noticelines import size_lines, told_line
from agents.reading import Record, TopicReader
from agents.settings import Settings, load_settings
from agents.terminal import SEVERITY_STYLES, console, local_text, printable
from models.incident import Status
from models.joined import AgainstUsual, Incident, IncidentState, NoticesTold, Suspicion
from models.usual import is_usual
from topics.catalogue import INCIDENT_STATE, INCIDENTS

Value = TypeVar("Value", Incident, IncidentState)

_kept: Final = msgspec.json.Decoder(IncidentState).decode
_told: Final = msgspec.json.Decoder(Incident).decode
_json: Final = msgspec.json.Encoder().encode

GROUPS: Final[tuple[tuple[str, str, str], ...]] = (
    ("suspected", "Suspected, no alarm", "疑似隐性故障（无告警）"),
    ("fault", "Going on", "进行中的故障"),
    ("planned", "Planned work", "计划割接"),
    ("over", "Over", "已恢复或已结束"),
)
"""Key, heading in English and in Chinese."""
STATUS_ZH: Final[dict[str, str]] = {
    Status.PENDING: "待开始",
    Status.IN_PROGRESS: "进行中",
    Status.RESOLVED: "已恢复",
    Status.CLOSED: "已关闭",
    Status.CANCELLED: "已取消",
}
REASONS: Final[dict[str, tuple[str, str]]] = {
    "same_element": ("on its elements", "同一网元"),
    "below_element": ("below its elements", "下级网元"),
    "region_wide": ("in its region", "同一区域"),
    "region_only": ("in its region, element not known", "区域内（网元未知）"),
}
RANKS: Final = ("critical", "major", "minor", "warning", "indeterminate")


def kept_states(settings: Settings) -> list[IncidentState]:
    """Return the incidents that are not closed and done with, as the owner keeps them."""
    values: dict[bytes, Record] = {}
    with TopicReader(reach(settings), INCIDENT_STATE) as reader:
        for record in reader.read():
            values[record.key or b""] = record
    values.pop(POSITION_KEY, None)
    incidents = (one for key, one in values.items() if not is_usual(key.decode(errors="replace")))
    kept = (readable(record, _kept) for record in incidents if record.value is not None)
    return [state for state in kept if state is not None]


def all_incidents(settings: Settings) -> list[Incident]:
    """Return the record in force of every incident that was ever told and is retained."""
    with TopicReader(reach(settings), INCIDENTS) as reader:
        return list(in_force(reader.read()).values())


def in_force(records: Iterable[Record]) -> dict[str, Incident]:
    """Return each incident's record with the largest sequence; of equal ones the later."""
    found: dict[str, Incident] = {}
    for record in records:
        incident = readable(record, _told)
        if incident is None:
            continue
        known = found.get(incident.id)
        if known is None or incident.sequence >= known.sequence:
            found[incident.id] = incident
    return found


def readable(record: Record, decode: Callable[[bytes], Value]) -> Value | None:
    """Return what a record says; a foreign one is named on stderr and passed over."""
    try:
        return decode(record.value or b"")
    except msgspec.MsgspecError as error:
        place = f"{record.topic} partition {record.partition} offset {record.offset}"
        click.echo(f"passed over {place}: {printable(str(error))}", err=True)
        return None


def group_of(incident: Incident) -> str:
    """Return under which heading an incident stands."""
    if incident.status not in {Status.PENDING, Status.IN_PROGRESS}:
        return "over"
    if incident.suspicion is not None:
        return "suspected"
    return "planned" if incident.planned_outage else "fault"


def order_of(incident: Incident) -> tuple[int, int, str, str]:
    """Worst first, then those with most complaints, then the earliest."""
    severity = incident.perceived_severity
    rank = RANKS.index(severity) if severity in RANKS else len(RANKS)
    return rank, -incident.trouble_ticket_count, incident.first_alert, incident.id


def lines_of(incident: Incident, lang: Language, zone: ZoneInfo, notices: NoticesTold | None = None) -> Text:
    """Return an incident for people: what and since when, below it what it affects, its size, the complaints, the notices."""
    zh = lang == "zh"
    severity = incident.perceived_severity
    line = Text("  ")
    label = f" {COLOUR_WORDS.get(severity, '?')} {printable(severity).upper():<8} "
    line.append(label, style=SEVERITY_STYLES.get(severity, ""))
    line.append(f"  {STATUS_ZH.get(incident.status, incident.status) if zh else incident.status:<10}  ")
    line.append(printable(incident.name_zh if zh else incident.name), style="bold")
    line.append(
        f"  {printable(incident.underlying_alarm[0].id) if incident.underlying_alarm else ''}", style="dim"
    )
    line.append(f"  {printable(incident.id)}#{incident.sequence}", style="dim")
    since = f"{local_text(incident.first_alert, zone)}"
    until = incident.resolution_date or incident.planned_end
    if until:
        since += f" - {local_text(until, zone)}"
    suspicion = incident.suspicion
    told = [since]
    if suspicion is None:
        told.append(f"{'告警' if zh else 'alarms'} {number(incident.underlying_alarm_count)}")
    told += [
        f"{'影响用户' if zh else 'services affected'} {number(incident.affected_number_of_services)}",
        f"{'优先级' if zh else 'priority'} {incident.priority}",
    ]
    line.append(f"\n      {'，'.join(told) if zh else ', '.join(told)}")
    if suspicion is not None:
        line.append(f"\n      {_why(suspicion, zh=zh)}")
    counts = [
        f"{REASONS[reason][zh] if reason in REASONS else reason} {number(count)}"
        for reason, count in sorted(incident.link_reasons.items(), key=lambda one: -one[1])
    ]
    explained = "complaints explained" if suspicion is None else "complaints"
    complaints = f"{'关联投诉' if zh else explained} {number(incident.trouble_ticket_count)}"
    if counts:
        complaints += f"（{'，'.join(counts)}）" if zh else f" ({', '.join(counts)})"
    if incident.urge_count:
        complaints += f"{'，催办' if zh else ', urges'} {number(incident.urge_count)}"
    for size in size_lines(incident, lang, zone):
        line.append(f"\n      {size}", style="bold")
    line.append(f"\n      {complaints}", style="italic")
    if incident.against_usual is not None:
        style = "bold" if incident.against_usual.tenfold else "italic"
        line.append(f"\n      {_against(incident.against_usual, zone, zh=zh)}", style=style)
    if notices is not None:
        line.append(f"\n      {told_line(notices, lang, zone)}", style="italic")
    return line


def _why(suspicion: Suspicion, *, zh: bool) -> str:
    """Return in a line why an outage is suspected."""
    numbers = number(suspicion.customers), number(suspicion.of_customers)
    p = f"p = {suspicion.probability:.1e}"
    if zh:
        return f"半小时内本省 {numbers[1]} 名客户的投诉指明网元且无故障可解释，其中 {numbers[0]} 名在此，{p}"
    return (
        f"{numbers[0]} of {numbers[1]} customers of the region whose complaints of half an hour name an element and are "
        f"explained by no outage, {p}"
    )


def _against(against: AgainstUsual, zone: ZoneInfo, *, zh: bool) -> str:
    """Return in a line how an outage's complaints compare with what is usual."""
    hour = f"{local_text(against.since, zone)} - {local_text(against.until, zone)}"
    place = {"region": ("its region", "该区域"), "element": ("its elements", "其网元")}
    where = place[against.basis][zh] if against.basis in place else against.basis
    if zh:
        more = "，超过平常的10倍，级别上调一级" if against.tenfold else ""
        return f"{hour} 投诉 {number(against.complaints)}，{where}平常 {against.usual:,.1f}{more}"
    more = ": more than ten times, one level more severe" if against.tenfold else ""
    return f"{hour}: {number(against.complaints)} complaints where {against.usual:,.1f} are usual of {where}{more}"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--brokers", help="Kafka bootstrap servers, instead of BAROMETER_BROKERS.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", help="Language of names.")
@click.option("--json", "as_json", is_flag=True, help="The incidents as they are, one JSON object a line.")
@click.option("--all", "everything", is_flag=True, help="Also those that are closed and done with.")
def faults(*, brokers: str | None, lang: Language, as_json: bool, everything: bool) -> None:
    """Network faults and planned work, and how many complaints each explains.

    An incident is a root alarm with every alarm that names it as its parent, and the complaints from its place, about
    its services, from 30 minutes before it until two hours after it. A closed one, whose complaints have settled, is
    shown with --all. Suspected are parts of the network of which no alarm tells and about which improbably many
    customers complain (p: by chance).

    Where many are affected for long, it says which limits of size it has passed or will pass, and until when a regulator
    wants which report; and what customers were told last (without --all).

    \b
    Examples
      barometer faults
      barometer faults --lang zh
      barometer faults --all --json | jq '{name, troubleTicketCount}'
    """
    settings = load_settings(brokers=brokers)
    kept = [] if everything else kept_states(settings)
    notices = {state.incident.id: state.notices for state in kept}
    found = all_incidents(settings) if everything else [state.incident for state in kept]
    # Merged ones live on in the incident that they belong to.
    found = sorted((one for one in found if everything or not one.parent_problem), key=order_of)
    if as_json:
        for incident in found:
            click.echo(_json(incident))
        return
    out = console()
    zone = ZoneInfo(settings.zone)
    if not found:
        click.echo("目前没有故障和割接" if lang == "zh" else "no faults and no planned work")
    for key, en, zh in GROUPS:
        here = [incident for incident in found if group_of(incident) == key]
        if here:
            out.print(Text(f"{zh if lang == 'zh' else en} ({len(here)})", style="bold underline"))
            for incident in here:
                out.print(lines_of(incident, lang, zone, notices.get(incident.id)))
