"""The libraries whose sources, sinks and applications are built by calls, not by a client's class."""

from __future__ import annotations

import re

# The packages they are imported from. Each of their files that has to do with Kafka has that word.
PACKAGES: frozenset[str] = frozenset(
    {"pyspark", "pyflink", "apache_beam", "delta", "faust", "faststream", "quixstreams"}
)

FAUST, QUIX = "faust.App", "quixstreams.Application"
QUIX_PRODUCER = "quixstreams.Application.producer"
FASTSTREAM, FASTSTREAM_CONFLUENT = (
    "faststream.kafka.KafkaBroker",
    "faststream.confluent.KafkaBroker",
)

FAUST_NAME = re.compile(r"faust\.(?:app\.)?(?:base\.)?App")
QUIX_NAME = re.compile(r"quixstreams\.(?:app\.)?Application(?:\.Quix)?")
# A router of FastStream's own takes its broker's settings; the one of its FastAPI plugin has a broker.
FASTSTREAM_NAME = re.compile(
    r"faststream\.(kafka|confluent)\.(?:(?:\w+\.)*KafkaBroker|fastapi\.(?:\w+\.)*KafkaRouter)"
)
# What makes an application one that handles streams: its guarantee is about those.
HANDLES = {FAUST: frozenset({"agent", "stream"}), QUIX: frozenset({"dataframe"})}

# faststream/kafka/broker/{broker,registrator}.py
PUBLISHES = frozenset({"publish", "publish_batch", "publisher", "request"})
