"""`barometer explain` and `warnings` without Kafka: what is counted, what is said, and what an action looks like."""

from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import pytest
from click.testing import CliRunner

from agents.commands import warnings as command
from agents.commands.explain import told
from agents.explanation import buckets_of, plain, points_of, rule_words, span_of
from agents.lines import Lines
from agents.seriesplot import plot
from agents.settings import load_settings
from agents.warninglines import annotated, is_noisy, notification, precision_of
from models.annotated import (
    Acknowledgement,
    Excess,
    OperatorNote,
    RuleFeedback,
    Suppression,
    Verdict,
    WarningState,
)
from models.measures import FIELDS, WIDTH, Stream, measured
from models.outcomes import Contribution
from models.rules import load_rules
from tests.unit.models.duties import MORNING, Bench, at, cleared, warning

COMPLAINTS: Final = Stream.COMPLAINTS


def vector(stream: Stream = COMPLAINTS, **fields: int) -> list[int]:
    found = [0] * WIDTH[stream]
    for name, value in fields.items():
        found[FIELDS[stream].index(name)] = value
    return found


TRANSITIONS: Final = (
    warning("w1", 1, expected=10.0, pane=MORNING, episode_start=MORNING - 900, samples=("c-1", "c-2")),
    warning("w1", 2, "escalated", "critical", expected=14.0, pane=MORNING + 900, episode_start=MORNING - 900),
    cleared("w1", 3, pane=MORNING + 2_700, expected=12.0, episode_start=MORNING - 900),
)
STATE: Final = WarningState(
    warning=TRANSITIONS[-1],
    opened=MORNING,
    cleared=MORNING + 2_760,
    acknowledged=Acknowledgement(actor="duty \x1b[31mofficer", at=MORNING, severity="major", note="on it"),
    assignee="core team",
    notes=(OperatorNote(actor="a", at=MORNING, text="ring is open"),),
    suppression=Suppression(reason="silence", by="s1", until=MORNING + 60),
    incident_id="i1",
    linked=("w7",),
    feedback=Verdict(verdict="true_alarm", actor="a", at=MORNING),
)


def lines(language: Any = "en") -> Lines:
    return Lines.load(language, ZoneInfo("Asia/Shanghai"))


def test_windows_of_the_chart_hold_what_the_minutes_hold() -> None:
    """Half-open, one after the other; expected is what the transition before it said, the first one's before that."""
    start, end, window = span_of(TRANSITIONS)
    assert window == 900
    assert (end - start) % window == 0
    minutes = {
        MORNING - 60: vector(distinct=3),
        MORNING: vector(distinct=5),
        MORNING + 840: vector(distinct=7),
        MORNING + 900: vector(distinct=100),
    }
    found = {one.end: one for one in buckets_of(TRANSITIONS, minutes)}
    assert found[MORNING].observed == 3
    assert found[MORNING + 900].observed == 12
    assert (found[MORNING - 900].expected, found[MORNING].expected, found[MORNING + 900].expected) == (
        10,
        10,
        14,
    )
    episode = [one.end for one in found.values() if one.in_episode]
    assert (episode[0], episode[-1]) == (MORNING - 900, MORNING + 2_700)
    assert max(found) == end > MORNING + 2_700


def test_the_chart_of_one_that_goes_on_follows_the_panes() -> None:
    """With whole windows up to what is known; one that is over ends where it ends."""
    last = TRANSITIONS[1].pane
    start, end, window = span_of(TRANSITIONS[:2], last + 2_000)
    assert (end, window) == (last + 1_800, 900)
    found = buckets_of(TRANSITIONS[:2], {last + 900: vector(distinct=6)}, last + 2_000)
    assert (found[0].end - window, found[-1].end) == (start, end)
    assert (found[-1].observed, found[-1].in_episode, found[-1].expected) == (6.0, True, 14.0)
    assert span_of(TRANSITIONS[:2], 0) == span_of(TRANSITIONS[:2])
    assert span_of(TRANSITIONS, last + 9_000) == span_of(TRANSITIONS)


def test_what_was_expected_follows_the_day() -> None:
    """Each window has what the first transition that knows it said; nothing is claimed after the last one's pane."""
    raised = msgspec.structs.replace(TRANSITIONS[0], expected_line=(7.0, 8.0, 10.0), line_seconds=900)
    over = msgspec.structs.replace(TRANSITIONS[2], expected_line=(99.0, 14.0, 13.0, 12.0), line_seconds=900)
    found = {one.end: one.expected for one in buckets_of((raised, TRANSITIONS[1], over), {})}
    told_there = [found[MORNING + 900 * at] for at in range(-3, 5)]
    assert told_there == [None, 7.0, 8.0, 10.0, 14.0, 13.0, 12.0, None]
    picture = plot(points_of(buckets_of((raised, over), {})), width=60).plain
    assert picture.count("·") == 6


