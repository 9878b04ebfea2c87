"""Write the tables of Spark's Kafka source and sink, and of what a session knows of checkpoints.

Run ``python tools/dialects/spark.py`` to write them, with ``--check`` to compare them with the tree
(exit code 1 when they differ). The options are those of KafkaSourceProvider and DataStreamWriter;
behind ``kafka.`` they are settings of the client that the release brings (the dependency on
kafka-clients of spark-sql-kafka-0-10's published POMs), read from that client's own table.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "linter" / "oncelint" / "dialects" / "data"

# A Spark release, and the nearest release of the clients' tables to the one that it brings.
CLIENTS = {
    "2.4.8": "2.0.1",  # kafka-clients 2.0.0
    "3.0.0": "2.4.1",
    "3.1.3": "2.6.3",  # 2.6.0
    "3.2.1": "2.8.2",  # 2.8.0
    "3.3.4": "2.8.2",  # 2.8.1
    "3.4.4": "3.3.2",
    "3.5.1": "3.4.1",
    "4.0.1": "3.9.2",  # 3.9.1
    "4.1.0": "3.9.2",  # 3.9.1
}

# KafkaSourceProvider: name, type, default, values, the release it came with.
SOURCE_OPTIONS: tuple[tuple[str, str, Any, list[str] | None, str], ...] = (
    ("subscribe", "string", None, None, "2.4.8"),
    ("subscribePattern", "string", None, None, "2.4.8"),
    ("assign", "string", None, None, "2.4.8"),
    ("startingOffsets", "string", None, None, "2.4.8"),
    ("endingOffsets", "string", None, None, "2.4.8"),
    ("startingOffsetsByTimestamp", "string", None, None, "3.0.0"),
    ("endingOffsetsByTimestamp", "string", None, None, "3.0.0"),
    ("startingTimestamp", "string", None, None, "3.2.1"),
    ("endingTimestamp", "string", None, None, "3.2.1"),
    ("startingOffsetsByTimestampStrategy", "string", "error", None, "3.3.4"),
    ("failOnDataLoss", "boolean", True, None, "2.4.8"),
    ("maxOffsetsPerTrigger", "long", None, None, "2.4.8"),
    ("minOffsetsPerTrigger", "long", None, None, "3.3.4"),
    ("maxTriggerDelay", "string", "15m", None, "3.3.4"),
    ("minPartitions", "int", None, None, "2.4.8"),
    ("maxRecordsPerPartition", "long", None, None, "4.0.1"),
    ("groupIdPrefix", "string", None, None, "3.0.0"),
    ("includeHeaders", "boolean", False, None, "3.0.0"),
    ("kafkaConsumer.pollTimeoutMs", "long", None, None, "2.4.8"),
    ("fetchOffset.numRetries", "int", 3, None, "2.4.8"),
    ("fetchOffset.retryIntervalMs", "long", 10, None, "2.4.8"),
)
SINK_OPTIONS: tuple[tuple[str, str, Any, list[str] | None, str], ...] = (
    ("topic", "string", None, None, "2.4.8"),
    ("includeHeaders", "boolean", False, None, "3.0.0"),
    ("checkpointLocation", "string", None, None, "2.4.8"),
    ("path", "string", None, None, "2.4.8"),
)
SESSION = (
    ("spark.sql.streaming.checkpointLocation", "string", None, None, "2.4.8"),
    ("spark.sql.streaming.forceDeleteTempCheckpointLocation", "boolean", False, None, "3.0.0"),
    ("spark.sql.streaming.stopActiveRunOnRestart", "boolean", True, None, "3.0.0"),
)
# Settings that the source refuses or decides itself (validateGeneralOptions, kafkaParamsForProducer).
REFUSED = {
    "consumer": {
        *("auto.offset.reset", "key.deserializer", "value.deserializer"),
        *("enable.auto.commit", "interceptor.classes"),
    },
    "producer": {"key.serializer", "value.serializer"},
}


def option(row: tuple[str, str, Any, list[str] | None, str], role: str) -> dict[str, Any]:
    name, kind, default, values, since = row
    return {
        "spellings": [name],
        "type": kind,
        "roles": [role],
        "defaults": [[since, default]],
        "since": since,
        "removed": None,
        "values": values,
    }


def client_settings(client: str, role: str) -> dict[str, dict[str, Any]]:
    """The client's settings behind `kafka.`, with the defaults that each release of Spark has."""
    table = json.loads((DATA / f"java-{client}.json").read_bytes())
    order = table["versions"]
    found = {}
    for name, raw in table["settings"].items():
        if name in REFUSED[client]:
            continue
        here = [spark for spark, kafka in CLIENTS.items() if _exists(raw, kafka, order)]
        if not here:
            continue
        defaults: list[list[Any]] = []
        for spark in here:
            told = raw.get("effective_defaults") or raw["defaults"]
            value = _at(told, CLIENTS[spark], order)
            if not defaults or defaults[-1][1] != value:
                defaults.append([spark, value])
        gone = [spark for spark in CLIENTS if spark > here[-1]]
        found[f"kafka.{name}"] = {
            "spellings": [f"kafka.{name}"],
            "type": raw["type"],
            "roles": [role],
            "defaults": defaults,
            "since": here[0],
            "removed": gone[0] if gone else None,
            "values": raw.get("values"),
        }
    return found


def _exists(raw: dict[str, Any], version: str, order: list[str]) -> bool:
    at = order.index(version)
    removed = raw.get("removed")
    return order.index(raw["since"]) <= at and (not removed or order.index(removed) > at)


def _at(changes: list[list[Any]], version: str, order: list[str]) -> Any:
    found = None
    for since, value in changes:
        if order.index(since) <= order.index(version):
            found = value
    return found


def tables() -> dict[str, dict[str, Any]]:
    def table(source: str, settings: dict[str, dict[str, Any]]) -> dict[str, Any]:
        return {
            "dialect": "spark",
            "distribution": "pyspark",
            "source": source,
            "versions": list(CLIENTS),
            "settings": dict(sorted(settings.items())),
        }

    read = {row[0]: option(row, "spark-source") for row in SOURCE_OPTIONS}
    write = {row[0]: option(row, "spark-sink") for row in SINK_OPTIONS}
    kafka = "; behind kafka. the settings of the kafka-clients that the release depends on"
    return {
        "spark-source": table(
            "Options of KafkaSourceProvider" + kafka,
            {**read, **client_settings("consumer", "spark-source")},
        ),
        "spark-sink": table(
            "Options of KafkaSourceProvider and DataStreamWriter" + kafka,
            {**write, **client_settings("producer", "spark-sink")},
        ),
        "spark-session": table(
            "SQLConf", {row[0]: option(row, "spark-session") for row in SESSION}
        ),
    }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    differ = False
    for name, table in tables().items():
        path = DATA / f"{name}.json"
        text = json.dumps(table, indent=None, separators=(",", ":"), sort_keys=True) + "\n"
        text = text.replace('},"', '},\n"')
        if check:
            differ = differ or not path.exists() or path.read_text() != text
        else:
            path.write_text(text)
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
