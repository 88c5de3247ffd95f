"""Topics that Faust creates at a start, while a broker goes away: asked for again, unless asking again cannot help."""

import gc
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import NodeNotReadyError, TopicAuthorizationFailedError
from faust.transport.drivers import aiokafka as driver

from agents import app, batchtransport
from agents.app import create_pipeline
from agents.batchtransport import BatchTransport
from agents.settings import load_settings
from models.measures import Stream
from topics.catalogue import PANES, input_of


class Answers:
    """What creating a topic leads to, time after time; nothing more is success."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.asked: list[tuple[Any, ...]] = []

    async def create(self, *args: Any) -> None:
        self.asked.append(args)
        if self._errors:
            raise self._errors.pop(0)


@pytest.fixture
def create(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let a transport that is connected to nothing create a topic with these answers."""
    monkeypatch.setattr(batchtransport, "CREATE_PAUSE_SECONDS", 0.0)

    async def asked(answers: Answers) -> None:
        monkeypatch.setattr(driver.Transport, "_create_topic", answers.create)
        await BatchTransport.__new__(BatchTransport)._create_topic("owner", "client", "topic", 4, 3)

    return asked


async def test_a_broker_that_goes_away_is_asked_again(create: Any) -> None:
    """A worker that starts while a broker dies starts all the same."""
    answers = Answers(NodeNotReadyError(), ConnectionRefusedError(), NodeNotReadyError())
    await create(answers)
    assert answers.asked == [("owner", "client", "topic", 4, 3)] * 4


async def test_a_refusal_is_raised_at_once(create: Any) -> None:
    """A missing right does not come by asking again."""
    answers = Answers(TopicAuthorizationFailedError())
    with pytest.raises(TopicAuthorizationFailedError):
        await create(answers)
    assert len(answers.asked) == 1


async def test_asking_again_has_an_end(create: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no broker comes back the start fails, as before."""
    monkeypatch.setattr(batchtransport, "CREATE_SECONDS", -1.0)
    with pytest.raises(NodeNotReadyError):
        await create(Answers(NodeNotReadyError()))


def test_changelogs_take_the_brokers_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the writer's, brokers refuse every record of a worker whose clock is more than an hour ahead, and it ends."""
    monkeypatch.setattr(app, "spare_the_collector", lambda: None)  # other tests share this process
    inputs = (PANES, *(input_of(stream) for stream in Stream))
    settings = load_settings(brokers="127.0.0.1:1", data_dir=tmp_path)
    tables: Any = create_pipeline(settings, dict.fromkeys(inputs, "id")).app.tables
    configs = {name: table.changelog_topic.config for name, table in tables.data.items()}
    assert set(configs) == {"windows", *Stream}
    assert {config["message.timestamp.type"] for config in configs.values()} == {"LogAppendTime"}


def test_the_collector_of_cycles_comes_back_when_a_worker_has_started() -> None:
    """`barometer worker` keeps it away from the first import on."""
    before = gc.get_threshold()
    gc.disable()
    try:
        app.spare_the_collector()
        assert gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
        gc.set_threshold(*before)