def test_windows_of_the_chart_are_those_of_the_line() -> None:
    """A slow rise says for how long it has gone on; its counts are held against windows of an hour all the same."""
    rise = warning("w1", 1, pane=MORNING, window_seconds=90_000, expected_line=(5.0, 6.0), line_seconds=3_600)
    start, end, window = span_of([rise])
    assert (window, end) == (3_600, MORNING)
    assert start == MORNING - 40 * 3_600


@pytest.mark.parametrize(
    ("stream", "measure", "sums", "found"),
    [
        (COMPLAINTS, "distinct", {"distinct": 4}, 4.0),
        (Stream.CALLS, "within_threshold / offered", {"within_threshold": 3, "offered": 4}, 0.75),
        (Stream.CALLS, "within_threshold / offered", {}, None),
        (Stream.SURVEYS, "nps", {"nps_n": 4, "nps_promoters": 3, "nps_detractors": 1}, 50.0),
        (Stream.SURVEYS, "nps", {}, None),
        (COMPLAINTS, "of_a_later_version", {}, None),
    ],
)
def test_a_measure_is_read_off_the_sums(
    stream: Stream, measure: str, sums: dict[str, int], found: float | None
) -> None:
    """Counts, shares and means; without a sample there is no value, and no zero either."""
    assert measured(stream, measure, vector(stream, **sums)) == found


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_explanation_says_all_that_a_warning_carries(language: str) -> None:
    """Rule, numbers, contributors, complaints, department, each transition, what was added, and the chart."""
    last = msgspec.structs.replace(
        TRANSITIONS[1],
        contributors=(Contribution(cell="region=44,category=BIL", observed=30.0, expected=8.0),),
    )
    transitions = (TRANSITIONS[0], last, TRANSITIONS[2])
    buckets = buckets_of(transitions, {MORNING: vector(distinct=41)})
    text = "\n".join(part.plain for part in told(lines(language), transitions, STATE, buckets, ["EW01"], 100))
    for word in ("EW01", "network", "s1", "i1", "w7", "core team", "ring is open", "true_alarm", "41", "▲"):
        assert word in text
    assert "30 / 8" in text
    named = Contribution(cell="region=44,category=NET", observed=40.0, expected=9.0, share=0.87)
    state = msgspec.structs.replace(STATE, excess=Excess(pane=MORNING, rate=0.03, contributors=(named,)))
    text = "\n".join(part.plain for part in told(lines(language), transitions, state, buckets, ["EW01"], 100))
    assert "40 / 9  87%" in text
    assert "\x1b" not in text
    assert text.count("#3") == 1


def test_the_rule_is_put_into_words_where_the_settings_have_it_as_the_warning() -> None:
    """By the version of the rule itself; of one that reads otherwise now nothing is claimed."""
    rule = load_rules().rule("EW01")
    known = warning("w1", rule="EW01", rule_version=rule.version)
    words = rule_words(load_settings(), known, "en")
    assert "Complaint surge" in words[0]
    assert len(words) > 3
    assert rule_words(load_settings(), warning("w1", rule="EW01", rule_version="other"), "en") == []


def test_an_explanation_for_machines_is_one_object() -> None:
    """With every transition, the state, and the series as it is plotted."""
    buckets = buckets_of(TRANSITIONS, {MORNING: vector(distinct=41)})
    found = msgspec.json.decode(msgspec.json.encode(plain(TRANSITIONS, STATE, buckets, ["EW01"])))
    assert [one["sequence"] for one in found["transitions"]] == [1, 2, 3]
    assert found["state"]["assignee"] == "core team"
    assert len(found["series"]) == len(points_of(buckets))
    assert {"end": MORNING + 900, "observed": 41.0, "expected": 14.0, "inEpisode": True} in found["series"]


def test_a_state_without_anything_added_says_so() -> None:
    """Nobody has acknowledged it; nothing else is claimed."""
    text = annotated(lines(), WarningState(warning=TRANSITIONS[0], opened=MORNING)).plain
    assert text.splitlines()[-1].strip() == "not acknowledged"


def test_a_notification_says_whom_it_calls_and_why() -> None:
    """What is held back names nobody, and the reason stands beside the warning."""
    bench = Bench()
    bench.warn(0, warning("w1"))
    bench.act(0, "silence", silence_id="s1", matchers={"region": "31"}, until=at(60) * 1000)
    bench.warn(0, warning("w2", cell="region=31"))
    bench.until(1)
    texts = sorted(
        (notification(lines(), one).plain for one in bench.notifications), key=lambda one: "nobody" in one
    )
    assert "agent" in texts[0]
    assert "Guangdong" in texts[0]
    assert "[silence]" in texts[1]
    assert "不通知" in "".join(notification(lines("zh"), one).plain for one in bench.notifications)


