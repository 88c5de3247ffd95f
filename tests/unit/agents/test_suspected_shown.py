"""A suspected hidden outage where people look: `barometer explain`, `warnings`, `board`, the console's sources, and what is delivered."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

import msgspec
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from agents import explanation
from agents.boardlines import warnings_of
from agents.commands import explain as command
from agents.console import sources
from agents.delivery.posting import Writer
from agents.lines import Lines
from agents.reading import Record
from agents.settings import load_settings
from agents.warninglines import annotated, notification
from models.alerts import AlertBook
from models.annotated import WarningState
from models.joined import Incident
from models.notification import Notification
from models.outcomes import ClassifiedComplaint
from models.receivers import Platform
from models.suspectwarning import rule_words, transitions_of, warning_of
from tests.unit.agents.test_boardlines import COMPLETE, shown, view
from tests.unit.agents.test_delivery_posting import NOW, writer
from tests.unit.agents.test_faults_arrived import CLASSIFIED
from tests.unit.models.duties import Bench, at, incident, warning
from tests.unit.models.suspected import merged, suspected
from topics.catalogue import CLASSIFIED_COMPLAINTS, EARLY_WARNINGS, INCIDENTS, WARNING_STATES

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
RECORDS: Final = (
    suspected(1, tickets=8),
    suspected(2, "critical", "city-olt", customers=31, looked=6, tickets=31),
    merged(3, "critical", "city-olt", looked=6),
)
_json = msgspec.json.encode


def lines(language: Any) -> Lines:
    return Lines.load(language, SHANGHAI)


class Reader:
    """Reads topics that are lists of (key, value), in partition 0."""

    topics: Mapping[str, list[tuple[str, Any]]] = {}

    def __init__(self, brokers: Any, topic: str) -> None:
        self.topic = topic

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def bounds(self) -> dict[int, tuple[int, int]]:
        return {0: (0, len(self.topics.get(self.topic, [])))}

    def offsets_at(self, time_ms: int) -> dict[int, int]:
        return {0: 0}

    def read(self, *_: object) -> Iterator[Record]:
        for offset, (key, value) in enumerate(self.topics.get(self.topic, [])):
            yield Record(self.topic, 0, offset, 0, key.encode(), _json(value))


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suspicion that an incident has taken over, among what is none, and the desk's word on it."""
    state = WarningState(warning=warning_of(RECORDS[2]), opened=at(0), cleared=at(9), incident_id="i2")
    complaints = [("k", complaint(number)) for number in range(40)]
    Reader.topics = {
        EARLY_WARNINGS: [("w1", warning("w1"))],
        INCIDENTS: [("i2", incident(id="i2")), *((one.id, one) for one in RECORDS)],
        WARNING_STATES: [("s1", state)],
        CLASSIFIED_COMPLAINTS: complaints,
    }
    monkeypatch.setattr(explanation, "TopicReader", Reader)
    monkeypatch.setattr(sources, "TopicReader", Reader)
    monkeypatch.setattr(command, "reach", lambda settings: None)


def complaint(number: int) -> ClassifiedComplaint:
    time = f"2026-03-01T09:{53 + number // 10}:{number % 10:02d}Z"
    return replace(CLASSIFIED, id=f"c{number}", time=time, text=f"no signal {number}", source_offset=number)


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(command.explain, arguments)
    return done.exit_code, done.output


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            (
                "Cleared. Guangdong: suspected hidden outage of city-olt. Incident i2 explains",
                "p below 1e-06",
                "No chart",
                "escalated",
                "c9",
            ),
        ),
        ("zh", ("解除：广东：疑似隐性故障，city-olt", "p低于1e-06", "没有计数图", "升级", "关联事件 i2")),
    ],
)
def test_it_is_explained_by_its_incident(language: str, words: tuple[str, ...]) -> None:
    """Which evidence, when it became worse, what became of it, and why there is no chart; nothing is read from the panes."""
    code, text = run("s1", "--lang", language)
    assert code == 0, text
    for word in words:
        assert word in text
    assert text.count("#3") == 1


@pytest.mark.usefixtures("topics")
def test_it_is_explained_to_machines() -> None:
    """Every transition once, without a series."""
    code, text = run("s1", "--json")
    found = json.loads(text)
    assert code == 0
    assert [one["transition"] for one in found["transitions"]] == ["raised", "escalated", "cleared"]
    assert (found["series"], found["state"]["incidentId"]) == ([], "i2")
    assert found["rule"] == rule_words(zh=False)
    code, text = run("i2")
    assert (code, "no suspected outage has that id" in " ".join(text.split())) == (1, True)


