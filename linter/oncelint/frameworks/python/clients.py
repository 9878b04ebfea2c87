"""Placement of the Python client libraries: how each constructor takes its configuration.

A class is known by where it is imported from, never by its name: `aiokafka` has no
`KafkaProducer`, and arroyo's is another class altogether.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientShape:
    """One constructor.

    `dialects` are the tables its settings can come from: `kafka` is the import name of two
    distributions. `takes_dict`: settings come as a mapping in the first argument (and keywords),
    else as keyword arguments. `dict_keywords` are names the mapping can be passed by,
    `other_keywords` arguments that are no settings. `topics_positional`: positional arguments are
    topics to subscribe to.
    """

    dialects: tuple[str, ...]
    role: str
    takes_dict: bool
    dict_keywords: tuple[str, ...] = ()
    other_keywords: tuple[str, ...] = ()
    topics_positional: bool = False
    may_be_empty: bool = False


_LIBRDKAFKA = ("librdkafka",)
_KAFKA = ("kafka-python", "kafka-python-ng")
_AIO = ("aiokafka",)

CLIENTS: dict[str, ClientShape] = {
    # confluent-kafka: confluent_kafka/src/confluent_kafka.c (common_conf_setup) takes a dict, keyword
    # arguments, or both; keywords win.
    "confluent_kafka.Producer": ClientShape(
        _LIBRDKAFKA, "producer", True, ("config", "conf"), ("logger",)
    ),
    "confluent_kafka.Consumer": ClientShape(
        _LIBRDKAFKA, "consumer", True, ("config", "conf"), ("logger",)
    ),
    "confluent_kafka.SerializingProducer": ClientShape(_LIBRDKAFKA, "producer", True, ("conf",)),
    "confluent_kafka.DeserializingConsumer": ClientShape(_LIBRDKAFKA, "consumer", True, ("conf",)),
    "confluent_kafka.avro.AvroProducer": ClientShape(
        _LIBRDKAFKA,
        "producer",
        True,
        ("config",),
        ("default_key_schema", "default_value_schema", "schema_registry"),
    ),
    "confluent_kafka.avro.AvroConsumer": ClientShape(
        _LIBRDKAFKA,
        "consumer",
        True,
        ("config",),
        ("schema_registry", "reader_key_schema", "reader_value_schema"),
    ),
    # confluent_kafka/aio/producer/_AIOProducer.py, aio/_AIOConsumer.py
    "confluent_kafka.aio.AIOProducer": ClientShape(
        _LIBRDKAFKA,
        "producer",
        True,
        ("producer_conf",),
        ("max_workers", "executor", "batch_size", "buffer_timeout"),
    ),
    "confluent_kafka.aio.AIOConsumer": ClientShape(
        _LIBRDKAFKA,
        "consumer",
        True,
        ("consumer_conf",),
        ("max_workers", "executor"),
    ),
    # kafka-python: kafka/producer/kafka.py, kafka/consumer/group.py
    "kafka.KafkaProducer": ClientShape(_KAFKA, "producer", False, may_be_empty=True),
    "kafka.KafkaConsumer": ClientShape(
        _KAFKA, "consumer", False, topics_positional=True, may_be_empty=True
    ),
    # aiokafka: aiokafka/producer/producer.py, aiokafka/consumer/consumer.py
    "aiokafka.AIOKafkaProducer": ClientShape(
        _AIO, "producer", False, other_keywords=("loop",), may_be_empty=True
    ),
    "aiokafka.AIOKafkaConsumer": ClientShape(
        _AIO,
        "consumer",
        False,
        other_keywords=("loop",),
        topics_positional=True,
        may_be_empty=True,
    ),
}

_OTHER_PLACES: dict[str, str] = {
    "confluent_kafka.cimpl.Producer": "confluent_kafka.Producer",
    "confluent_kafka.cimpl.Consumer": "confluent_kafka.Consumer",
    "confluent_kafka.serializing_producer.SerializingProducer": "confluent_kafka.SerializingProducer",
    "confluent_kafka.deserializing_consumer.DeserializingConsumer": (
        "confluent_kafka.DeserializingConsumer"
    ),
    "confluent_kafka.experimental.aio.AIOProducer": "confluent_kafka.aio.AIOProducer",
    "confluent_kafka.experimental.aio.AIOConsumer": "confluent_kafka.aio.AIOConsumer",
    "kafka.producer.KafkaProducer": "kafka.KafkaProducer",
    "kafka.producer.kafka.KafkaProducer": "kafka.KafkaProducer",
    "kafka.consumer.KafkaConsumer": "kafka.KafkaConsumer",
    "kafka.consumer.group.KafkaConsumer": "kafka.KafkaConsumer",
    "aiokafka.producer.AIOKafkaProducer": "aiokafka.AIOKafkaProducer",
    "aiokafka.producer.producer.AIOKafkaProducer": "aiokafka.AIOKafkaProducer",
    "aiokafka.consumer.AIOKafkaConsumer": "aiokafka.AIOKafkaConsumer",
    "aiokafka.consumer.consumer.AIOKafkaConsumer": "aiokafka.AIOKafkaConsumer",
}


@dataclass(frozen=True, slots=True)
class TopicShape:
    """A class by which an admin client is told of a topic to create: its positional arguments, of
    which the first is the topic's name, and the argument with the topic's own settings."""

    arguments: tuple[str, ...]
    config: str


# confluent_kafka/src/AdminTypes.c; kafka/admin/new_topic.py (kafka-python up to 2.x, and its successor
# in 3.x); aiokafka/admin/new_topic.py
_CONFLUENT_TOPIC = TopicShape(
    ("topic", "num_partitions", "replication_factor", "replica_assignment", "config"), "config"
)
_KAFKA_TOPIC = TopicShape(
    ("name", "num_partitions", "replication_factor", "replica_assignments", "topic_configs"),
    "topic_configs",
)
TOPICS: dict[str, TopicShape] = {
    "confluent_kafka.admin.NewTopic": _CONFLUENT_TOPIC,
    "kafka.admin.NewTopic": _KAFKA_TOPIC,
    "aiokafka.admin.NewTopic": _KAFKA_TOPIC,
}
_OTHER_TOPICS: dict[str, str] = {
    "confluent_kafka.cimpl.NewTopic": "confluent_kafka.admin.NewTopic",
    "kafka.admin.new_topic.NewTopic": "kafka.admin.NewTopic",
    "aiokafka.admin.new_topic.NewTopic": "aiokafka.admin.NewTopic",
}

# Every dotted name a constructor can be imported by, to the name it is known by here.
CONSTRUCTORS: dict[str, str] = {
    **{name: name for name in (*CLIENTS, *TOPICS)},
    **_OTHER_PLACES,
    **_OTHER_TOPICS,
}

CONSUMERS: frozenset[str] = frozenset(
    name for name, shape in CLIENTS.items() if shape.role == "consumer"
)

# Methods that take records from a consumer.
POLLS = frozenset({"poll", "consume", "getone", "getmany", "__next__", "__anext__", "next"})
