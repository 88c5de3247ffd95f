"""Who may do what: every topic has its readers and writers, and the commands that grant it can be run as they are."""

import shlex
from itertools import pairwise

import pytest

from topics.access import (
    CHANGELOG_PREFIX,
    DELIVERERS,
    GROUP,
    READING_GROUP,
    RULES_WRITER,
    UNWRITTEN,
    Acl,
    Role,
    acls,
    commands,
)
from topics.catalogue import (
    CASE_ESCALATIONS,
    CLASSIFIED_COMPLAINTS,
    COMPLAINT_LINKS,
    COMPLAINTS,
    DEAD_LETTERS,
    DELIVERY_FAILURES,
    DUTY_STATE,
    EARLY_WARNINGS,
    INCIDENT_STATE,
    INCIDENTS,
    NETWORK_FAULTS,
    NETWORK_TOPOLOGY,
    NOTIFICATIONS,
    OPERATOR_ACTIONS,
    PANES,
    PROACTIVE_NOTICES,
    REPLAYED_LETTERS,
    RULE_SET_REPORTS,
    RULE_SETS,
    SUBSCRIBER_COUNTS,
    SUPPRESSIONS,
    WARNING_FEEDBACK,
    WARNING_STATES,
    catalogue,
)
from topics.spec import Direction


def allowed(
    role: Role, name: str, *, heartbeats: bool = True, faults: bool = True, duty: bool = True
) -> set[str]:
    """Return the operations of a role on a topic or group."""
    wanted = acls(role, heartbeats=heartbeats, faults=faults, duty=duty)
    return {one for acl in wanted if acl.name == name for one in acl.operations}


def test_every_topic_can_be_made_read_and_written_by_somebody() -> None:
    """A new topic in the catalogue is in the lists at once."""
    for spec in catalogue():
        assert allowed(Role.ADMIN, spec.name) == {"Create", "Describe", "DescribeConfigs"}
        assert allowed(Role.READER, spec.name) == {"Read"}
        incoming = spec.direction is Direction.IN
        assert allowed(Role.PRODUCER, spec.name) == ({"Write"} if incoming else set())
        if not incoming and spec.name not in UNWRITTEN:
            writers = (Role.WORKER, Role.OPERATOR, Role.DELIVERER)
            assert any("Write" in allowed(role, spec.name) for role in writers)


def test_a_worker_may_do_what_it_does_and_no_more() -> None:
    """It reads and folds its panes and changelogs, and writes heartbeats only where it is to."""
    assert allowed(Role.WORKER, COMPLAINTS) == {"Read", "Write"}
    assert allowed(Role.WORKER, COMPLAINTS, heartbeats=False) == {"Read"}
    assert allowed(Role.WORKER, PANES) == {"Read", "Write"}
    assert allowed(Role.WORKER, EARLY_WARNINGS, duty=False) == {"Write"}
    assert allowed(Role.WORKER, CHANGELOG_PREFIX) == {"Create", "Describe", "Read", "Write"}
    assert allowed(Role.WORKER, GROUP) == {"Read"}


@pytest.mark.parametrize("topic", [REPLAYED_LETTERS, CASE_ESCALATIONS, SUBSCRIBER_COUNTS])
def test_a_worker_is_not_asked_for_what_it_does_not_touch(topic: str) -> None:
    """It would be refused a start for a right that it never uses."""
    assert allowed(Role.WORKER, topic) == set()


def test_a_worker_without_faults_leaves_their_topics_alone() -> None:
    """The board still shows incidents, which other workers may write."""
    for topic in (NETWORK_FAULTS, NETWORK_TOPOLOGY, COMPLAINT_LINKS, INCIDENT_STATE, PROACTIVE_NOTICES):
        assert allowed(Role.WORKER, topic)
        assert allowed(Role.WORKER, topic, faults=False) == set()
    assert allowed(Role.WORKER, INCIDENTS) == {"Read", "Write"}
    assert allowed(Role.WORKER, INCIDENTS, faults=False) == {"Read"}
    assert allowed(Role.WORKER, CLASSIFIED_COMPLAINTS, faults=False) == {"Write"}
    with_faults, without = (
        {acl.kind for acl in acls(Role.WORKER, faults=faults, duty=False)} for faults in (True, False)
    )
    assert with_faults - without == {"transactional-id"}


