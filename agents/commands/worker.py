"""`barometer worker`: run a worker."""

from typing import Any

import click

from agents.cli import config_option
from agents.collector import without_collector


@click.command()
@config_option
@click.option("--brokers", help="Kafka bootstrap servers; BAROMETER_BROKERS.")
@click.option("--partitions", type=int, help="Partitions of the stream topics; BAROMETER_PARTITIONS.")
@click.option(
    "--metrics-port", type=int, help="Port of /metrics and /health, 0 for any; BAROMETER_METRICS_PORT."
)
@click.option(
    "--rules", "rules_file", type=click.Path(dir_okay=False), help="YAML rule set; BAROMETER_RULES_FILE."
)
@click.option("--instance-id", help="Stable name for static group membership; BAROMETER_INSTANCE_ID.")
@click.option("--log-level", help="DEBUG, INFO, WARNING or ERROR; BAROMETER_LOG_LEVEL.")
@click.option(
    "--log-json/--log-text", default=None, help="One JSON object a line, or text; BAROMETER_LOG_JSON."
)
def worker(**flags: Any) -> None:
    """Run a worker: read events, classify, count, judge, warn.

    Start as many as you like, up to one for each partition; they share the work and take over from each other. Every
    setting can also be given as BAROMETER_<NAME> or in a file; README lists them. The topics must exist: `barometer topics create`.

    \b
    Examples
      barometer worker
      BAROMETER_BROKERS=kafka:9092 barometer worker --metrics-port 0 --log-json
      barometer worker --config /etc/barometer.yaml

    SIGTERM or Ctrl-C drains, commits and leaves the group.
    """
    # Until `agents.app.spare_the_collector`: what a start makes stays, and looking for cycles in it takes a fifth of the time.
    with without_collector():
        from agents.settings import load_settings
        from monitoring.logs import configure_logging

        settings = load_settings(**flags)  # a wrong one is told before the rest is imported
        from agents.worker import run_worker

        configure_logging(settings.log_level, json=settings.log_json)
        run_worker(settings)
