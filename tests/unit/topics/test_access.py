"""Who may do what: every topic has its readers and writers, and the commands that grant it can be run as they are."""

import shlex
from itertools import pairwise

import pytest

from topics.access import CHANGELOG_PREFIX, GROUP, Acl, Role, acls, commands
from topics.catalogue import COMPLAINTS, EARLY_WARNINGS, PANES, catalogue
from topics.spec import Direction


def allowed(role: Role, name: str, *, heartbeats: bool = True) -> set[str]:
    """Return the operations of a role on a topic or group."""
    return {one for acl in acls(role, heartbeats=heartbeats) if acl.name == name for one in acl.operations}


def test_every_topic_can_be_made_read_and_written_by_somebody() -> None:
    """A new topic in the catalogue is in the lists at once."""
    for spec in catalogue():
        assert allowed(Role.ADMIN, spec.name) == {"Create", "Describe", "DescribeConfigs"}
        assert allowed(Role.READER, spec.name) == {"Read"}
        incoming = spec.direction is Direction.IN
        assert allowed(Role.PRODUCER, spec.name) == ({"Write"} if incoming else set())
        assert allowed(Role.WORKER, spec.name) & {"Read" if incoming else "Write"}


def test_a_worker_may_do_what_it_does_and_no_more() -> None:
    """It reads and folds its panes and changelogs, and writes heartbeats only where it is to."""
    assert allowed(Role.WORKER, COMPLAINTS) == {"Read", "Write"}
    assert allowed(Role.WORKER, COMPLAINTS, heartbeats=False) == {"Read"}
    assert allowed(Role.WORKER, PANES) == {"Read", "Write"}
    assert allowed(Role.WORKER, EARLY_WARNINGS) == {"Write"}
    assert allowed(Role.WORKER, CHANGELOG_PREFIX) == {"Create", "Describe", "Read", "Write"}
    assert allowed(Role.WORKER, GROUP) == {"Read"}


def test_who_looks_changes_nothing() -> None:
    """Neither topics nor the workers' offsets."""
    assert {one for acl in acls(Role.READER) for one in acl.operations} == {"Read", "Describe"}


def test_names_are_those_that_the_workers_use() -> None:
    """The group and the changelogs are named in the shell."""
    from agents.app import APP_ID, changelog_of
    from agents.verify.run import GROUP as VERIFIED

    assert GROUP == APP_ID == VERIFIED
    assert changelog_of("windows").startswith(CHANGELOG_PREFIX)


@pytest.mark.parametrize("role", Role)
def test_the_commands_name_every_resource_once(role: Role) -> None:
    """As a shell reads them: each command grants one set of operations."""
    found: set[Acl] = set()
    for command in commands(acls(role), "User:someone", "kafka:9093"):
        words = shlex.split(command)
        assert words[0] == "kafka-acls.sh"
        options = list(pairwise(words))
        assert ("--allow-principal", "User:someone") in options
        assert ("--bootstrap-server", "kafka:9093") in options
        operations = tuple(value for name, value in options if name == "--operation")
        prefixed = ("--resource-pattern-type", "prefixed") in options
        for name, value in options:
            if name in {"--topic", "--group", "--transactional-id"}:
                acl = Acl(name[2:], value, operations, prefixed)
                assert acl not in found
                found.add(acl)
    assert found == set(acls(role))
