"""The board agent where nothing is started: no Kafka, no Redis."""

from pathlib import Path
from typing import Any

import pytest

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


def test_the_board_takes_the_password_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From wherever secrets come; it holds instead of the one in the URL."""
    (tmp_path / "redis_password").write_text("sesame\n", encoding="utf-8")
    monkeypatch.setenv("BAROMETER_SECRETS_DIR", str(tmp_path))
    board = board_of(load_settings(redis_url="redis://u:other@127.0.0.1:1/0"))
    assert board is not None
    assert board.place.password == "sesame"
