"""The files in deploy/ are what their programs take, name what is there, and agree with the service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
yaml = pytest.importorskip("yaml", reason="the package pyyaml is not installed")
KUBERNETES = {
    "StatefulSet": ("apps/v1", {"serviceName", "selector", "template", "podManagementPolicy", "updateStrategy"}),
    "Deployment": ("apps/v1", {"replicas", "selector", "template", "strategy"}),
    "Service": ("v1", {"clusterIP", "publishNotReadyAddresses", "selector", "ports", "type"}),
    "HorizontalPodAutoscaler": (
        "autoscaling/v2",
        {"scaleTargetRef", "minReplicas", "maxReplicas", "metrics", "behavior"},
    ),
    "PodDisruptionBudget": ("policy/v1", {"maxUnavailable", "selector"}),
    "ConfigMap": ("v1", set()),
}
"""of each kind that is used its version and the fields of its ``spec``"""
POD = {
    "terminationGracePeriodSeconds",
    "automountServiceAccountToken",
    "securityContext",
    "topologySpreadConstraints",
    "containers",
    "volumes",
}
CONTAINER = {
    "name",
    "image",
    "args",
    "env",
    "envFrom",
    "ports",
    "startupProbe",
    "livenessProbe",
    "readinessProbe",
    "lifecycle",
    "resources",
    "securityContext",
    "volumeMounts",
}
SERVICE = {
    "image",
    "build",
    "networks",
    "volumes",
    "secrets",
    "read_only",
    "tmpfs",
    "cap_drop",
    "security_opt",
    "restart",
    "stop_grace_period",
    "healthcheck",
    "deploy",
    "command",
    "environment",
    "ports",
    "depends_on",
}


def objects() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        found += yaml.safe_load_all(path.read_text())
    return found


def of_kind(kind: str, name: str = "splatavatar") -> dict[str, Any]:
    (found,) = (each for each in objects() if each["kind"] == kind and each["metadata"]["name"] == name)
    return found


def compose() -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return values


def options_of_serve() -> set[str]:
    import click
    from typer.main import get_command

    from splatavatar.cli.app import app

    command = get_command(app)
    assert isinstance(command, click.Group) or hasattr(command, "commands")
    serve = command.commands["serve"]  # type: ignore[attr-defined]
    return {option for parameter in serve.params for option in parameter.opts}


def seconds(arguments: list[str], name: str) -> float:
    text = " ".join(arguments)
    found = re.search(rf"{name}[= ](\d+)", text)
    assert found, text
    return float(found[1])


def test_every_file_parses() -> None:
    for path in [*DEPLOY.rglob("*.yaml"), *DEPLOY.rglob("*.yml")]:
        assert list(yaml.safe_load_all(path.read_text())), path
    for path in DEPLOY.rglob("*.json"):
        json.loads(path.read_text())


@pytest.mark.parametrize("each", objects(), ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_kubernetes_knows_each_object(each: dict[str, Any]) -> None:
    version, fields = KUBERNETES[each["kind"]]
    assert each["apiVersion"] == version
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", each["metadata"]["name"])
    assert set(each) <= {"apiVersion", "kind", "metadata", "spec" if fields else "data"}
    assert set(each.get("spec", {})) <= fields
    if "template" not in each.get("spec", {}):
        return
    spec = each["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    pod = spec["template"]["spec"]
    assert set(pod) <= POD
    volumes = {volume["name"] for volume in pod["volumes"]}
    for container in pod["containers"]:
        assert set(container) <= CONTAINER
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        ports = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe in container:
                assert container[probe]["httpGet"]["port"] in ports
        limits, requests = container["resources"]["limits"], container["resources"]["requests"]
        assert set(requests) | set(limits) <= {"cpu", "memory"}


def test_kubernetes_objects_refer_to_what_is_there() -> None:
    workers, balancer = of_kind("StatefulSet"), of_kind("Deployment", "splatavatar-balancer")
    pods = [each["spec"]["template"]["metadata"]["labels"] for each in (workers, balancer)]
    for each in objects():
        if each["kind"] in ("Service", "PodDisruptionBudget"):
            selector = each["spec"]["selector"]
            selector = selector.get("matchLabels", selector)
            assert any(selector.items() <= labels.items() for labels in pods), each["metadata"]
    of_kind("Service", workers["spec"]["serviceName"])
    of_kind("ConfigMap")
    target = of_kind("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("StatefulSet", workers["metadata"]["name"])
    kustomization = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
    listed = {DEPLOY / name for name in kustomization["resources"]}
    assert listed == set((DEPLOY / "kubernetes").glob("*.yaml"))
    for generator in kustomization["configMapGenerator"]:
        assert all((DEPLOY / name).is_file() for name in generator["files"])
    (container,) = balancer["spec"]["template"]["spec"]["containers"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    of_kind("Service", environment["WORKERS"].split(".")[0])
    assert environment["WORKER_DOMAIN"].split(".")[1] == workers["spec"]["serviceName"]


def test_sessions_reach_their_end_before_a_worker_is_killed() -> None:
    pod = of_kind("StatefulSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    pause = float(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > pause + seconds(container["args"], "--drain")
    for name, service in compose()["services"].items():
        if name.startswith("worker"):
            assert float(service["stop_grace_period"].rstrip("s")) > seconds(service["command"], "--drain")


def test_draining_workers_are_found_and_get_nothing_new() -> None:
    assert of_kind("Service", "splatavatar-workers")["spec"]["publishNotReadyAddresses"] is True
    assert "publishNotReadyAddresses" not in of_kind("Service", "splatavatar-ready")["spec"]
    (container,) = of_kind("StatefulSet")["spec"]["template"]["spec"]["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"


def commands() -> Iterator[list[str]]:
    (container,) = of_kind("StatefulSet")["spec"]["template"]["spec"]["containers"]
    yield container["args"]
    for name, service in compose()["services"].items():
        if name.startswith("worker"):
            yield service["command"]


def test_workers_are_started_with_options_that_there_are() -> None:
    known = options_of_serve()
    for command in commands():
        assert command[0] == "serve"
        given = {word.partition("=")[0] for word in command if word.startswith("--")}
        assert given <= known, given - known
        assert {"--keys", "--worker", "--drain", "--avatars"} <= given


def test_compose() -> None:
    found = compose()
    assert set(found) <= {"name", "x-worker", "services", "secrets", "volumes"}
    services = found["services"]
    for name, service in services.items():
        assert set(service) <= SERVICE, name
        assert set(service.get("depends_on", [])) <= set(services)
        assert set(service.get("secrets", [])) <= set(found["secrets"])
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).is_file(), source
            elif not source.startswith("$"):
                assert source in found["volumes"]
        if "build" in service:
            assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    workers = [name for name in services if name.startswith("worker")]
    assert len(workers) == 2
    for name in workers:  # a session is found by the name of its worker, which is its name in DNS
        assert name in services[name]["command"]
    environment = services["balancer"]["environment"]
    assert environment["WORKERS"] in services[workers[0]]["networks"]["default"]["aliases"]
    # Nothing but the balancer and the board can be reached, and from this machine alone.
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


def test_prometheus_asks_the_workers() -> None:
    found = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    (job,) = found["scrape_configs"]
    (names,) = job["dns_sd_configs"]
    assert names["names"] == [compose()["services"]["balancer"]["environment"]["WORKERS"]]
    assert job["authorization"]["credentials_file"] == "/run/secrets/metrics_key"
    assert "metrics_key" in compose()["services"]["prometheus"]["secrets"]


OF_OTHERS = {"up", "process_cpu_seconds_total", "process_resident_memory_bytes"}
"""of Prometheus itself, and of its client"""


def told_by_the_service() -> set[str]:
    pytest.importorskip("prometheus_client", reason="the package prometheus_client is not installed")
    from splatavatar.serve.http.metrics import Metrics

    metrics = Metrics()
    metrics.state(0.5, False)
    return set(re.findall(r"^([a-z_]+)(?:\{|\s)", metrics.text().decode(), re.M))


def expressions() -> Iterator[str]:
    board = json.loads((DEPLOY / "grafana" / "splatavatar.json").read_text())
    for panel in board["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    for group in yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


def test_boards_and_alarms_ask_for_figures_that_there_are() -> None:
    known = told_by_the_service() | OF_OTHERS
    asked = set()
    for expression in expressions():
        assert expression.count("(") == expression.count(")")
        asked |= set(re.findall(r"\b(?:splatavatar|process)_[a-z_]+|\bup\b", expression))
    assert asked <= known, asked - known
    assert {name.removesuffix("_bucket") for name in asked if name.startswith("splatavatar")} >= {
        "splatavatar_sessions",
        "splatavatar_sessions_limit",
        "splatavatar_frames_total",
        "splatavatar_frame_age_seconds",
        "splatavatar_queue_seconds",
        "splatavatar_failures_total",
        "splatavatar_refused_total",
    }


def test_labels_and_their_values_are_those_of_the_service() -> None:
    from splatavatar.serve.http.metrics import REFUSALS

    for expression in expressions():
        for values in re.findall(r'reason=~"([^"]+)"', expression):
            assert set(values.split("|")) <= set(REFUSALS)


def test_the_board() -> None:
    board = json.loads((DEPLOY / "grafana" / "splatavatar.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    (source,) = yaml.safe_load((DEPLOY / "grafana" / "provisioning" / "datasources.yaml").read_text())["datasources"]
    assert {panel["datasource"]["uid"] for panel in board["panels"]} == {source["uid"]}


def test_the_image_installs_what_there_is() -> None:
    extras = re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(), re.M)
    text = (DEPLOY / "Dockerfile").read_text()
    for extra in re.findall(r"EXTRAS=(\w+)", text):
        assert extra in extras
    for source in re.findall(r"^COPY (?!--from)(\S+)", text, re.M):
        assert (ROOT / source).exists()


def test_keys_go_into_no_image() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert "deploy/secrets" in ignored
    for secret in compose()["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
