"""Placement of Apache Beam's Kafka transforms in Python.

They are Java's KafkaIO behind an expansion service: `consumer_config` and `producer_config` are
settings of the Java clients, over what KafkaIO sets itself.
"""

from __future__ import annotations

import re

from oncelint.model.layers import Layer

READ, WRITE = "apache_beam.ReadFromKafka", "apache_beam.WriteToKafka"
PACKAGE = "apache_beam"
NAMES = re.compile(r"apache_beam\.io\.(?:external\.)?kafka\.(ReadFromKafka|WriteToKafka)")

# apache_beam/io/kafka.py: the parameters of both transforms, in order.
READ_PARAMETERS = ("consumer_config", "topics")
WRITE_PARAMETERS = ("producer_config", "topic")

# sdks/java/io/kafka, KafkaIOUtils.DEFAULT_CONSUMER_PROPERTIES: beneath the user's own
CONSUMER_LAYERS = (
    Layer(
        "set by Beam's KafkaIO unless the configuration does",
        False,
        {
            "auto.offset.reset": (("0", "latest"),),
            "enable.auto.commit": (("0", False),),
        },
    ),
)
# sdks/java/io/kafka, KafkaIO.WriteRecords.DEFAULT_PRODUCER_PROPERTIES
PRODUCER_LAYERS = (
    Layer("set by Beam's KafkaIO unless the configuration does", False, {"retries": (("0", 3),)}),
)
