"""`barometer console`: the operations console as a web page."""

import logging
import os
from getpass import getuser
from typing import Any, Final

import click

from agents.cli import EXIT_ENVIRONMENT, config_option

log = logging.getLogger(__name__)

MISSING: Final = "the console needs its widgets, which are an extra of their own: install them with pip install 'barometer-cx[console]'"


class NoWidgets(click.ClickException):
    """NiceGUI is not installed."""

    exit_code = EXIT_ENVIRONMENT


@click.command()
@config_option
@click.option("--brokers", help="Kafka bootstrap servers; BAROMETER_BROKERS.")
@click.option(
    "--redis-url", help="Redis of the board; BAROMETER_REDIS_URL. Keep passwords out of the command line."
)
@click.option("--partitions", type=int, help="Partitions of the stream topics; BAROMETER_PARTITIONS.")
@click.option("--host", "console_host", help="Where to listen; BAROMETER_CONSOLE_HOST, loopback by default.")
@click.option("--port", "console_port", type=int, help="Port; BAROMETER_CONSOLE_PORT.")
@click.option(
    "--label",
    "console_label",
    help="What stands in the bar of every page, `English | 中文` where they differ; BAROMETER_CONSOLE_LABEL.",
)
@click.option("--log-level", help="DEBUG, INFO, WARNING or ERROR; BAROMETER_LOG_LEVEL.")
@click.option(
    "--log-json/--log-text", default=None, help="One JSON object a line, or text; BAROMETER_LOG_JSON."
)
def console(**flags: Any) -> None:
    """The operations console: warnings, regions, satisfaction, pipeline and handover as live web pages.

    It shows the board in Redis, which workers write, and asks Kafka for history; what people do there leaves as events. It
    needs no Internet. In English and Chinese, light and dark, with keys (press ?).

    Without a login it listens on loopback only, for whoever sits at the machine. Elsewhere it wants BAROMETER_CONSOLE_TOKEN (may act)
    and perhaps BAROMETER_CONSOLE_VIEW_TOKEN (may look), or a proxy that names people (BAROMETER_CONSOLE_PROXIES). See docs/console.md.

    \b
    Examples
      barometer console
      barometer console --port 9000
      BAROMETER_CONSOLE_TOKEN=... barometer console --host 0.0.0.0

    Exit codes: 0 ended by SIGTERM or Ctrl-C; 2 a setting is wrong; 3 the widgets are not installed, or the port is taken.
    """
    # NiceGUI takes a process that inherited this for its own test.
    os.environ.pop("PYTEST_CURRENT_TEST", None)
    try:
        from monitoring.console.serve import serve
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] in {"nicegui", "fastapi", "socketio"}:
            raise NoWidgets(MISSING) from None
        raise
    from agents.settings import load_settings
    from monitoring.console.access import ConsoleRefused
    from monitoring.logs import configure_logging

    settings = load_settings(**flags)
    configure_logging(settings.log_level, json=settings.log_json)
    desk = _desk_of(settings)
    address = f"http://{settings.console_host}:{settings.console_port}"
    try:
        serve(
            desk,
            settings.console_host,
            settings.console_port,
            lambda: click.echo(f"operations console at {address}", err=True),
        )
    except ConsoleRefused as refused:
        raise click.UsageError(str(refused)) from None


def _desk_of(settings: Any) -> Any:
    from ipaddress import ip_network
    from zoneinfo import ZoneInfo

    from agents.boardagent import board_of
    from agents.console.sources import KafkaSources
    from agents.settings import listed
    from models.errors import BarometerError
    from models.naming import load_names
    from monitoring.console.access import Access
    from monitoring.console.desk import Desk
    from monitoring.console.feed import Feed
    from monitoring.console.texts import labelled

    board = board_of(settings)
    if board is None:
        raise click.UsageError("there is no board: BAROMETER_REDIS_URL is empty; set it, or give --redis-url")
    sources = KafkaSources(settings)
    feed = Feed(board, settings.partitions)
    try:
        for told in sources.recent_windows():
            feed.remember(told)
    except BarometerError as error:
        log.warning("sparklines begin with nothing: %s", error)

    def secret(value: Any) -> str:
        return "" if value is None else str(value.get_secret_value())

    access = Access(
        token=secret(settings.console_token),
        view_token=secret(settings.console_view_token),
        proxies=tuple(map(ip_network, listed(settings.console_proxies))),
        user_header=settings.console_user_header.lower(),
        operators=frozenset(listed(settings.console_operators)),
        local_name=_login(),
    )
    return Desk(
        feed, sources, access, load_names(), ZoneInfo(settings.zone), labelled(settings.console_label)
    )


def _login() -> str:
    try:
        return getuser()
    except (OSError, KeyError):
        return "local"
