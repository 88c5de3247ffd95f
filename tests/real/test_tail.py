"""`barometer tail` on real topics: what people see, what pipes get, and that Ctrl-C is an end and no accident."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec
import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from agents.commands.tail import tail
from agents.embedded.kafka import KafkaCluster
from models.notices import NoticeKind, ProactiveNotice
from models.outcomes import ClassifiedComplaint, EarlyWarning, ProvisionalNotice
from topics.catalogue import (
    CLASSIFIED_COMPLAINTS,
    EARLY_WARNINGS,
    PROACTIVE_NOTICES,
    PROVISIONAL_NOTICES,
)

CHECKOUT: Final = Path(__file__).resolve().parents[2]

WARNING: Final = EarlyWarning(
    id="0123456789abcdef",
    sequence=1,
    transition="raised",
    severity="major",
    pane=1_777_600_020,
    rule="EW01",
    rule_name="Surge of complaints",
    rule_name_zh="投诉突增",
    rule_version="1",
    kind="surge",
    cell="region=44,category=NET",
    stream="complaints",
    measure="distinct",
    window_seconds=900,
    reason="x",
    n=57,
    observed=57,
    expected=12.34,
    summary="57 complaints where 12 were expected.",
    summary_zh="投诉57件，预期12件。",
    episode_start=1_777_600_020,
)
NOTICE: Final = ProvisionalNotice(
    id="n",
    state="announced",
    rule="EW01",
    rule_version="1",
    cell="all",
    stream="complaints",
    pane=1_777_600_020,
    observed=6,
    threshold=5,
    severity="minor",
    announced_at="2026-05-01T01:46:40Z",
)
COMPLAINT: Final = ClassifiedComplaint(
    id="c",
    source="",
    time="2026-05-01T01:46:40Z",
    customer="p",
    text="手机没有信号",
    lang="zh",
    channel="app",
    region="44",
    segment="individual",
    tier=4,
    product="mobile",
    category="NET",
    subcategory="NET.COV",
    coarse="network",
    confidence=0.9,
    priority="P2",
    priority_reasons=("x",),
    department="network-ops",
    queue="network-ops/44",
    lexicon="x",
    source_topic_id="t",
    source_partition=0,
    source_offset=0,
)

Struct = EarlyWarning | ProvisionalNotice | ClassifiedComplaint | ProactiveNotice


@pytest.fixture
def topics(kafka: KafkaCluster) -> KafkaCluster:
    """The cluster with the topics in it."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    wanted = {EARLY_WARNINGS, PROVISIONAL_NOTICES, CLASSIFIED_COMPLAINTS, PROACTIVE_NOTICES}
    missing = wanted - set(admin.list_topics(timeout=10).topics)
    if missing:
        for done in admin.create_topics([NewTopic(name, 3, 1) for name in missing]).values():
            done.result(30)
    return kafka


def write(kafka: KafkaCluster, topic: str, *values: Struct | bytes, key: bytes = b"k") -> None:
    """Append in order, to one partition."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 0})
    for value in values:
        producer.produce(topic, value if isinstance(value, bytes) else msgspec.json.encode(value), key=key)
    assert producer.flush(30) == 0


def run(kafka: KafkaCluster, *arguments: str) -> Result:
    """Run the command over what is there."""
    result = CliRunner().invoke(tail, [*arguments, "--no-follow", "--brokers", kafka.bootstrap])
    assert result.exit_code == 0, result.output
    return result


def test_a_warning_is_told_in_words(topics: KafkaCluster) -> None:
    """Local time, colour word, transition, rule, place, numbers, summary; in both languages."""
    warning = msgspec.structs.replace(WARNING, id=uuid4().hex)
    write(topics, EARLY_WARNINGS, warning)
    lines = run(topics, "warnings").stdout.splitlines()
    (first,) = [number for number, line in enumerate(lines) if warning.id in line]
    said = "\n".join(lines[first : first + 3])
    for part in (
        "2026-05-01 09:47:00",
        "橙 MAJOR",
        "raised",
        "EW01 Surge of complaints",
        "Guangdong",
        "window 15 min",
    ):
        assert part in said
    assert "observed 57, expected 12.34" in said
    assert warning.summary in said
    chinese = run(topics, "warnings", "--lang", "zh").stdout
    for part in ("触发", "投诉突增", "广东", "实际 57, 预期 12.34", warning.summary_zh):
        assert part in chinese


def test_a_severity_is_followed_until_it_clears(topics: KafkaCluster) -> None:
    """What was never severe enough stays away, and so does its clearing; a repeated transition is shown once.

    episode a   minor   MAJOR   MAJOR(again)   minor     CLEARED
    shown               yes     no             yes       yes
    episode b   minor                                    cleared
    """
    a, b = uuid4().hex, uuid4().hex
    raised, escalated, calmed, cleared = (
        msgspec.structs.replace(WARNING, id=a, sequence=number, transition=transition, severity=severity)
        for number, transition, severity in (
            (1, "raised", "minor"),
            (2, "escalated", "major"),
            (3, "deescalated", "minor"),
            (4, "cleared", "cleared"),
        )
    )
    others = [msgspec.structs.replace(warning, id=b) for warning in (raised, cleared)]
    write(topics, EARLY_WARNINGS, raised, escalated, escalated, calmed, cleared, *others)
    rows = [
        json.loads(line)
        for line in run(topics, "warnings", "--severity", "major", "--json").stdout.splitlines()
    ]
    assert [row["sequence"] for row in rows if row["id"] == a] == [2, 3, 4]
    assert not [row for row in rows if row["id"] == b]


def test_what_cannot_be_read_is_told_and_passed_over(topics: KafkaCluster) -> None:
    """With its place, on stderr."""
    warning = msgspec.structs.replace(WARNING, id=uuid4().hex)
    write(topics, EARLY_WARNINGS, b"{broken", warning)
    result = run(topics, "warnings")
    assert warning.id in result.stdout
    assert f"passed over {EARLY_WARNINGS} partition" in result.stderr


def test_names_that_are_not_known_are_shown_as_codes(topics: KafkaCluster) -> None:
    """An older or newer worker's codes must not end the view."""
    warning = msgspec.structs.replace(
        WARNING, id=uuid4().hex, cell="planet=9,region=zz", severity="odd", transition="new"
    )
    write(topics, EARLY_WARNINGS, warning)
    assert "planet=9,region=zz" in run(topics, "warnings").stdout


