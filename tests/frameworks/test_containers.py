"""docker compose and Dockerfiles: images, variables, placeholders, and what files say together."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.frameworks.composed import facts as _facts
from tests.frameworks.composed import settings as _settings

from oncelint.dialects import table
from oncelint.frameworks.containers.environment import Variables, filled, joined
from oncelint.frameworks.containers.images import (
    Family,
    family_by_environment,
    family_of,
    key_of,
    split,
    versions_of,
)
from oncelint.frameworks.spelling import spell
from oncelint.model.facts import ConfigFact, Home
from oncelint.model.values import Known, Position, Span, Unknown

# Images ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "role"),
    [
        ("confluentinc/cp-kafka:7.4.0", "broker"),
        ("registry.example.org:5000/mirror/cp-server", "broker"),
        ("apache/kafka-native:4.0.0", "broker"),
        ("docker.io/bitnamilegacy/kafka:3.6", "broker"),
        ("wurstmeister/kafka", "broker"),
        ("quay.io/debezium/kafka:2.7", "broker"),
        ("quay.io/debezium/connect:2.7.3.Final", "connect-worker"),
        ("cnfldemos/cp-server-connect-datagen:0.6.4-7.6.0", "connect-worker"),
        ("confluentinc/ksqldb-server:0.29.0", "ksqldb"),
        ("confluentinc/cp-kafka-rest", "rest-proxy"),
    ],
)
def test_known_images(image: str, role: str) -> None:
    family = family_of(image)
    assert family is not None
    assert family.role == role


@pytest.mark.parametrize(
    "image",
    [
        *("redpandadata/redpanda:v24.1.7", "confluentinc/cp-schema-registry:7.5.0", "kafka:3"),
        *("acme/kafka", "provectuslabs/kafka-ui", "quay.io/strimzi/kafka:0.40.0-kafka-3.7.0"),
        *("confluentinc/cp-kafkacat", "confluentinc/cp-ksqldb-cli:7.8.0", "debezium/server"),
    ],
)
def test_other_images(image: str) -> None:
    assert family_of(image) is None


def test_parts_of_a_name() -> None:
    assert split("host:5000/a/b:1@sha256:00") == ("a/b", "1")
    assert split("kafka") == ("kafka", "")


@pytest.mark.parametrize(
    ("image", "versions"),
    [
        ("confluentinc/cp-kafka:7.0.1", ("3.0.0", "3.0.1")),
        ("confluentinc/cp-kafka:7.6.1-1-ubi8", ("3.6.2",)),
        ("confluentinc/cp-kafka:latest", ()),
        ("apache/kafka:3.7.1", ("3.7.1",)),
        ("apache/kafka", ()),
        ("bitnami/kafka:3.5", ("3.5.2",)),
        ("wurstmeister/kafka:2.13-2.8.1", ("2.8.1",)),
        ("debezium/connect:1.9", ("3.2.0",)),
        ("debezium/connect:2.7.3.Final", ("3.7.0",)),
        ("confluentinc/ksqldb-server:0.29.0", ()),
        ("cnfldemos/cp-server-connect-datagen:0.6.4-7.6.0", ("3.6.2",)),
        ("postgres:16.1", ()),
    ],
)
def test_versions(image: str, versions: tuple[str, ...]) -> None:
    assert versions_of(image) == versions


def _family(image: str) -> Family:
    family = family_of(image)
    assert family is not None
    return family


@pytest.mark.parametrize(
    ("image", "variable", "key"),
    [
        (
            "cp-kafka",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR",
            "transaction.state.log.min.isr",
        ),
        ("cp-kafka", "KAFKA_HEAP_OPTS", None),
        ("cp-kafka", "KAFKA_LOG4J_ROOT_LOGLEVEL", None),
        ("cp-kafka", "KAFKA_ZOOKEEPER_CLIENTCNXNSOCKET", "zookeeper.clientCnxnSocket"),
        ("cp-kafka", "CONNECT_GROUP_ID", None),
        ("cp-kafka", "KAFKA_CFG_LOG_DIRS", None),
        ("bitnami/kafka", "KAFKA_CFG_LOG_DIRS", "log.dirs"),
        ("bitnami/kafka", "KAFKA_LOG_DIRS", None),
        (
            "bitnami/kafka",
            "KAFKA_CFG_LISTENER_NAME_SASL_SSL_X",
            "listener.name.sasl_ssl.x",
        ),
        (
            "cp-kafka",
            "KAFKA_LISTENER_NAME_SASL__SSL_X___Y",
            "listener.name.sasl_ssl.x-y",
        ),
        ("cp-kafka", "KAFKA_AUTO_CREATE_TOPICS_ENABL", "auto.create.topics.enabl"),
        ("cp-kafka-connect", "CONNECT_PRODUCER_ACKS", "producer.acks"),
        ("cp-kafka-connect", "CONNECT_PRODUCER_FREE_TEXT", None),
        ("cp-kafka-connect", "CONNECT_ACKS", "acks"),
        (
            "cp-kafka-connect",
            "CONNECT_KEY_CONVERTER_SCHEMAS_ENABLE",
            "key.converter.schemas.enable",
        ),
        ("debezium/connect", "GROUP_ID", "group.id"),
        ("debezium/connect", "HOST_NAME", None),
        (
            "cp-ksqldb-server",
            "KSQL_KSQL_STREAMS_PROCESSING_GUARANTEE",
            "processing.guarantee",
        ),
        ("cp-ksqldb-server", "KSQL_PROCESSING_GUARANTEE", "processing.guarantee"),
        ("cp-ksqldb-server", "KSQL_KSQL_SERVICE_ID", "ksql.service.id"),
        ("cp-ksqldb-server", "KSQL_KSQL_SCHEMA_REGISTRY_URL", None),
    ],
)
def test_keys(image: str, variable: str, key: str | None) -> None:
    family = _family(image)
    name = {"broker": "java-broker", "connect-worker": "java-connect-worker"}
    assert key_of(variable, family, name.get(family.role, "java-streams")) == key


@pytest.mark.parametrize(
    ("image", "name"),
    [("cp-kafka", "java-broker"), ("cp-kafka-connect", "java-connect-worker")],
)
def test_what_a_fix_writes_is_read_again(image: str, name: str) -> None:
    """Every key of a table comes back from the variable that it is spelled as."""
    family = _family(image)
    place = Span("f", Position(1, 1), Position(1, 1))
    home = Home(place, "mapping", family.prefix, "environment")
    for key in table(name).by_spelling:
        assert key_of(spell(home, key, None)[0], family, name) == key


def test_variables_tell_an_image() -> None:
    names = frozenset({"KAFKA_ADVERTISED_LISTENERS", "KAFKA_ZOOKEEPER_CONNECT"})
    family = family_by_environment(names)
    assert family is not None
    assert family.role == "broker"
    assert family_by_environment(frozenset({"KAFKA_ADVERTISED_LISTENERS"})) is None
    assert family_by_environment(frozenset({"KAFKA_BOOTSTRAP_SERVERS"})) is None
    worker = {"BOOTSTRAP_SERVERS", "GROUP_ID", "CONFIG_STORAGE_TOPIC", "OFFSET_STORAGE_TOPIC"}
    of_debezium = family_by_environment(frozenset(worker))
    assert of_debezium is not None
    assert of_debezium.named["GROUP_ID"] == "group.id"
    assert of_debezium.layer is None
    assert family_by_environment(frozenset(worker - {"GROUP_ID"})) is None
    of_bitnami = family_by_environment(frozenset({"KAFKA_CFG_PROCESS_ROLES"}))
    assert of_bitnami is not None
    assert of_bitnami.prefix == "KAFKA_CFG_"


# Placeholders ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a$$b", "a$b"),
        ("${A}", "1"),
        ("$A-$A", "1-1"),
        ("${B:-x}", "x"),
        ("${B-x}", "x"),
        ("${B:-${A}}", "1"),
        ("${B:-${C:-y}}z", "yz"),
        ("${EMPTY:-x}", "x"),
        ("${EMPTY-x}", ""),
        ("${B}", None),
        ("${B:?needed}", None),
        ("${A:?needed}", "1"),
        ("${A:+x}", None),
        ("${", "${"),
        ("100$", "100$"),
    ],
)
def test_placeholders(text: str, expected: str | None) -> None:
    files = {"x/.env": b"A=1\nEMPTY=\n"}
    assert filled(text, Variables(files.get, "x")) == expected


def test_paths() -> None:
    assert joined("a/b", "../c/./d.env") == "a/c/d.env"
    assert joined("", "./x") == "x"
    assert joined("a", "../../x") == ""


# Files together -------------------------------------------------------------------------------

_CONNECT = """services:
  worker:
    image: confluentinc/cp-kafka-connect:7.4.0
    environment:
      CONNECT_BOOTSTRAP_SERVERS: kafka:9092
      CONNECT_GROUP_ID: orders
      CONNECT_CONFIG_STORAGE_TOPIC: configs
      CONNECT_PRODUCER_ACKS: {acks}
