"""`barometer deliver`: notifications of early warnings to people; its receivers checked, its failures listed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import click

from agents.cli import config_option

EXIT_MISTAKES: Final = 1
_brokers = click.option("--brokers", help="Kafka bootstrap servers; BAROMETER_BROKERS.")


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@config_option
@_brokers
@click.option(
    "--receivers",
    "receivers_file",
    type=click.Path(dir_okay=False),
    help="YAML file of receivers; BAROMETER_RECEIVERS_FILE.",
)
@click.option(
    "--metrics-port", type=int, help="Port of /metrics and /health, 0 for any; BAROMETER_METRICS_PORT."
)
@click.option("--log-level", help="DEBUG, INFO, WARNING or ERROR; BAROMETER_LOG_LEVEL.")
@click.option(
    "--log-json/--log-text", default=None, help="One JSON object a line, or text; BAROMETER_LOG_JSON."
)
@click.pass_context
def deliver(context: click.Context, /, **flags: Any) -> None:
    """Deliver notifications of early warnings: to Alertmanager, webhooks, WeCom, DingTalk and Feishu.

    A process of its own, beside the workers. Of several one delivers and the others stand by. Each receiver has its own
    position: one that is away delays nobody, and is told what waits for it when it is back. SIGTERM or Ctrl-C ends it.

    \b
    Examples
      barometer deliver check receivers.yaml
      barometer deliver --receivers receivers.yaml --metrics-port 9465
      barometer deliver failures

    docs/delivery.md describes the file, the formats and the signatures.
    """
    if context.invoked_subcommand is not None:
        return
    from agents.delivery.service import run_deliverer
    from agents.settings import load_settings
    from monitoring.logs import configure_logging

    settings = load_settings(**flags)
    configure_logging(settings.log_level, json=settings.log_json)
    run_deliverer(settings)


@deliver.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As one JSON object, for machines.")
def check(file: Path, *, as_json: bool) -> None:
    """Check a file of receivers with everything that it names. Sends nothing, asks no cluster. Exit code 1 for a mistake.

    \b
    barometer deliver check receivers.yaml
    """
    import json

    from agents.delivery.receivers import ReceiversRefused, checked, target_of
    from models.errors import DataFileError

    found = checked(file)
    wrong = [
        {"line": one.line, "column": one.column, "place": one.place, "fault": one.fault, "remedy": one.remedy}
        for one in sorted(found.mistakes)
    ]
    told = []
    for receiver in found.receivers:
        try:
            target = target_of(receiver)
        except (DataFileError, ReceiversRefused) as error:
            wrong.append({"line": 1, "column": 1, "place": receiver.id, "fault": str(error), "remedy": ""})
        else:
            told.append(
                {
                    "id": target.id,
                    "kind": str(target.kind),
                    "host": target.host,
                    "match": dict(receiver.match),
                }
            )
    if as_json:
        click.echo(json.dumps({"receivers": told, "mistakes": wrong}, ensure_ascii=False, indent=2))
    else:
        for one in wrong:
            remedy = f"; {one['remedy']}" if one["remedy"] else ""
            click.echo(
                f"{file}:{one['line']}:{one['column']}: {one['place'] or 'top level'} {one['fault']}{remedy}"
            )
        for each in told:
            click.echo(f"{each['id']}: {each['kind']} at {each['host']}, {_matched(each['match'])}")
        click.echo(f"{len(told)} receivers, {len(wrong)} mistakes.", err=True)
    if wrong:
        raise click.exceptions.Exit(EXIT_MISTAKES)


def _matched(match: object) -> str:
    assert isinstance(match, dict)
    return ", ".join(f"{name}={value}" for name, value in match.items()) or "everything"


@deliver.command()
@_brokers
@click.option("--all", "with_ended", is_flag=True, help="Also what was taken in the end.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def failures(brokers: str | None, *, with_ended: bool, as_json: bool) -> None:
    """List what receivers have not taken in time, or have refused for good. Exit code 1 if there is any.

    \b
    barometer deliver failures
    barometer deliver failures --all --json
    """
    import msgspec

    from agents.delivery.failures import read_failure
    from agents.kafkaprobe import reach
    from agents.reading import TopicReader
    from agents.settings import load_settings
    from agents.terminal import printable
    from models.deliveries import DeliveryFailure, FailureState
    from topics.catalogue import DELIVERY_FAILURES

    with TopicReader(reach(load_settings(brokers=brokers)), DELIVERY_FAILURES) as reader:
        read = (read_failure(record) for record in reader.read())
        last: dict[str, DeliveryFailure] = {one.id: one for one in read if one is not None}
    found: Iterable[DeliveryFailure] = last.values()
    shown = [one for one in found if with_ended or one.state is not FailureState.DELIVERED]
    for one in shown:
        if as_json:
            click.echo(msgspec.json.encode(one))
        else:
            click.echo(
                f"{one.time}  {one.state:<9}  {printable(one.receiver)}  notification {printable(one.notification_id)} of "
                f"{one.due_time}, {one.attempts} attempts, {printable(one.outcome)}: {printable(one.detail)}"
            )
    if not as_json:
        click.echo(f"{len(shown)} notifications.", err=True)
    if any(one.state is not FailureState.DELIVERED for one in shown):
        raise click.exceptions.Exit(EXIT_MISTAKES)
