"""`barometer explain`: why a warning was raised, what it counted against what it expected, and what became of it."""

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

import click
import msgspec
from rich.text import Text

from agents.explanation import (
    Bucket,
    buckets_of,
    is_counted,
    minutes_of,
    plain,
    points_of,
    rule_words,
    span_of,
    state_of,
    transitions_of,
)
from agents.kafkaprobe import reach
from agents.lines import STATES_ZH, Language, Lines, duration, number
from agents.seriesplot import plot
from agents.settings import load_settings
from agents.terminal import console, local_time, printable
from agents.warninglines import annotations
from models.annotated import WarningState
from models.outcomes import EarlyWarning

WIDTH_MAX: Final = 100
_ZH: Final = {
    "rule": "规则",
    "numbers": "数值",
    "contributors": "超出部分的主要来源（实际/预期、占比）",
    "samples": "样例投诉（脱敏编号）",
    "department": "建议处理部门",
    "episode": "本次过程",
    "before": "上一次",
    "state": "处理情况",
    "chart": "每{window}一格：柱为实际，点为预期（以各次变化所述为准），▲为本次过程",
    "uncounted": "网元不是统计单元，因此没有计数图；依据是指向该网元或其下级的投诉客户（见样例投诉）",
    "none": "无",
    "unknown rule": "该预警依据该规则的{version}版，当前设置（BAROMETER_RULES_FILE）中的规则与之不同，无法用文字说明",
}
_EN: Final = {
    "rule": "Rule",
    "numbers": "Numbers",
    "contributors": "Most of the excess from (counted / expected, share)",
    "samples": "Complaints, for example (masked ids)",
    "department": "Department",
    "episode": "Episode",
    "before": "The one before",
    "state": "What people and outages have to do with it",
    "chart": "One column is {window} or more: bars were counted, dots expected (as the transitions say it), ▲ the episode",
    "uncounted": "No chart: elements are no cells. The evidence is customers who name this one or what hangs on it, some by their complaints above",
    "none": "none",
    "unknown rule": "it was raised under version {version} of this rule; the rules of the settings (BAROMETER_RULES_FILE) have it otherwise",
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("warning_id")
@click.option("--brokers", help="Kafka bootstrap servers, instead of BAROMETER_BROKERS.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", help="Language.")
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
@click.option("--no-chart", is_flag=True, help="Leave the series out: nothing is read from the panes.")
def explain(*, warning_id: str, brokers: str | None, lang: Language, as_json: bool, no_chart: bool) -> None:
    """Why a warning was raised: the rule in words, what was counted and what was expected, and what became of it.

    Reads the ledger, the duty desk's states and the panes of the one cell; needs no worker. A suspected hidden outage (EW18) is in no
    ledger and no pane: its incident says on which evidence.

    \b
    Examples
      barometer explain 5f2c9c0d7e1a4b38
      barometer explain 5f2c9c0d7e1a4b38 --lang zh
      barometer explain 5f2c9c0d7e1a4b38 --json | jq .series
    """
    settings = load_settings(brokers=brokers)
    access = reach(settings)
    transitions = transitions_of(access, warning_id)
    if not transitions:
        raise click.ClickException(
            f"there is no warning {printable(warning_id)}: not in the ledger (`barometer tail warnings --no-follow` shows all of it), and no "
            "suspected outage has that id"
        )
    state = state_of(access, warning_id)
    buckets: list[Bucket] = []
    last = transitions[-1]
    if not no_chart and is_counted(last):
        start, end, _ = span_of(transitions)
        with click.progressbar(
            length=1_000, label="reading the panes", file=click.get_text_stream("stderr")
        ) as bar:

            def progress(done: int, total: int) -> None:
                bar.update(max(0, done * 1_000 // max(1, total) - bar.pos))

            minutes = minutes_of(access, last.stream, last.cell, start, end, progress)
        buckets = buckets_of(transitions, minutes)
    words = rule_words(settings, last, lang)
    if as_json:
        click.echo(msgspec.json.encode(plain(transitions, state, buckets, words)))
        return
    out = console()
    width = min(WIDTH_MAX, out.width)
    lines = Lines.load(lang, ZoneInfo(settings.zone))
    for part in told(lines, transitions, state, buckets, words, width):
        out.print(part)


def told(
    lines: Lines,
    transitions: Sequence[EarlyWarning],
    state: WarningState | None,
    buckets: Sequence[Bucket],
    words: Sequence[str],
    width: int,
) -> list[Text]:
    """Return the explanation for people, part by part."""
    say = _ZH if lines.language == "zh" else _EN
    judged = transitions[-1]
    worst = max(transitions, key=lambda one: (one.severity != "cleared", one.sequence))
    parts = [lines.warning(judged)]

    def part(name: str, rows: Sequence[str]) -> None:
        text = Text(f"\n{say[name]}", style="bold")
        for row in rows:
            text.append(f"\n  {row}", style="not bold")
        parts.append(text)

    part("rule", words or [say["unknown rule"].format(version=printable(judged.rule_version))])
    part("numbers", [lines.comparison(worst)])
    found = worst.contributors if state is None or state.excess is None else state.excess.contributors
    contributors = [
        f"{lines.place(one.cell)}  {number(one.observed)}"
        + ("" if one.expected is None else f" / {number(one.expected)}")
        + ("" if one.share is None else f"  {one.share:.0%}")
        for one in found
    ]
    if is_counted(judged):
        part("contributors", contributors or [say["none"]])
    part("samples", [", ".join(map(printable, worst.samples)) or say["none"]])
    part("department", [printable(judged.department) or say["none"]])
    rows = []
    for one in transitions:
        said = STATES_ZH.get(one.transition, one.transition) if lines.language == "zh" else one.transition
        rows.append(
            f"{one.sequence:>3}  {local_time(one.pane, lines.zone)}  {printable(said):<11}  {printable(one.severity):<8}  "
            f"{lines.comparison(one)}  [{printable(one.reason)}]"
        )
    if judged.previous_episode:
        rows.append(f"{say['before']}: {printable(judged.previous_episode)}")
    part("episode", rows)
    part("state", annotations(lines, state) if state is not None else [say["none"]])
    if buckets:
        chart = Text("\n")
        chart.append_text(plot(points_of(buckets), width=width))
        chart.append(
            f"\n{' ' * 11}{local_time(buckets[0].end, lines.zone)} - {local_time(buckets[-1].end, lines.zone)}"
        )
        chart.append(
            f"\n{say['chart'].format(window=duration(buckets[-1].end - buckets[-2].end))}", style="dim"
        )
        parts.append(chart)
    elif not is_counted(judged):
        parts.append(Text(f"\n{say['uncounted']}", style="dim"))
    return parts
