"""What the demo takes from its surroundings: nothing."""

import os
from datetime import UTC, datetime

import pytest

from agents import demo
from agents.embedded.errors import PartUnavailable
from agents.settings import ENV_PREFIX, Settings, load_settings

NOW = datetime(2025, 3, 10, tzinfo=UTC)
SURROUNDINGS = {
    "BAROMETER_REDIS_PASSWORD_FILE": "/nowhere/redis_password",
    "BAROMETER_INSTANCE_ID": "worker-1",
    "BAROMETER_KAFKA_SECURITY": "SSL",
    "BAROMETER_CUSTOMER_KEY": "the-key-of-somebody-else",
    "BAROMETER_PARTITION": "no such setting",
    "barometer_zone": "Europe/Berlin",
}


def test_settings_of_the_surroundings_are_not_the_demos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its workers inherit its environment, and would join with a foreign name, or not start; afterwards all is there again."""
    for name, value in SURROUNDINGS.items():
        monkeypatch.setenv(name, value)
    seen: list[Settings] = []

    def started() -> None:
        assert [name for name in os.environ if name.upper().startswith(ENV_PREFIX)] == []
        seen.append(load_settings())
        raise PartUnavailable("enough seen")

    monkeypatch.setattr(demo, "KafkaCluster", started)
    with pytest.raises(PartUnavailable, match="enough seen"):
        demo.run_demo(demo.DemoPlan(), NOW, print)
    assert seen == [Settings()]
    assert {name: os.environ[name] for name in SURROUNDINGS} == SURROUNDINGS