def test_a_rule_is_noisy_when_enough_were_judged_and_most_were_false() -> None:
    """Four false alarms say little; five say something."""
    assert not is_noisy(RuleFeedback(rule="r", false_alarms=4))
    assert is_noisy(RuleFeedback(rule="r", false_alarms=5))
    assert not is_noisy(RuleFeedback(rule="r", true_alarms=5, false_alarms=5))
    row = precision_of(RuleFeedback(rule="r", true_alarms=8, false_alarms=2))
    assert row["precision"] == 0.8
    assert round(float(str(row["lower"])), 2) == 0.49
    assert precision_of(RuleFeedback(rule="r"))["precision"] is None


class Sent:
    """Takes what the commands would send."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        open_one = WarningState(warning=TRANSITIONS[0], opened=MORNING)
        over = msgspec.structs.replace(STATE, warning=cleared("over"))
        monkeypatch.setattr(command, "reach", lambda settings: None)
        monkeypatch.setattr(command, "read_states", lambda access: {"w1": open_one, "over": over})
        monkeypatch.setattr(
            command,
            "send_action",
            lambda access, topic, key, fields: self.events.append((topic, key, fields)),
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(command.warnings, arguments)
        return done.exit_code, done.output


def test_actions_are_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keyed by what they are about, with the actor; empty fields are left out."""
    sent = Sent(monkeypatch)
    assert sent.run("ack", "w1", "--actor", "a", "--note", "on it")[0] == 0
    assert sent.run("assign", "w1", "core team", "--actor", "a")[0] == 0
    assert sent.run("note", "over", "closed it", "--actor", "a")[0] == 0
    assert sent.run("feedback", "over", "--false-alarm", "--actor", "a")[0] == 0
    assert [
        (key, {name: str(value) for name, value in fields.items()}) for _, key, fields in sent.events
    ] == [
        ("w1", {"verb": "acknowledge", "actor": "a", "warningId": "w1", "note": "on it"}),
        ("w1", {"verb": "assign", "actor": "a", "warningId": "w1", "assignee": "core team"}),
        ("over", {"verb": "note", "actor": "a", "warningId": "over", "note": "closed it"}),
        ("over", {"warningId": "over", "verdict": "false_alarm", "actor": "a"}),
    ]


def test_a_silence_names_matchers_and_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its id is printed, since it is needed to end it."""
    sent = Sent(monkeypatch)
    code, output = sent.run(
        "silence",
        "--match",
        "region=44",
        "--match",
        "category=NET|BRD",
        "--for",
        "2h",
        "--id",
        "s1",
        "--actor",
        "a",
    )
    assert code == 0
    assert output.splitlines()[-1] == "s1"
    assert sent.events[0][2]["matchers"] == {"region": "44", "category": "NET|BRD"}
    assert sent.run("silence", "--warning", "w1", "--for", "2h")[0] == 0
    assert sent.events[1][2]["matchers"] == {"warning": "w1"}
    code, output = sent.run("silence", "--warning", "w1", "--for", "2h", "--actor", "a night shift")
    assert output.splitlines()[-1] == sent.events[2][1]
    assert " " not in sent.events[2][1]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("ack", "none"), 1, "knows no warning none"),
        (("ack", "over"), 1, "is over"),
        (("feedback", "w1"), 2, "--true-alarm or --false-alarm"),
        (("silence", "--for", "2h"), 2, "say which warnings"),
        (("silence", "--match", "region=44"), 2, "say how long"),
        (("silence", "--match", "region", "--for", "2h"), 2, "is no matcher"),
        (("silence", "--match", "region=44", "--for", "soon"), 2, "is no duration"),
        (("silence", "--match", "region=44", "--until", "2020-01-01"), 2, "over before it begins"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """Before anything is sent, with the remedy."""
    sent = Sent(monkeypatch)
    found, output = sent.run(*arguments)
    assert (found, said in output) == (code, True), output
    assert sent.events == []


def test_warnings_are_listed_the_worst_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are over with --all; by the labels that silences use."""
    sent = Sent(monkeypatch)
    assert sent.run("list", "--json")[1].count("\n") == 1
    assert sent.run("list", "--all", "--json")[1].count("\n") == 2
    assert sent.run("list", "--all", "--match", "warning=over", "--json")[1].count("\n") == 1
    assert "Guangdong" in sent.run("list")[1]


def test_a_policy_is_checked_with_line_and_remedy(tmp_path: Any) -> None:
    """Exit 1 where it has a mistake."""
    good = CliRunner().invoke(command.warnings, ["policy"])
    assert (good.exit_code, "fine" in good.output) == (0, True)
    path = tmp_path / "own.yaml"
    path.write_text("groups: []\n", encoding="utf-8")
    bad = CliRunner().invoke(command.warnings, ["policy", str(path)])
    assert bad.exit_code == 1
    assert "own.yaml:1:1: groups is not a list of entries; write" in bad.output