def test_a_worker_that_is_no_duty_desk_leaves_its_topics_alone() -> None:
    """It reads no actions of people, and writes neither states nor notifications."""
    for topic in (
        OPERATOR_ACTIONS,
        WARNING_FEEDBACK,
        NOTIFICATIONS,
        SUPPRESSIONS,
        DUTY_STATE,
    ):
        assert allowed(Role.WORKER, topic)
        assert allowed(Role.WORKER, topic, duty=False) == set()
    assert allowed(Role.WORKER, WARNING_STATES, duty=False) == {"Read"}, "the board shows what others add"
    assert allowed(Role.WORKER, EARLY_WARNINGS) == {"Read", "Write"}


def test_an_operator_may_act_on_warnings() -> None:
    """Write actions and feedback, and look whether the warning is there."""
    assert allowed(Role.OPERATOR, OPERATOR_ACTIONS) == {"Read", "Write"}
    assert allowed(Role.OPERATOR, WARNING_FEEDBACK) == {"Read", "Write"}
    assert allowed(Role.OPERATOR, WARNING_STATES) == {"Read"}


def test_an_operator_may_send_records_back_push_rules_act_on_warnings_and_no_more() -> None:
    """Read and mark the letters, and write into the topics whose records are refused: those that workers read. Order rules."""
    ruling = {PANES: {"Write"}, RULE_SETS: {"Read", "Write"}, RULE_SET_REPORTS: {"Read"}}
    assert {name: allowed(Role.OPERATOR, name) for name in ruling} == ruling
    assert allowed(Role.OPERATOR, RULES_WRITER) == {"Describe", "Write"}
    assert allowed(Role.OPERATOR, DEAD_LETTERS) == {"Read"}
    assert allowed(Role.OPERATOR, REPLAYED_LETTERS) == {"Read", "Write"}
    for spec in catalogue():
        if spec.name in ruling:
            continue
        if spec.direction is Direction.IN:
            is_judged = "Read" in allowed(Role.WORKER, spec.name)
            assert allowed(Role.OPERATOR, spec.name) == ({"Read", "Write"} if is_judged else set())
        elif spec.name not in {DEAD_LETTERS, REPLAYED_LETTERS, WARNING_STATES, DUTY_STATE}:
            assert allowed(Role.OPERATOR, spec.name) == set()


def test_a_deliverer_reads_notifications_and_records_failures_and_no_more() -> None:
    """Its receivers' positions are groups of its own; it sees no complaint."""
    assert allowed(Role.DELIVERER, NOTIFICATIONS) == {"Read"}
    assert allowed(Role.DELIVERER, DELIVERY_FAILURES) == {"Read", "Write"}
    topics = {acl.name for acl in acls(Role.DELIVERER) if acl.kind == "topic"}
    assert topics == {NOTIFICATIONS, DELIVERY_FAILURES}
    assert allowed(Role.DELIVERER, DELIVERERS) == {"Read"}
    assert allowed(Role.WORKER, DELIVERY_FAILURES) == set()


def test_who_looks_changes_nothing() -> None:
    """Neither topics nor the workers' offsets."""
    assert {one for acl in acls(Role.READER) for one in acl.operations} == {"Read", "Describe"}


def test_names_are_those_that_the_workers_use() -> None:
    """The group and the changelogs are named in the shell."""
    from agents.app import APP_ID, changelog_of
    from agents.delivery.lane import GROUP as DELIVERY_GROUP
    from agents.reading import CONFIG
    from agents.verify.run import GROUP as VERIFIED

    assert GROUP == APP_ID == VERIFIED
    assert changelog_of("windows").startswith(CHANGELOG_PREFIX)
    assert DELIVERY_GROUP == DELIVERERS
    assert CONFIG["group.id"] == READING_GROUP


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
