"""What is deployed: the compose file, the image, Prometheus and Grafana. Docker does not run here, so all that can be
read without it is read: the schema, names of settings, files that are mounted or copied, limits, pinned versions.
"""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml

from agents.settings import Settings
from agents.sources import NO_SETTINGS, is_secret
from monitoring import catalogue
from monitoring.catalogue import Kind
from monitoring.delivery import DELIVERY_METRICS

METRICS: Final = (*catalogue.METRICS, *DELIVERY_METRICS)
CHECKOUT: Final = Path(__file__).resolve().parents[2]
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
DOCKERFILE: Final = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
GRAFANA: Final = CHECKOUT / "monitoring" / "grafana"
ONE_SHOT: Final = {"topics"}
"""Services that end when they are done."""
PINNED: Final = re.compile(r"[a-z0-9/-]+:v?\d+\.\d+\.\d+(-[a-z0-9-]+)?")


def compose_schema() -> dict[str, Any]:
    """Return the compose specification's schema, as check-jsonschema's wheel carries it (not imported: its command line
    wants another click).
    """
    spec = find_spec("check_jsonschema")
    assert spec is not None
    (folder,) = spec.submodule_search_locations or []
    schema = Path(folder) / "builtin_schemas" / "vendor" / "compose-spec.json"
    found: dict[str, Any] = json.loads(schema.read_text(encoding="utf-8"))
    return found


def variables() -> Iterator[tuple[str, str]]:
    """Yield (where, variable) of every variable with the prefix that the image or a service sets."""
    for line in re.findall(r"^\s*(?:ENV )?(BAROMETER_\w+)=", DOCKERFILE, re.MULTILINE):
        yield "Dockerfile", line
    for name, service in SERVICES.items():
        for variable in service.get("environment", {}):
            if variable.startswith("BAROMETER_"):
                yield name, variable


def test_the_compose_file_is_what_the_specification_allows() -> None:
    """A misspelt key would be refused by Docker, or worse, ignored."""
    validator = jsonschema.validators.validator_for(compose_schema())(compose_schema())
    assert [error.message for error in validator.iter_errors(COMPOSE)] == []
    broken = {**COMPOSE, "services": {"worker": {"image": "x", "restrat": "always"}}}
    assert list(validator.iter_errors(broken)), "a search that cannot find proves nothing"


def test_variables_of_the_image_and_the_services_are_settings() -> None:
    """A worker would refuse to start on any other, which nobody would see before it is deployed."""
    known = {f"BAROMETER_{name.upper()}" for name in Settings.model_fields} | NO_SETTINGS
    found = list(variables())
    assert {"Dockerfile", "worker", "topics"} <= {where for where, _ in found}
    assert [(where, name) for where, name in found if name not in known] == []


