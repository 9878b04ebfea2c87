"""Kustomizations and charts: what is laid over what, and what stays apart."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from oncelint.extract import recognised
from oncelint.formats import read
from oncelint.frameworks.kubernetes import assemble
from oncelint.model.facts import ConfigFact
from oncelint.model.values import Known
from oncelint.text import SourceText

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
BASE = (
    "apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaConnect\nmetadata: {name: c}\nspec:\n"
    "  replicas: 1\n  bootstrapServers: k:9092\n"
    "  config:\n    group.id: g\n    producer.acks: all\n    producer.linger.ms: 5\n"
)
PATCH = (
    "apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaConnect\nmetadata: {name: c}\nspec:\n"
    "  replicas: 4\n  config:\n    producer.acks: 1\n    producer.linger.ms: null\n"
)


def facts(files: Mapping[str, str]) -> list[ConfigFact]:
    found: list[ConfigFact] = []
    for path, source in files.items():
        text = SourceText(path, source)
        found.extend(recognised("yaml", read("yaml", text), text, path))
    encoded = {path: source.encode() for path, source in files.items()}
    return assemble(found, encoded.get)


def told(fact: ConfigFact) -> dict[str, object]:
    return {
        one.key: one.value.value if isinstance(one.value, Known) else None
        for one in fact.block.settings
    }


def of_role(found: list[ConfigFact], role: str) -> list[ConfigFact]:
    return [fact for fact in found if fact.role == role]


def overlay(more: str, **files: str) -> dict[str, str]:
    return {
        "base/connect.yaml": BASE,
        "base/kustomization.yaml": "resources: [connect.yaml]\n",
        "prod/kustomization.yaml": HEAD + "resources: [../base]\n" + more,
        **{f"prod/{name}.yaml": text for name, text in files.items()},
    }


@pytest.mark.parametrize(
    "more", ["patches:\n- path: patch.yaml\n", "patchesStrategicMerge: [patch.yaml]\n"]
)
def test_a_merge_patch_lies_over_its_base(more: str) -> None:
    found = facts(overlay(more, patch=PATCH))
    (worker,), (producer,) = of_role(found, "connect-worker"), of_role(found, "producer")
    assert worker.instances == producer.instances == 4
    assert told(producer) == {"acks": 1}
    assert worker.block.open_reason is None
    assert told(worker)["group.id"] == "g"
    (acks,) = producer.block.settings
    assert [one.value for one in acks.alternatives[0].origins] == ["1", "all"]
    assert producer.block.homes[0].span.path == "prod/patch.yaml"


def test_a_patch_in_place() -> None:
    inside = "".join(f"    {line}\n" for line in PATCH.splitlines())
    found = facts(overlay("patches:\n- patch: |-\n" + inside))
    assert told(of_role(found, "producer")[0]) == {"acks": 1}


def test_a_json_patch() -> None:
    more = (
        "patches:\n- target: {kind: KafkaConnect, name: c.*}\n  patch: |-\n"
        "    - {op: replace, path: /spec/config/producer.acks, value: 1}\n"
        "    - {op: remove, path: /spec/config/producer.linger.ms}\n"
        "    - {op: replace, path: /spec/replicas, value: 7}\n"
    )
    (producer,) = of_role(facts(overlay(more)), "producer")
    assert told(producer) == {"acks": 1}
    assert producer.instances == 7
    other = more.replace("name: c.*", "name: d")
    (untouched,) = of_role(facts(overlay(other)), "producer")
    assert told(untouched) == {"acks": "all", "linger.ms": 5}


def test_a_json_patch_of_the_whole_is_not_followed() -> None:
    more = (
        "patches:\n- target: {kind: KafkaConnect}\n  patch: |-\n"
        "    - {op: replace, path: /spec/config, value: {producer.acks: 0}}\n"
    )
    (worker,) = of_role(facts(overlay(more)), "connect-worker")
    assert worker.block.open_reason is not None


def test_two_overlays_of_a_cluster_are_two_clusters() -> None:
    kafka = (
        "apiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\nmetadata: {name: k}\nspec:\n"
        "  kafka: {replicas: %s, listeners: [], config: {min.insync.replicas: 1}}\n"
    )
    patch = (
        "apiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\nmetadata: {name: k}\nspec:\n"
        "  kafka: {replicas: 3}\n"
    )
    found = facts(
        {
            "base/kafka.yaml": kafka % 1,
            "base/kustomization.yaml": HEAD + "resources: [kafka.yaml]\n",
            "dev/kustomization.yaml": HEAD + "resources: [../base]\n",
            "prod/kustomization.yaml": HEAD + "resources: [../base]\npatches: [{path: p.yaml}]\n",
            "prod/p.yaml": patch,
        }
    )
    assert sorted((f.instances or 0, "prod" in f.details["cluster"]) for f in found) == [
        (1, False),
        (3, True),
    ]


def test_replicas_of_a_workload() -> None:
    text = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: w}\nspec:\n  template:\n    spec:\n"
        "      containers: [{name: kafka, image: a}]\n"
    )
    files = {
        "b/w.yaml": text,
        "b/kustomization.yaml": HEAD + "resources: [w.yaml]\nreplicas: [{name: w, count: 5}]\n",
    }
    assert [fact.instances for fact in facts(files)] == [5]


def test_a_kustomization_that_cannot_be_read_and_one_that_names_itself() -> None:
    for broken in ("resources: [\n", "resources: [../base]\n" + HEAD, "- a\n"):
        files = {"base/connect.yaml": BASE, "base/kustomization.yaml": broken}
        text = SourceText("base/connect.yaml", BASE)
        found = list(recognised("yaml", read("yaml", text), text, text.path))
        encoded = {path: source.encode() for path, source in files.items()}
        assert of_role(assemble(found, encoded.get), "connect-worker")


# Charts -----------------------------------------------------------------------------------------

CHART = "apiVersion: v2\nname: a\ndependencies:\n- {name: kafka, alias: %s, repository: '%s'}\n"
BITNAMI = "oci://registry-1.docker.io/bitnamicharts"


@pytest.mark.parametrize(
    ("alias", "repository", "key", "found"),
    [
        ("kafka", BITNAMI, "kafka", True),
        ("events", BITNAMI, "events", True),
        ("events", BITNAMI, "kafka", False),
        ("kafka", "https://charts.example.org", "kafka", False),
    ],
)
def test_a_chart_takes_the_values(alias: str, repository: str, key: str, found: bool) -> None:
    values = f"{key}:\n  offsetsTopicReplicationFactor: 1\n# kafka\n"
    files = {"c/values.yaml": values, "c/Chart.yaml": CHART % (alias, repository)}
    brokers = of_role(facts(files), "broker")
    assert bool(brokers) == found
    assert all(fact.block.open_reason is not None for fact in brokers)


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ("controller: {replicaCount: 3}\n  broker: {replicaCount: 2}", 5),
        ("controller: {replicaCount: 3, controllerOnly: true}\n  broker: {replicaCount: 2}", 2),
        ("broker: {replicaCount: 2}", None),
        ("replicaCount: 4", 4),
        ("numPartitions: 3", None),
    ],
)
def test_how_many_brokers_a_chart_has(values: str, count: int | None) -> None:
    text = f"kafka:\n  {values}\n  transactionStateLogMinIsr: 1\n"
    files = {"c/values.yaml": text, "c/Chart.yaml": CHART % ("kafka", BITNAMI)}
    (broker,) = of_role(facts(files), "broker")
    assert broker.instances == count


def test_values_without_a_chart_are_nothing() -> None:
    assert not facts({"c/values.yaml": "kafka:\n  transactionStateLogMinIsr: 1\n"})
