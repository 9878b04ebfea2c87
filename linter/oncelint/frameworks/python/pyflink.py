"""Placement of PyFlink: which calls of its builders and classes say what of a source, a sink or a job.

The settings have the names that Flink's SQL connector and configuration give them, so that a job is
judged alike wherever it says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

SOURCE, SINK, JOB = "pyflink.KafkaSource", "pyflink.KafkaSink", "pyflink.StreamExecutionEnvironment"
TABLE = "pyflink.TableDescriptor"
PACKAGE = "pyflink"

BUILDER = re.compile(r"pyflink\.(?:\w+\.)*(KafkaSource|KafkaSink)\.builder")
ENVIRONMENT = re.compile(
    r"pyflink\.(?:\w+\.)*StreamExecutionEnvironment\.(?:get_execution_environment)"
)
TABLES = re.compile(
    r"pyflink\.(?:\w+\.)*(?:StreamTableEnvironment|TableEnvironment)\.create(?:_\w+)?"
)
# pyflink/table/table_descriptor.py
DESCRIPTOR = re.compile(r"pyflink\.(?:\w+\.)*TableDescriptor\.for_connector")
# pyflink/common/configuration.py; pyflink/table/environment_settings.py
SETTINGS = re.compile(r"pyflink\.(?:\w+\.)*Configuration")
# pyflink/datastream/connectors/kafka.py: the classes from before the builders (until Flink 1.17)
OLD_CONSUMER = re.compile(r"pyflink\.(?:\w+\.)*FlinkKafkaConsumer(?:011|010)?")
OLD_PRODUCER = re.compile(r"pyflink\.(?:\w+\.)*FlinkKafkaProducer(?:011|010)?")
OLD_PRODUCER_PARAMETERS = (
    "topic",
    "serialization_schema",
    "producer_config",
    "kafka_producer_pool_size",
    "semantic",
)
OLD_CONSUMER_PARAMETERS = ("topics", "deserialization_schema", "properties")

# Methods of the builders that set one setting: pyflink/datastream/connectors/kafka.py
# (KafkaSourceBuilder, KafkaSinkBuilder).
METHODS: Mapping[str, str] = {
    "set_bootstrap_servers": "properties.bootstrap.servers",
    "set_group_id": "properties.group.id",
    "set_client_id_prefix": "properties.client.id.prefix",
    "set_delivery_guarantee": "sink.delivery-guarantee",
    "set_transactional_id_prefix": "sink.transactional-id-prefix",
}
TOPICS = frozenset({"set_topics", "set_topic", "set_topic_pattern"})
PROPERTY = "set_property"
PROPERTIES = "set_properties"
GUARANTEE = "sink.delivery-guarantee"
INTERVAL = "execution.checkpointing.interval"
MODE = "execution.checkpointing.mode"
PAUSE = "execution.checkpointing.min-pause"
TIMEOUT = "execution.checkpointing.timeout"

# Members of DeliveryGuarantee (connectors/base.py), Semantic (connectors/kafka.py) and
# CheckpointingMode (checkpointing_mode.py), as the options of SQL and of the configuration spell them.
MEMBERS: Mapping[str, str] = {
    "DeliveryGuarantee.EXACTLY_ONCE": "exactly-once",
    "DeliveryGuarantee.AT_LEAST_ONCE": "at-least-once",
    "DeliveryGuarantee.NONE": "none",
    "Semantic.EXACTLY_ONCE": "exactly-once",
    "Semantic.AT_LEAST_ONCE": "at-least-once",
    "Semantic.NONE": "none",
    "CheckpointingMode.EXACTLY_ONCE": "EXACTLY_ONCE",
    "CheckpointingMode.AT_LEAST_ONCE": "AT_LEAST_ONCE",
}


def member(dotted: str) -> str | None:
    """What a member of one of PyFlink's enumerations says; None for anything else."""
    return MEMBERS.get(".".join(dotted.split(".")[-2:]))
