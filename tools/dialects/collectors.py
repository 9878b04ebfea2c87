"""Writes the tables of collectors that have options of their own before their Kafka client.

    python tools/dialects/collectors.py

The facts are few and read by hand: Telegraf plugins/common/kafka/config.go and
plugins/outputs/kafka/kafka.go (defaults of init); logstash-integration-kafka
lib/logstash/{outputs,inputs}/kafka.rb (config); Redpanda Connect
internal/impl/kafka/output_sarama_kafka.go, franz_writer.go, franz_reader.go (defaults of the fields).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "linter" / "oncelint" / "dialects" / "data"


def setting(
    name: str, type_: str, default: Any, role: str, values: list[Any] | None = None
) -> dict[str, Any]:
    return {
        "defaults": [["1.0.0", default]],
        "deprecated": None,
        "max": None,
        "min": None,
        "removed": None,
        "roles": [role],
        "since": "1.0.0",
        "spellings": [name],
        "type": type_,
        "values": values,
    }


IDEMPOTENCE, ACKS, IN_FLIGHT = "enable.idempotence", "acks", "max.in.flight.requests.per.connection"
ISOLATION, LEVELS = "isolation.level", ["read_uncommitted", "read_committed"]
TABLES: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    "telegraf": (
        "telegraf",
        {
            IDEMPOTENCE: setting(IDEMPOTENCE, "boolean", False, "producer"),
            ACKS: setting(ACKS, "enum", "all", "producer", [0, 1, -1, "all"]),
            "retries": setting("retries", "int", 3, "producer"),
        },
    ),
    # it has no option for idempotence, and what its client's default comes to depends on a version
    # that no configuration tells
    "logstash": (
        "logstash",
        {
            ACKS: setting(ACKS, "enum", 1, "producer", [0, 1, "all"]),
            "retries": setting("retries", "int", None, "producer"),
            ISOLATION: setting(ISOLATION, "enum", "read_uncommitted", "consumer", LEVELS),
            "enable.auto.commit": setting("enable.auto.commit", "boolean", True, "consumer"),
            "group.id": setting("group.id", "string", "logstash", "consumer"),
            "auto.offset.reset": setting("auto.offset.reset", "string", None, "consumer"),
        },
    ),
    "redpanda-connect": (
        "redpanda-connect",
        {
            IDEMPOTENCE: setting(IDEMPOTENCE, "boolean", True, "producer"),
            ACKS: setting(ACKS, "enum", "all", "producer", [0, 1, "all"]),
            IN_FLIGHT: setting(IN_FLIGHT, "int", 1, "producer"),
            ISOLATION: setting(ISOLATION, "enum", "read_uncommitted", "consumer", LEVELS),
            "group.id": setting("group.id", "string", None, "consumer"),
        },
    ),
    # its idempotent_write cannot be on: sarama wants one request in flight (Net.MaxOpenRequests),
    # for which this output has no option
    "redpanda-connect-sarama": (
        "redpanda-connect",
        {
            ACKS: setting(ACKS, "enum", 1, "producer", [1, "all"]),
        },
    ),
}


def main() -> None:
    for name, (distribution, settings) in TABLES.items():
        table = {
            "dialect": name,
            "distribution": distribution,
            "settings": dict(sorted(settings.items())),
            "versions": ["1.0.0"],
        }
        text = json.dumps(table, indent=1, sort_keys=True, ensure_ascii=False)
        (DATA / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
