"""`barometer up`: the embedded Kafka and Redis, for people who want to point their own programs at them."""

import signal
import time
from pathlib import Path

import click


@click.command()
@click.option(
    "--nodes", type=click.Choice(["1", "3"]), default="1", show_default=True, help="Kafka nodes; 3 replicate."
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the data here and find it again next time. Without it everything is deleted at the end.",
)
@click.option("--topics/--no-topics", default=True, show_default=True, help="Create Barometer's topics.")
def up(nodes: str, data_dir: Path | None, topics: bool) -> None:
    """Start Kafka and Redis on free loopback ports and keep them running until Ctrl-C.

    What is started is Apache Kafka itself (KRaft) and a real Redis; their logs go into files, never here. The lines on
    standard output are settings: export them in another terminal and every `barometer` command there uses these parts.

    \b
    Examples
      barometer up
      barometer up --nodes 3 --data-dir ./data
      barometer up > parts.env &     then: set -a; . ./parts.env; barometer worker
    """
    from agents.embedded.kafka import KafkaCluster
    from agents.embedded.progress import fetch_with_progress
    from agents.embedded.redis import RedisServer, find_redis
    from agents.terminal import console

    say = console(click.get_text_stream("stderr")).print
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both are the ordinary way to end it
    origin = find_redis().origin
    fetch_with_progress()
    cluster = KafkaCluster(int(nodes), data_dir / "kafka" if data_dir else None)
    kept = f"data in {data_dir}" if data_dir else "data is deleted at the end"
    with cluster, RedisServer(data_dir / "redis" if data_dir else None) as redis:
        if topics:
            _create_topics(cluster.bootstrap, replication=int(nodes))
        try:
            say(
                f"Apache Kafka ({nodes} {'node' if nodes == '1' else 'nodes'}) and Redis ({origin}) are up; {kept}."
            )
            say(
                "Export the settings in another terminal, then for example: barometer worker. Ctrl-C ends them."
            )
            click.echo(f"BAROMETER_BROKERS={cluster.bootstrap}")
            click.echo(f"BAROMETER_REPLICATION={nodes}")
            click.echo(f"BAROMETER_REDIS_URL={redis.url}")
            while True:
                time.sleep(1)
                cluster.check()
        except KeyboardInterrupt:
            say("stopping ...")


def _create_topics(bootstrap: str, replication: int) -> None:
    from agents.settings import load_settings
    from topics.provision import provision

    settings = load_settings(brokers=bootstrap, replication=replication, kafka_security="PLAINTEXT")
    provision(settings.brokers, partitions=settings.partitions, replication=settings.replication)
