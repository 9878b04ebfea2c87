"""The literals of discovery's byte test: without one of them a file is dropped unparsed.

They are what the recognisers themselves look for: the keys they know a configuration by, and the
packages that the Python constructors are imported from (a test compares them).
"""

from __future__ import annotations

# Where the Python constructors are imported from.
PACKAGES = ("aiokafka", "confluent_kafka", "kafka")
# The stream frameworks that are imported by a name without "kafka" in it. (bytewax and arroyo take
# their Kafka parts from modules with the word; FastStream's confluent flavour has no such word.)
STREAMS = ("faust", "faststream", "quixstreams", "kstreams")
BOOTSTRAP = "bootstrap.servers"
# the slip that leaves a client's own .properties file without the key it is known by
MISSPELT_BOOTSTRAP = "bootstrap.server"
BROKER_KEYS = ("log.dirs", "log.dir", "process.roles", "zookeeper.connect")
CONNECTOR_CLASS = "connector.class"
WORKER_KEYS = ("offset.storage.topic", "offset.storage.file.filename")
# The variable by which the image wurstmeister/kafka creates topics, and the command.
CREATE_TOPICS = "KAFKA_CREATE_TOPICS"
KAFKA_TOPICS = "kafka-topics"
# Resource types of Terraform's providers.
TERRAFORM = ("kafka_topic", "aws_msk_cluster", "aws_msk_configuration")


def _minimal(needles: tuple[str, ...]) -> tuple[bytes, ...]:
    """Without those that contain another one: they can only be found where it is."""
    return tuple(sorted(n.encode() for n in needles if not any(o != n and o in n for o in needles)))


# Application files of Spring, Quarkus and Micronaut: in YAML the names are nested.
SPRING = ("spring.kafka", "cloud.stream")
# The bindings of functions in an application of Spring Cloud Stream that never says "kafka".
SPRING_FUNCTIONS = ("-out-0", "-in-0")
QUARKUS = ("mp.messaging", "kafka-streams")
MICRONAUT = ("kafka.producers", "kafka.consumers", "kafka.streams")

# What a Spark session keeps all of its queries' progress by.
SPARK_CHECKPOINTS = "spark.sql.streaming.checkpointLocation"

# What a Spring application reads from its environment (frameworks/applications/relaxed.py).
SPRING_VARIABLES = ("SPRING_KAFKA_",)
IMAGES = (
    *("cp-kafka", "cp-server", "cp-enterprise-kafka", "cp-rpm-enterprise-kafka"),
    *("confluent-local", "ksql-server", "ksqldb-server", "kafka-connect-datagen"),
    *("apache/kafka", "bitnami/kafka", "bitnamilegacy/kafka", "wurstmeister/kafka"),
    *("debezium/kafka", "debezium/connect"),
)
# what tells an image of another name
VARIABLES = (
    *("KAFKA_ADVERTISED_LISTENERS", "CONNECT_BOOTSTRAP_SERVERS", "KSQL_BOOTSTRAP_SERVERS"),
    *("CONFIG_STORAGE_TOPIC", "KAFKA_CFG_"),
)

# The groups of the operators' resources, parts of their apiVersion.
OPERATORS = ("strimzi.io", "platform.confluent.io")