def test_notices_show_their_state(topics: KafkaCluster) -> None:
    """Announced and confirmed are two lines, a repeat is none."""
    notice = msgspec.structs.replace(NOTICE, id=uuid4().hex)
    write(topics, PROVISIONAL_NOTICES, notice, notice, msgspec.structs.replace(notice, state="confirmed"))
    lines = [line for line in run(topics, "notices").stdout.splitlines() if notice.id in line]
    assert ["announced" in line for line in lines] == [True, False]
    assert "confirmed" in lines[1]
    assert "observed 6, threshold 5" in lines[0]
    assert notice.id not in run(topics, "notices", "--severity", "major").stdout


def test_notices_to_customers_show_what_these_read(topics: KafkaCluster) -> None:
    """Once, however often a notice was written."""
    notice = ProactiveNotice(
        id=uuid4().hex,
        sequence=1,
        kind=NoticeKind.OUTAGE_NOTICE,
        time="2026-05-01T01:46:40Z",
        fault_id=f"alm-{uuid4().hex}",
        severity="major",
        region="44",
        audience_size=1_200,
        text="A line is cut.",
        text_zh="线路中断。",
        valid_until="2026-05-01T07:46:40Z",
    )
    write(topics, PROACTIVE_NOTICES, notice, notice)
    lines = run(topics, "proactive").stdout.splitlines()
    (first,) = [number for number, line in enumerate(lines) if notice.fault_id in line]
    assert "Guangdong  audience 1,200" in lines[first]
    assert lines[first + 1].strip() == "A line is cut."


def test_classified_complaints_show_what_was_decided(topics: KafkaCluster) -> None:
    """Also that it is urgent enough to be shown at all."""
    complaint = msgspec.structs.replace(
        COMPLAINT, id=uuid4().hex, is_urge=True, repeat_of_30_days=2, text="很" * 500
    )
    write(topics, CLASSIFIED_COMPLAINTS, complaint, complaint)
    (line,) = [line for line in run(topics, "classified").stdout.splitlines() if complaint.id in line]
    for part in (
        "2026-05-01 09:46:40",
        "P2",
        "NET.COV",
        "Guangdong",
        "app > network-ops/44",
        "[urge, repeat 2]",
        "很…",
    ):
        assert part in line
    assert len(line) < 300
    assert complaint.id not in run(topics, "classified", "--priority", "P1").stdout


def test_it_follows_what_comes_and_ends_cleanly_with_ctrl_c(topics: KafkaCluster) -> None:
    """Exit code 130 and one word; no traceback, and whatever was shown is out already when the signal comes."""
    before, after = (msgspec.structs.replace(WARNING, id=uuid4().hex) for _ in range(2))
    write(topics, EARLY_WARNINGS, before)
    process = subprocess.Popen(
        [sys.executable, "-m", "agents.cli", "tail", "warnings", "--from-beginning", "--json"],
        cwd=CHECKOUT,
        env=os.environ | {"BAROMETER_BROKERS": topics.bootstrap},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        for wanted in (before, after):
            for line in process.stdout:
                if json.loads(line)["id"] == wanted.id:
                    break
            else:
                pytest.fail("it ended by itself")
            if wanted is before:
                write(topics, EARLY_WARNINGS, after)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.splitlines()[-1] == "interrupted"