"""


def _producer(files: Mapping[str, str]) -> ConfigFact:
    (found,) = (fact for fact in _facts(files) if fact.role == "producer")
    return found


def test_a_worker_and_its_producer() -> None:
    facts = _facts({"docker-compose.yml": _CONNECT.format(acks=1)})
    worker, producer = facts
    assert worker.role == "connect-worker"
    assert worker.versions == ("3.4.1",)
    assert worker.details["group"] == "orders"
    assert worker.details["service"] == "worker"
    (setting,) = producer.block.settings
    assert (setting.key, setting.shown) == ("acks", "CONNECT_PRODUCER_ACKS")
    assert spell(producer.block.homes[0], "enable.idempotence", True) == (
        "CONNECT_PRODUCER_ENABLE_IDEMPOTENCE",
        "true",
    )


def test_a_variable_of_the_env_file_beside() -> None:
    producer = _producer(
        {"a/docker-compose.yml": _CONNECT.format(acks="${ACKS}"), "a/.env": "X=0\nACKS=1\n"}
    )
    (setting,) = producer.block.settings
    (alternative,) = setting.alternatives
    assert alternative.value == Known("1")
    assert alternative.span is not None
    assert str(alternative.span) == "a/.env:2:6"
    assert [origin.span.path for origin in alternative.origins if origin.span] == [
        "a/.env",
        "a/docker-compose.yml",
    ]


def test_a_default_is_one_of_two_worlds() -> None:
    producer = _producer({"docker-compose.yml": _CONNECT.format(acks="${ACKS:-1}")})
    (setting,) = producer.block.settings
    unset, given = setting.alternatives
    assert (unset.value, unset.when[0].branch) == (Known("1"), "is unset")
    assert isinstance(given.value, Unknown)
    assert given.when[0].branch == "is set"


def test_environment_over_env_file_over_image() -> None:
    files = {
        "docker-compose.yml": "services:\n  worker:\n    build: img\n    env_file: [one.env, two.env]\n"
        "    environment:\n      CONNECT_PRODUCER_LINGER_MS: 4\n"
        "      CONNECT_BOOTSTRAP_SERVERS: kafka:9092\n",
        "one.env": "CONNECT_PRODUCER_LINGER_MS=2\nCONNECT_PRODUCER_ACKS=2\n",
        "two.env": "CONNECT_PRODUCER_ACKS=3\n",
        "img/Dockerfile": "FROM confluentinc/cp-kafka-connect:7.5.0\n"
        "ENV CONNECT_PRODUCER_LINGER_MS=1 CONNECT_PRODUCER_BATCH_SIZE=5\n",
    }
    assert _settings(_producer(files)) == {"linger.ms": "4", "acks": "3", "batch.size": "5"}
    assert {fact.span.path for fact in _facts(files)} == {"docker-compose.yml", "img/Dockerfile"}


def test_a_missing_env_file_leaves_the_block_open() -> None:
    body = _CONNECT.format(acks=1).replace(
        "    environment:", "    env_file: x.env\n    environment:"
    )
    assert _producer({"docker-compose.yml": body}).block.open_reason == "the environment file x.env"


def test_an_override_that_nothing_else_tells_of() -> None:
    files = {
        "docker-compose.yml": _CONNECT.format(acks="all"),
        "docker-compose.override.yml": "services:\n  worker:\n    environment:\n"
        "      - CONNECT_PRODUCER_ACKS=0\n",
    }
    producer = _producer(files)
    assert _settings(producer) == {"acks": "0"}
    notes = [origin.note for origin in producer.block.settings[0].alternatives[0].origins]
    assert notes == ["", "overridden"]


def test_extends() -> None:
    body = """services:
  base:
    image: confluentinc/cp-kafka-connect:7.4.0
    environment: [CONNECT_PRODUCER_ACKS=all, CONNECT_BOOTSTRAP_SERVERS=k:9092]
  west:
    extends: {service: base}
    environment: [CONNECT_PRODUCER_LINGER_MS=5]
