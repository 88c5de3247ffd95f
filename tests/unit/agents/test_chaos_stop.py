"""A campaign that is stopped: nothing that it has started is left, in whatever phase it was."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 120
"""Its parts would sleep for ten minutes."""


@pytest.mark.parametrize(
    ("phase", "number"),
    [
        ("start", signal.SIGTERM),
        ("load", signal.SIGINT),
        ("verify", signal.SIGTERM),
        ("verify, deaf", signal.SIGINT),
    ],
)
def test_a_campaign_that_is_stopped_leaves_nothing(
    phase: str, number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Brokers half started, workers that others wait for, a recomputation: also one whose client hears no signal."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    campaign = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.agents.interrupted", phase],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert campaign.stdout is not None
        said = campaign.stdout.readline()
        assert said.startswith(phase)
        pids = [int(word) for word in said.removeprefix(phase).split()]
        assert pids
        campaign.send_signal(number)
        assert campaign.wait(PATIENCE_SECONDS) == 130
        # Their guards see that they have ended, and go too; what is gone has no command any more.
        assert [pid for pid in pids if runs(pid)] == []
        assert list(tmp_path.glob("barometer-chaos-*")) == []
    finally:
        campaign.kill()
        campaign.communicate()


def runs(pid: int) -> bool:
    """Tell whether the sleeping process is there, and no zombie that its guard has not yet heard of."""
    try:
        return b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
