"""Fetches Kafka's jars with a progress bar on standard error, for commands that people watch."""

from agents.embedded.jars import fetch_jars


def fetch_with_progress() -> None:
    """Fetch the jars as `fetch_jars` does; a bar appears only if something is to be fetched, and only on a terminal.

    Raises:
        PartUnavailable, ContractError: as `fetch_jars`.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("fetching Apache Kafka", total=None, visible=False)
        fetch_jars(lambda done, jars: bar.update(task, completed=done, total=jars, visible=True))