"""
    west = _facts({"compose.yaml": body})[-1]
    assert _settings(west) == {"acks": "all", "linger.ms": "5"}


_BROKER = """services:
  one:
    image: confluentinc/cp-kafka:7.4.0
    command: {command}
    environment:
      KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://one:9092
      KAFKA_ZOOKEEPER_CONNECT: zk:2181
"""


@pytest.mark.parametrize(
    ("command", "brokers", "is_open"),
    [
        ("null", 1, False),
        ("[/etc/confluent/docker/run]", 1, False),
        ("bash -c 'sleep 5; /etc/confluent/docker/run'", 1, False),
        ("kafka-topics --create --topic x", 0, False),
        ("tail -f /dev/null", 0, False),
        ("/scripts/up.sh", 1, True),
        ("kafka-server-start /x/own.properties", 1, True),
    ],
)
def test_what_a_container_runs(command: str, brokers: int, is_open: bool) -> None:
    found = _facts({"docker-compose.yml": _BROKER.format(command=command)})
    facts = [fact for fact in found if fact.role == "broker"]
    assert len(facts) == brokers
    assert all((fact.block.open_reason is not None) == is_open for fact in facts)


def test_without_variables_the_image_of_confluent_runs_no_broker() -> None:
    assert not _facts({"docker-compose.yml": "services:\n  x:\n    image: confluentinc/cp-kafka\n"})


@pytest.mark.parametrize(
    ("image", "environment", "layered"),
    [
        ("apache/kafka:3.8.0", "{}", True),
        ("apache/kafka:3.8.0", "{KAFKA_NODE_ID: 1}", False),
        ("bitnami/kafka:3.8", "{KAFKA_CFG_NODE_ID: 1}", True),
        ("confluentinc/cp-kafka:7.4.0", "{KAFKA_PROCESS_ROLES: broker}", False),
    ],
)
def test_what_an_image_starts_from(image: str, environment: str, layered: bool) -> None:
    body = f"services:\n  x:\n    image: {image}\n    environment: {environment}\n"
    (broker,) = _facts({"docker-compose.yml": body})
    factor = [
        layer.at("transaction.state.log.replication.factor", "3.8.0") for layer in broker.layers
    ]
    assert factor == ([1] if layered else [])


@pytest.mark.parametrize(
    ("written", "instances"),
    [
        ("deploy: {replicas: 3}", 3),
        ("scale: 2", 2),
        ("deploy: {replicas: '${N:-4}'}", 4),
        ("deploy: {replicas: '${N}'}", None),
        ("restart: always", 1),
    ],
)
def test_replicas(written: str, instances: int | None) -> None:
    body = f"services:\n  x:\n    image: apache/kafka:3.8.0\n    {written}\n"
    (broker,) = _facts({"docker-compose.yml": body})
    assert broker.instances == instances


@pytest.mark.parametrize(
    ("written", "top", "is_open"),
    [
        ("profiles: [big]", "", True),
        ("tty: true", "include: [other.yml]\n", True),
        ("tty: true", "", False),
    ],
)
def test_brokers_that_may_not_be_all(written: str, top: str, is_open: bool) -> None:
    body = f"{top}services:\n  x:\n    image: apache/kafka:3.8.0\n    {written}\n"
    (broker,) = _facts({"docker-compose.yml": body})
    assert ("open" in broker.details) == is_open


def test_a_program_of_the_project() -> None:
    body = "services:\n  x:\n    image: postgres\n  y:\n    build: ./orders\n    scale: 2\n"
    body += "    environment: {KAFKA_ADVERTISED_LISTENERS: none}\n"
    (program,) = _facts({"docker-compose.yml": body})
    assert (program.role, program.name, program.instances) == ("workload", "y", 2)
    assert program.details == {
        "kind": "compose service",
        "image": "orders",
        "folder": "orders",
    }


def test_a_mounted_file_may_say_more() -> None:
    body = (
        "services:\n  x:\n    image: apache/kafka:3.8.0\n"
        "    volumes: ['./c/server.properties:/mnt/shared/config/server.properties:ro']\n"
    )
    (broker,) = _facts({"docker-compose.yml": body})
    assert broker.block.open_reason is not None
    assert not broker.layers


def test_clusters_of_one_file_are_told_apart() -> None:
    service = (
        "  {0}:\n    image: confluentinc/cp-kafka:7.4.0\n    environment:\n"
        "      KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://{0}:9092\n      KAFKA_ZOOKEEPER_CONNECT: {1}\n"
    )
    pairs = [("a1", "zk1:2181,zk2:2181"), ("a2", "zk2:2181"), ("b1", "zk3:2181")]
    body = "services:\n" + "".join(service.format(*pair) for pair in pairs)
    names = [fact.details["cluster"] for fact in _facts({"docker-compose.yml": body})]
    assert names[0] == names[1] != names[2]


def test_a_connect_worker_inside_ksqldb() -> None:
    body = """services:
  k:
    image: confluentinc/ksqldb-server:0.29.0
    environment:
      KSQL_BOOTSTRAP_SERVERS: kafka:9092
      KSQL_KSQL_CONNECT_WORKER_CONFIG: /connect/connect.properties
      KSQL_CONNECT_GROUP_ID: k
      KSQL_CONNECT_PRODUCER_ACKS: 1