@pytest.mark.usefixtures("topics")
def test_the_console_reads_the_same_and_the_complaints_that_are_its_evidence() -> None:
    """Those that it names, also when an incident has taken them over; no complaint of the region at random."""
    told = sources.KafkaSources(load_settings()).explain("s1", "zh")
    assert told is not None
    assert [one.transition for one in told.transitions] == ["raised", "escalated", "cleared"]
    assert (told.buckets, told.words) == ((), tuple(rule_words(zh=True)))
    assert [id for _, id, _ in told.samples] == ["c9", "c8", "c7", "c6", "c5", "c4"]
    assert told.samples[0][2] == "no signal 9"
    assert sources.KafkaSources(load_settings()).explain("i2", "en") is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_is_listed_like_any_other(language: str) -> None:
    """Line, numbers, sentence, and who acts."""
    bench = Bench()
    bench.outage(0, suspected(1))
    bench.act(1, "acknowledge", warning_id="s1", note="on it")
    text = annotated(lines(language), bench.state("s1")).plain
    for word in ("EW18", "s1#1", "12", "p 3.2e-09", "olt-1", "duty officer"):
        assert word in text
    assert ("Guangdong" if language == "en" else "广东") in text


def test_the_board_shows_it_while_it_goes_on() -> None:
    """Among the active warnings, though the ledger's table has none of it; what is over, and other states, are no rows."""
    going_on = WarningState(warning=warning_of(suspected(1, "critical")), opened=1)
    over = WarningState(warning=warning_of(merged(2, id="s2")), opened=1, cleared=2)
    other = WarningState(warning=warning("w9"), opened=1)
    held = {b"=%s" % one.warning.id.encode(): b"1 " + _json(one) for one in (going_on, over, other)}
    seen = view(states={**COMPLETE, **held})
    assert {one.id for one in warnings_of(seen)} == {"s1", "w-1", "w-2", "w-3"}
    text = shown(seen)
    assert "active warnings: 5" in text
    assert "Guangdong: suspected hidden outage of olt-1" in text


# What is delivered


def told() -> list[Notification]:
    """Return what people are told of one that becomes critical and is taken over."""
    bench = Bench()
    for minute, one in enumerate(RECORDS):
        bench.outage(5 * minute, one)
    bench.until(30)
    return bench.notifications


def test_each_notification_says_it_on_a_terminal() -> None:
    """`barometer tail notifications`."""
    texts = [notification(lines("en"), one).plain for one in told()]
    assert [word in text for word, text in zip(("new", "escalated", "recovered"), texts, strict=True)] == [
        True
    ] * 3
    assert all("EW18  Guangdong" in text for text in texts)


def test_alertmanager_gets_an_alert_of_its_rule_until_it_is_over() -> None:
    """Worse, it is another alert there, and the milder one ends."""
    book = AlertBook("https://desk.example/w/{id}")
    changed = [alert for one in told() for alert in book.take(one)]
    documents = [one.document(int(NOW)) for one in changed]
    assert [(one["labels"]["severity"], one["labels"]["alertname"]) for one in documents] == [
        ("major", "EW18"),
        ("major", "EW18"),
        ("critical", "EW18"),
        ("critical", "EW18"),
    ]
    assert documents[0]["labels"] == {
        "alertname": "EW18",
        "source": "barometer",
        "warning": "s1",
        "severity": "major",
        "department": "network",
        "region": "44",
    }
    assert documents[2]["annotations"]["incident"] == "s1"
    assert documents[2]["annotations"]["summary_zh"].startswith("升级：广东：疑似隐性故障，city-olt。")
    assert documents[3]["annotations"]["incident"] == "i2"
    assert book.active == {}


def test_a_webhook_gets_it_whole() -> None:
    """As the published schema has it."""
    first = told()[0]
    post = writer(Platform.WEBHOOK).notification(first, NOW)
    found = msgspec.json.decode(post.body, type=Notification)
    assert found == first
    assert (found.items[0].rule, found.items[0].cell, found.items[0].incident_id) == (
        "EW18",
        "region=44",
        "s1",
    )


@pytest.mark.parametrize(
    ("kind", "title", "item"),
    [
        (Platform.WECOM, "【橙色预警】广东·网络部：新增", "> **橙色** 广东：疑似隐性故障，olt-1。30分钟内"),
        (
            Platform.DINGTALK,
            "【橙色预警】广东·网络部：新增",
            "- **橙色** 广东：疑似隐性故障，olt-1。30分钟内",
        ),
        (Platform.FEISHU, "【橙色预警】广东·网络部：新增", "- **橙色** 广东：疑似隐性故障，olt-1。30分钟内"),
    ],
)
def test_each_chat_is_told_which_element_and_what_to_do(kind: Platform, title: str, item: str) -> None:
    """In the words of its template, rule and id behind the sentence."""
    first = told()[0]
    text = json.dumps(_message(writer(kind), first), ensure_ascii=False)
    assert title in text
    assert item in text
    assert "请核查olt-1及其告警是否上报；确有故障请补报（EW18，s1）" in text


def _message(own: Writer, one: Notification) -> Any:
    return json.loads(own.notification(one, NOW).body)


def test_a_suspicion_of_which_records_are_missing_is_explained_by_those_that_are_there() -> None:
    """A reader that comes late, or a log that was cut: what is there is told as far as it goes."""
    found = transitions_of(RECORDS[1:])
    assert [one.transition for one in found] == ["raised", "cleared"]
    bare: list[Incident] = [replace(one, trouble_ticket=()) for one in RECORDS]
    assert [one.samples for one in transitions_of(bare)] == [(), (), ()]
