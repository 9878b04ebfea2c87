"""Resources of operators and workloads: what is read, what is refused, what is joined."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from oncelint.extract import recognised
from oncelint.formats import read
from oncelint.formats.templates import template_kind
from oncelint.frameworks.kubernetes import assemble, mounts
from oncelint.model.facts import ConfigFact
from oncelint.model.values import Computed, Known
from oncelint.text import SourceText


def facts(files: Mapping[str, str]) -> list[ConfigFact]:
    """The facts of manifests, joined."""
    found: list[ConfigFact] = []
    for path, source in files.items():
        text = SourceText(path, source)
        kind = "json" if path.endswith(".json") else "yaml"
        found.extend(recognised(kind, read(kind, text), text, path))
    encoded = {path: source.encode() for path, source in files.items()}
    return mounts.assemble(assemble(found, encoded.get), encoded.get)


def told(fact: ConfigFact) -> dict[str, object]:
    return {
        one.key: one.value.value if isinstance(one.value, Known) else None
        for one in fact.block.settings
    }


def of_role(found: list[ConfigFact], role: str) -> list[ConfigFact]:
    return [fact for fact in found if fact.role == role]


def connect(config: str, version: str = "v1beta2", spec: str = "") -> str:
    return (
        f"apiVersion: kafka.strimzi.io/{version}\nkind: KafkaConnect\nmetadata:\n  name: c\n"
        f"  namespace: n\nspec:\n  bootstrapServers: k:9092\n{spec}  config:\n{config}"
    )


def pool(name: str, replicas: str, roles: str = "[broker]", cluster: str = "k") -> str:
    return (
        "apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaNodePool\nmetadata:\n"
        f"  name: {name}\n  labels: {{strimzi.io/cluster: {cluster}}}\nspec:\n"
        f"  replicas: {replicas}\n  roles: {roles}\n  storage: {{type: ephemeral}}\n---\n"
    )


def kafka(spec: str = "", annotations: str = "") -> str:
    return (
        "apiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\nmetadata:\n  name: k\n"
        f"{annotations}spec:\n  kafka:\n    listeners: []\n{spec}"
    )


def test_what_the_operator_refuses_is_no_setting() -> None:
    (worker,) = facts(
        {
            "c.yaml": connect(
                "    rest.port: 1\n    plugin.path: /x\n    sasl.mechanism: PLAIN\n"
                "    ssl.protocol: TLSv1.3\n    group.id: g\n    offset.flush.interval.ms: 5\n"
            )
        }
    )
    assert told(worker) == {"ssl.protocol": "TLSv1.3", "group.id": "g"} | {
        "bootstrap.servers": "k:9092",
        "offset.flush.interval.ms": 5,
    }


def test_the_fields_of_v1_count_over_the_config() -> None:
    spec = "  groupId: own\n"
    (worker,) = facts({"c.yaml": connect("    group.id: old\n", "v1", spec)})
    assert told(worker)["group.id"] == "own"
    (older,) = facts({"c.yaml": connect("    group.id: old\n")})
    assert told(older)["group.id"] == "old"


def test_versions() -> None:
    (worker,) = facts({"c.yaml": connect("    a: b\n", spec="  version: 3.7.1\n")})
    assert worker.versions == ("3.7.1",)
    (unknown,) = facts({"c.yaml": connect("    a: b\n", spec="  version: ${V}\n")})
    assert unknown.versions == ()
    (newer,) = facts({"c.yaml": connect("    a: b\n", "v1")})
    assert newer.versions
    assert all(one.startswith("4.") for one in newer.versions)


def test_a_worker_and_its_connector_are_of_one_cluster() -> None:
    connector = (
        "apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaConnector\nmetadata:\n  name: s\n"
        "  namespace: n\n  labels: {strimzi.io/cluster: c}\nspec:\n  class: a.B\n  tasksMax: 2\n"
        "  config: {name: x, connector.class: c.D, tasks.max: 9, topics: t}\n"
    )
    found = facts({"c.yaml": connect("    a: b\n"), "s.yaml": connector})
    (worker,), (sink,) = of_role(found, "connect-worker"), of_role(found, "connector")
    assert worker.details["cluster"] == sink.details["cluster"] == "n/c"
    assert sink.details["connector"] == "s"
    assert told(sink) == {"connector.class": "a.B", "tasks.max": 2, "topics": "t"}


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        (pool("b", "3") + kafka(), [3, 0]),
        (pool("b", "3") + pool("c", "2", "[controller]") + kafka(), [3, 2, 0]),
        (pool("b", "${N}") + kafka(), [None, 0]),
        (kafka("    replicas: 3\n"), [3]),
        (kafka(), [None]),
        (kafka("    replicas: 3\n", "  annotations: {strimzi.io/node-pools: enabled}\n"), [None]),
        # whether pools count here depends on the operator's version
        (pool("b", "2") + kafka("    replicas: 3\n"), [2, None]),
        (pool("b", "3", cluster="other") + kafka("    replicas: 1\n"), [3, 1]),
    ],
)
def test_brokers_are_counted_once(text: str, counts: list[int | None]) -> None:
    assert [fact.instances for fact in facts({"k.yaml": text})] == counts


def test_clusters_of_one_name_are_told_apart_by_file() -> None:
    text = pool("b", "3") + kafka()
    found = facts({"one.yaml": text, "two.yaml": text})
    names = {(fact.span.path, fact.details["cluster"]) for fact in found}
    assert names == {("one.yaml", "/k in one.yaml"), ("two.yaml", "/k in two.yaml")}


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("KafkaConnect", "replicas: 3\n  config: {producer.acks: 1}"),
        ("Kafka", "kafka: {config: {min.insync.replicas: 1}}"),
        ("KafkaConnector", "config: {insert.mode: insert}"),
        ("KafkaMirrorMaker2", "replicas: 2"),
        ("KafkaBridge", "producer: {config: {acks: 1}}"),
    ],
)
def test_a_patch_alone_is_open(kind: str, spec: str) -> None:
    text = f"apiVersion: kafka.strimzi.io/v1beta2\nkind: {kind}\nmetadata: {{name: x}}\nspec:\n  {spec}\n"
    found = facts({"p.yaml": text})
    assert found
    assert all(fact.block.open_reason is not None for fact in found)


def test_mirror_maker_runs_with_its_own_cluster_configuration() -> None:
    text = (
        "apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaMirrorMaker2\nmetadata: {name: m}\nspec:\n"
        "  connectCluster: b\n  clusters:\n    - {alias: a, config: {producer.acks: 1}}\n"
        "    - {alias: b, config: {producer.acks: all}}\n"
        "  mirrors:\n    - sourceCluster: a\n      targetCluster: b\n"
        "      sourceConnector: {tasksMax: 2, config: {replication.factor: 3}}\n"
    )
    found = facts({"m.yaml": text})
    (producer,), (connector,) = of_role(found, "producer"), of_role(found, "connector")
    assert told(producer) == {"acks": "all"}
    assert connector.name == "org.apache.kafka.connect.mirror.MirrorSourceConnector"
    assert connector.details["connector"] == "a->b.MirrorSourceConnector"


def test_lists_templates_and_json() -> None:
    topic = (
        '{"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaTopic", "metadata": {"name": "%s"}}'
    )
    found = facts(
        {
            "l.json": '{"apiVersion": "v1", "kind": "List", "items": ['
            + ", ".join([topic % "a", topic % "${B}"])
            + "]}",
            "t.yaml": "apiVersion: template.openshift.io/v1\nkind: Template\nobjects:\n- "
            + topic % "c",
        }
    )
    assert [fact.name for fact in found] == ["a", "", "c"]


def test_what_is_under_templates_is_not_analysed() -> None:
    text = 'name: "{{ .Release.Name }}"\n'
    assert template_kind(text, "chart/templates/connect.yaml") == "Helm template"


# Confluent for Kubernetes -----------------------------------------------------------------------


def test_overrides_are_open_and_a_bare_word_is_none() -> None:
    text = (
        "apiVersion: platform.confluent.io/v1beta1\nkind: Kafka\nmetadata: {name: kafka}\nspec:\n"
        "  replicas: 3\n  image: {application: 'confluentinc/cp-server:7.6.0'}\n"
        "  configOverrides:\n    server:\n      - min.insync.replicas=2\n      - word\n"
    )
    (broker,) = facts({"k.yaml": text})
    assert told(broker) == {"min.insync.replicas": "2"}
    assert broker.block.open_reason
    assert broker.instances == 3
    assert all(one.startswith("3.6") for one in broker.versions)
    assert broker.versions


# Workloads --------------------------------------------------------------------------------------


def workload(kind: str, spec: str, container: str, group: str = "apps/v1") -> str:
    return (
        f"apiVersion: {group}\nkind: {kind}\nmetadata: {{name: w}}\nspec:\n{spec}"
        f"  template:\n    spec:\n      containers:\n        - name: kafka\n{container}"
    )


ENV = (
    "          image: r.example.org/pay/app:1\n          env:\n            - {name: A, value: x}\n"
    "            - {name: P, valueFrom: {fieldRef: {fieldPath: metadata.name}}}\n"
    "            - {name: M, valueFrom: {configMapKeyRef: {name: m, key: k}}}\n"
    "            - {name: S, valueFrom: {secretKeyRef: {name: s, key: k}}}\n"
)
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: v, A: below}\n---\n"


def test_variables() -> None:
    (one,) = facts({"w.yaml": MAP + workload("Deployment", "  replicas: 2\n", ENV)})
    values = {setting.key: setting.value for setting in one.block.settings}
    assert values["A"] == Known("x")
    assert values["M"] == Known("v")
    assert isinstance(values["P"], Computed)
    assert values["P"].kinds == {"host"}
    assert not isinstance(values["S"], Known)
    assert (one.instances, one.details["kind"]) == (2, "Deployment")


def test_env_from_is_beneath_env() -> None:
    container = ENV + "          envFrom: [{configMapRef: {name: m}}]\n"
    (one,) = facts({"w.yaml": MAP + workload("Deployment", "", container)})
    assert told(one)["A"] == "x"
    assert told(one)["k"] == "v"
    assert one.block.open_reason is None
    (alone,) = facts({"w.yaml": workload("Deployment", "", container)})
    assert alone.block.open_reason is not None


@pytest.mark.parametrize(
    ("kind", "spec", "count"),
    [
        ("Deployment", "", 1),
        ("Deployment", "  replicas: ${N}\n", None),
        ("DaemonSet", "", None),
        ("StatefulSet", "  replicas: 5\n", 5),
    ],
)
def test_replicas(kind: str, spec: str, count: int | None) -> None:
    (one,) = facts({"w.yaml": workload(kind, spec, ENV)})
    assert one.instances == count


@pytest.mark.parametrize(("most", "count"), [("6", 6), ("${MAX}", None)])
def test_a_scaler(most: str, count: int | None) -> None:
    scaler = (
        "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: kafka}\n"
        f"spec:\n  scaleTargetRef: {{kind: Deployment, name: w}}\n  maxReplicas: {most}\n"
    )
    (one,) = facts({"w.yaml": workload("Deployment", "", ENV) + scaler})
    assert one.instances == count


BROKER = (
    "          image: confluentinc/cp-kafka:7.4.0\n          env:\n"
    "            - {name: KAFKA_ZOOKEEPER_CONNECT, value: 'z:2181'}\n"
    "            - {name: KAFKA_MIN_INSYNC_REPLICAS, value: '1'}\n"
)


def test_an_image_makes_settings_of_variables() -> None:
    found = facts({"k.yaml": workload("StatefulSet", "  replicas: 3\n", BROKER)})
    (broker,) = of_role(found, "broker")
    assert told(broker)["min.insync.replicas"] == "1"
    assert broker.instances == 3


@pytest.mark.parametrize(
    ("command", "brokers", "is_open"),
    [
        ("[kafka-topics, --create]", 0, False),
        ("[sh, -c, 'export A=1; exec /etc/confluent/docker/run']", 1, True),
    ],
)
def test_a_command_in_place_of_the_images(command: str, brokers: int, is_open: bool) -> None:
    container = BROKER + f"          command: {command}\n"
    found = of_role(facts({"k.yaml": workload("Deployment", "", container)}), "broker")
    assert len(found) == brokers
    assert all((fact.block.open_reason is not None) == is_open for fact in found)


def test_brokers_with_a_manifest_each() -> None:
    text = workload("Deployment", "", BROKER)
    second = text.replace("name: w}", "name: v}")
    found = of_role(facts({"d/a.yaml": text, "d/b.yaml": second}), "broker")
    assert all("open" in fact.details for fact in found)
    (alone,) = of_role(facts({"d/a.yaml": text}), "broker")
    assert "open" not in alone.details


def test_a_file_in_a_config_map_runs_as_often_as_what_mounts_it() -> None:
    mounted = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n  producer.properties: |\n"
        "    bootstrap.servers=k:9092\n    transactional.id=t\n---\n"
    )
    volumes = "      volumes: [{name: v, configMap: {name: m}}]\n"
    text = mounted + workload("Deployment", "  replicas: 4\n", ENV + volumes)
    (producer,) = of_role(facts({"w.yaml": text}), "producer")
    assert producer.instances == 4
    assert producer.details["workload-kind"] == "Deployment"
    (unmounted,) = of_role(facts({"w.yaml": mounted}), "producer")
    assert unmounted.instances == 1