"""
    roles = [fact.role for fact in _facts({"docker-compose.yml": body})]
    assert roles == ["streams", "connect-worker", "producer"]


def test_a_dockerfile_of_its_own_is_open() -> None:
    body = "ARG V\nFROM confluentinc/cp-kafka-connect:${V:-7.6.0}\nENV CONNECT_PRODUCER_ACKS=1\n"
    worker, producer = _facts({"Dockerfile": body})
    assert worker.versions == ("3.6.2",)
    assert producer.block.open_reason == "what the container is started with"
    assert _settings(producer) == {"acks": "1"}


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("COPY a.properties /opt/bitnami/kafka/config/server.properties", "/server.properties"),
        ("ADD --chown=1001:0 conf/ /opt/bitnami/kafka/config", "/config"),
        ('COPY ["my conf", "/opt/bitnami/kafka/config/"]', "/config"),
        ("WORKDIR /opt/bitnami\nCOPY server.properties kafka/config/", "/kafka/config"),
        ("COPY a.properties ${KAFKA_HOME}/config/server.properties", "/server.properties"),
        ("RUN sed -i s/1/3/ /opt/bitnami/kafka/config/server.properties", "/server.properties"),
        ('ENTRYPOINT ["/up.sh"]', "it is started with /up.sh"),
        ("CMD bash /up.sh", "it is started with bash"),
        ("COPY log4j.properties /opt/bitnami/kafka/config/log4j.properties", None),
        ("COPY plugin.jar /opt/bitnami/kafka/config/", None),
        ("COPY data /var/data", None),
        ("CMD /wait.sh && /opt/bitnami/scripts/kafka/run.sh", None),
    ],
)
def test_what_a_built_image_starts_from(lines: str, reason: str | None) -> None:
    body = "services:\n  x:\n    build: .\n    environment: {KAFKA_CFG_NODE_ID: 1}\n"
    dockerfile = f"FROM bitnami/kafka:3.7\n{lines}\n"
    (broker,) = _facts({"docker-compose.yml": body, "Dockerfile": dockerfile})
    found = broker.block.open_reason
    assert found is None if reason is None else found is not None and found.endswith(reason)
    assert _settings(broker) == {"node.id": "1"}


def test_a_service_says_what_its_image_is_started_with() -> None:
    dockerfile = 'FROM bitnami/kafka:3.7\nENTRYPOINT ["/up.sh"]\nCMD ["now"]\n'
    run = "/opt/bitnami/scripts/kafka/run.sh"
    for line, is_open in ((f"entrypoint: {run}", False), ("profiles: []", True)):
        body = f"services:\n  x:\n    build: .\n    {line}\n"
        (broker,) = _facts({"docker-compose.yml": body, "Dockerfile": dockerfile})
        assert (broker.block.open_reason is not None) == is_open
    errand = 'FROM bitnami/kafka:3.7\nCMD ["bash", "/create-topics.sh"]\n'
    body = "services:\n  x:\n    build: .\n"
    assert not _facts({"docker-compose.yml": body, "Dockerfile": errand})
