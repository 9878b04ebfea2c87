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

# What writes to Kafka or keeps state. quixstreams/dataframe/dataframe.py: results, repartitioned
# records, windows and joins; what an application's own producer sends is in no transaction.
QUIX_WRITES = frozenset(
    {"to_topic", "group_by", "drop_duplicates", "join_asof", "join_interval", "join_latest"}
    | {"tumbling_window", "hopping_window", "sliding_window"}
    | {"tumbling_count_window", "hopping_count_window", "sliding_count_window"}
)
QUIX_MAY_WRITE = frozenset({"get_producer"})
# faust/app/base.py, topics.py, agents/agent.py, streams.py, events.py
FAUST_TABLES = frozenset({"Table", "GlobalTable", "SetTable", "SetGlobalTable"})
FAUST_SENDS = frozenset({"send", "send_soon"})
FAUST_MAY_WRITE = frozenset(
    {"cast", "ask", "ask_nowait", "kvmap", "kvjoin", "forward", "through", "group_by", "echo"}
)
WRITES = {
    FAUST: FAUST_TABLES | FAUST_SENDS | FAUST_MAY_WRITE,
    QUIX: QUIX_WRITES | QUIX_MAY_WRITE,
}
# Keywords that make a call write or keep state: of a dataframe's methods, of an agent.
WRITE_KEYWORDS = {FAUST: frozenset({"sink"}), QUIX: frozenset({"stateful"})}