def test_what_the_services_set_is_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the secrets where they are mounted."""
    from agents.settings import load_settings

    (tmp_path / "customer_key").write_text("a-key-of-some-length\n", encoding="utf-8")
    (tmp_path / "redis_password").write_text("sesame\n", encoding="utf-8")
    for name, value in SERVICES["worker"]["environment"].items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("BAROMETER_SECRETS_DIR", str(tmp_path))
    settings = load_settings()
    assert settings.customer_key.get_secret_value() == "a-key-of-some-length"
    assert settings.redis_password is not None
    assert settings.redis_password.get_secret_value() == "sesame"
    assert (settings.replication, settings.brokers.count(",")) == (3, 2)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_watched_bounded_and_started_again(name: str) -> None:
    """Health, limits, restart, network, profile, rotated logs; versions to the patch."""
    service = SERVICES[name]
    assert PINNED.fullmatch(service["image"]), service["image"]
    limits = service["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) > 0
    assert re.fullmatch(r"\d+[MG]", limits["memory"])
    assert service["networks"]
    assert "all" in service["profiles"]
    assert service["logging"]["options"]["max-size"]
    assert "no-new-privileges:true" in service["security_opt"]
    if name in ONE_SHOT:
        assert service["restart"] == "no"
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["restart"] == "unless-stopped"
        assert {"test", "interval", "timeout", "retries"} <= set(service["healthcheck"])


def test_the_profile_deps_starts_the_parts_and_nothing_of_ours() -> None:
    """And what it starts depends on nothing that it leaves out."""
    deps = {name for name, service in SERVICES.items() if "deps" in service["profiles"]}
    assert deps == {"kafka-1", "kafka-2", "kafka-3", "redis"}
    for name in SERVICES:
        wanted = set(SERVICES[name].get("depends_on", {}))
        assert wanted <= (deps if name in deps else set(SERVICES))


def test_the_three_nodes_are_one_cluster_that_survives_the_loss_of_one() -> None:
    """Each has its own number, address and volume; three replicas, of which two confirm."""
    nodes = [SERVICES[f"kafka-{number}"] for number in (1, 2, 3)]
    own = [node["environment"] for node in nodes]
    assert [one["KAFKA_NODE_ID"] for one in own] == [1, 2, 3]
    for number, (node, one) in enumerate(zip(nodes, own, strict=True), start=1):
        assert f"{number}@kafka-{number}:9093" in one["KAFKA_CONTROLLER_QUORUM_VOTERS"].split(",")
        assert f"INSIDE://kafka-{number}:9092" in one["KAFKA_ADVERTISED_LISTENERS"]
        port = node["ports"][0].split(":")[1]
        assert f"OUTSIDE://localhost:{port}" in one["KAFKA_ADVERTISED_LISTENERS"]
        assert node["volumes"] == [f"kafka-{number}:/var/lib/kafka/data"]
        assert (one["KAFKA_DEFAULT_REPLICATION_FACTOR"], one["KAFKA_MIN_INSYNC_REPLICAS"]) == (3, 2)
    assert len({one["CLUSTER_ID"] for one in own}) == 1
    assert len({node["ports"][0] for node in nodes}) == 3


def test_published_ports_listen_on_loopback() -> None:
    """Nothing here has a login except Grafana."""
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name


def test_mounted_files_are_there_and_secrets_come_from_a_folder_that_is_not_kept() -> None:
    """A missing file would be mounted as an empty folder."""
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (CHECKOUT / source).exists(), source
                assert volume.endswith(":ro")
            else:
                assert source in COMPOSE["volumes"]
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    ignored = (CHECKOUT / ".gitignore").read_text(encoding="utf-8").split()
    guide = (CHECKOUT / "docs" / "deployment.md").read_text(encoding="utf-8")
    for secret in COMPOSE["secrets"].values():
        path = Path(secret["file"])
        assert f"/{path.parent.name}/" in ignored
        assert path.name in guide, "docs/deployment.md says how to write it"
    secrets = {name for name, field in Settings.model_fields.items() if is_secret(field)}
    assert "customer_key" in secrets & set(SERVICES["worker"]["secrets"])


def test_the_image_copies_files_that_there_are_and_that_docker_sees() -> None:
    """`.dockerignore` lets in what is named, and nothing else."""
    allowed = [
        line[1:]
        for line in (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").split()
        if line[0] == "!"
    ]
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert {"requirements.lock", "pyproject.toml", "agents"} <= set(copied)
    for source in copied:
        assert (CHECKOUT / source).exists(), source
        assert any(fnmatch(source, pattern) for pattern in allowed), source


def test_the_image_is_pinned_slim_and_runs_as_nobody_in_particular() -> None:
    """And installs what the lock names, checked by hash."""
    for base in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE):
        assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base)
    user = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)[-1]
    assert user.split(":")[0] not in {"0", "root"}
    assert SERVICES["worker"]["user"] == user
    assert "--require-hashes --requirement requirements.lock" in DOCKERFILE


def dashboards() -> list[Path]:
    """Return the dashboards that Grafana is given."""
    return sorted(GRAFANA.glob("*.json"))


def queries(path: Path) -> list[str]:
    """Return every query of a dashboard."""
    panels = json.loads(path.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


@pytest.mark.parametrize("path", dashboards(), ids=lambda path: path.name)
def test_a_dashboard_asks_the_provisioned_source_for_metrics_that_exist(path: Path) -> None:
    """Labels too. A renamed metric would leave an empty panel, which looks like a quiet night."""
    source = yaml.safe_load((GRAFANA / "datasource.yml").read_text(encoding="utf-8"))["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    board = json.loads(path.read_text(encoding="utf-8"))
    known = {metric.name for metric in METRICS}
    known |= {f"{metric.name}_bucket" for metric in METRICS if metric.kind is Kind.HISTOGRAM}
    labels = {metric.name: set(metric.labels) for metric in METRICS}
    rules = yaml.safe_load((CHECKOUT / "monitoring" / "rules.yml").read_text(encoding="utf-8"))
    recorded = {rule["record"] for group in rules["groups"] for rule in group["rules"] if "record" in rule}
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in board["panels"]:
        assert panel["title"]
        assert panel["description"].endswith(".")
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == panel["datasource"]["uid"] == source["uid"]
    for query in queries(path):
        names = set(re.findall(r"(?<![\w:])barometer_\w+", query))
        assert names <= known, query
        assert set(re.findall(r"\b\w+:barometer_[\w:]+", query)) <= recorded, query
        grouped = {
            label.strip() for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(",")
        }
        for name in names:
            assert grouped <= {*labels.get(name, ()), *({"le"} if name.endswith("_bucket") else ())}, query


def test_panels_do_not_overlap() -> None:
    """Grafana would move them, each time somewhere else."""
    for path in dashboards():
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            at = panel["gridPos"]
            cells = {
                (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
            }
            assert not cells & taken, panel["title"]
            assert max(x for x, _ in cells) < 24
            taken |= cells