RECOGNISERS: dict[str, dict[str, tuple[str, ...]]] = {
    "containers": {
        "yaml": (*IMAGES, *VARIABLES, *SPRING_VARIABLES),
        "dockerfile": (*IMAGES, *VARIABLES),
    },
    "flink": {"sql": ("'kafka'", "'upsert-kafka'", "execution.checkpointing", "STATEMENT SET")},
    "flink.conf": {
        "yaml": ("execution.checkpointing", "checkpointing:", "FLINK_PROPERTIES", "FlinkDeployment")
    },
    "ksqldb": {"properties": ("ksql.",), "sql": ("processing.guarantee",)},
    "collectors": {
        "yaml": (
            *("librdkafka_options", "bootstrap_servers", "seed_brokers"),
            *("name: kafka", "kafka:", "kafka_franz", "redpanda"),
        ),
        "toml": ("bootstrap_servers", "outputs.kafka"),
        "json": ("bootstrap_servers", "seed_brokers"),
        "logstash": ("kafka",),
        "fluent-bit": ("kafka", "Kafka"),
    },
    "applications.spring": {"properties": SPRING, "yaml": ("kafka", *SPRING, *SPRING_FUNCTIONS)},
    "applications.quarkus": {"properties": QUARKUS, "yaml": ("kafka", "smallrye")},
    "applications.micronaut": {"properties": MICRONAUT, "yaml": ("kafka",)},
    "brokers": {"properties": BROKER_KEYS},
    "mirrormaker": {"properties": (BOOTSTRAP,)},
    "terraform": {"hcl": TERRAFORM},
    "topics": {"shell": (KAFKA_TOPICS,), "yaml": (CREATE_TOPICS,)},
    "kcat": {"shell": ("kcat", "kafkacat")},
    "kubernetes": {
        "yaml": (
            "kafka",
            "KAFKA",
            *OPERATORS,
            "kustomize.config.k8s.io",
            "../base",
            *("TRANSACTIONAL_ID", "CONFIG_STORAGE_TOPIC"),
        ),
        "json": OPERATORS,
    },
    "ksqldb.connectors": {"sql": (CONNECTOR_CLASS,)},
    "terraform.connect": {
        "hcl": (CONNECTOR_CLASS, "aws_mskconnect_worker_configuration", "kafka_connect")
    },
    "connect": dict.fromkeys(
        ("properties", "ini", "yaml", "json", "toml"), (CONNECTOR_CLASS, *WORKER_KEYS)
    ),
    "spark": dict.fromkeys(("properties", "yaml", "json", "shell"), (SPARK_CHECKPOINTS,)),
    "plain": {
        "properties": (BOOTSTRAP, MISSPELT_BOOTSTRAP),
        **dict.fromkeys(("ini", "yaml", "json", "toml"), (BOOTSTRAP,)),
    },
}
"""Each recogniser with the literals by file kind of which one must stand in a file (or in the host
of what it is embedded in) for the recogniser to be asked. It must not fire without."""


def _needles() -> dict[str, tuple[bytes, ...]]:
    found: dict[str, tuple[str, ...]] = {"python": (*PACKAGES, "faust", "FlinkKafka")}
    for kinds in RECOGNISERS.values():
        for kind, literals in kinds.items():
            found[kind] = (*found.get(kind, ()), *literals)
    # what can be embedded in a file makes the file one to look into
    for host, guests in EMBEDDED.items():
        found[host] = tuple(
            dict.fromkeys((*found.get(host, ()), *(n for g in guests for n in found.get(g, ()))))
        )
    return {kind: _minimal(literals) for kind, literals in found.items()}


EMBEDDED: dict[str, tuple[str, ...]] = {
    "yaml": (
        "properties",
        "yaml",
        "json",
        "toml",
        "ini",
        "shell",
        "sql",
        "dotenv",
        "logstash",
        "fluent-bit",
    ),
    "shell": ("properties", "yaml", "json", "sql"),
    "hcl": ("properties", "yaml", "json", "shell", "sql"),
    "dockerfile": ("properties", "yaml", "json", "shell"),
    "json": ("properties", "json"),
    "markdown": (
        *("properties", "yaml", "json", "toml", "ini", "shell", "sql", "hcl", "dockerfile"),
    ),
}
"""By kind of file the kinds of documents that stand in such files (formats/hosts)."""

NEEDLES: dict[str, tuple[bytes, ...]] = _needles()
"""By file kind; a kind that is not here has no recogniser."""

_STREAM = b"stream"
BEHIND: dict[str, tuple[bytes, tuple[bytes, ...]]] = {
    "python": (_STREAM, tuple(one.encode() for one in STREAMS if "stream" in one)),
}
"""Further literals by file kind, behind one that they have in common: a rarer search."""
