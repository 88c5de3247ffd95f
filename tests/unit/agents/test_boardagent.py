"""The board agent where nothing is started: no Kafka, no Redis."""

from typing import Any

from agents.boardagent import BoardAgent, board_of
from agents.settings import load_settings


def test_an_agent_that_never_began_can_be_stopped() -> None:
    """A worker that fails between making and starting it ends with its own failure, not with the thread's."""
    settings = load_settings(redis_url="redis://127.0.0.1:1/0")
    board = board_of(settings)
    assert board is not None
    facts: dict[str, Any] = {}
    agent = BoardAgent(settings, board, {}, facts=lambda: facts, on_rebuild=lambda topic, why: None)
    agent.stop()
