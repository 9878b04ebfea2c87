"""consumer-reads-uncommitted: records of an aborted transaction reach whoever reads uncommitted.

Five records are committed, five aborted. Only the isolation level decides who sees the aborted
ones, and the clients have different defaults: confluent-kafka reads committed, kafka-python and
aiokafka read uncommitted. A spelling other than the exact lower-case word is understood by
confluent-kafka and kafka-python 3; aiokafka takes it at construction and refuses it in start().
"""

from dataclasses import dataclass
from typing import Any

import harness
from harness import AIOKAFKA, CONFLUENT, KAFKA_PYTHON_3, KAFKA_PYTHON_23

from broker import Broker

TOPIC = "payments"
COMMITTED = [f"committed-{number}" for number in range(5)]
ABORTED = [f"aborted-{number}" for number in range(5)]


@dataclass(frozen=True, slots=True)
class Case:
    """One consumer configuration and how many aborted records it must see."""

    client: str
    setting: dict[str, Any]
    aborted_seen: int


CASES = (
    Case(CONFLUENT, {}, 0),
    Case(CONFLUENT, {"isolation.level": "read_uncommitted"}, 5),
    Case(CONFLUENT, {"isolation.level": "READ_COMMITTED"}, 0),
    Case(KAFKA_PYTHON_3, {}, 5),
    Case(KAFKA_PYTHON_3, {"isolation_level": "read_committed"}, 0),
    Case(KAFKA_PYTHON_3, {"isolation_level": "READ_COMMITTED"}, 0),
    Case(KAFKA_PYTHON_23, {}, 5),
    Case(KAFKA_PYTHON_23, {"isolation_level": "read_committed"}, 0),
    Case(AIOKAFKA, {}, 5),
    Case(AIOKAFKA, {"isolation_level": "read_committed"}, 0),
)
REFUSED = (
    (AIOKAFKA, "READ_COMMITTED", "ValueError"),
    (AIOKAFKA, "read-committed", "ValueError"),
    (KAFKA_PYTHON_23, "READ_COMMITTED", "KafkaConfigurationError"),
)


def story(report: harness.Report) -> None:
    """Abort a transaction, commit another, read the topic with every configuration."""
    with Broker() as broker:
        harness.create_topics(broker.bootstrap, TOPIC)
        for values, end in ((ABORTED, "abort"), (COMMITTED, "commit")):
            harness.run_peer(
                CONFLUENT,
                "transaction",
                config={"bootstrap.servers": broker.bootstrap, "transactional.id": "payments-0"},
                topic=TOPIC,
                values=values,
                end=end,
            )
        for number, case in enumerate(CASES):
            group = "group.id" if case.client == CONFLUENT else "group_id"
            read = harness.run_peer(
                case.client,
                "consume",
                config={
                    **harness.address_keys(case.client, broker.bootstrap),
                    group: f"readers-{number}",
                    **case.setting,
                },
                topic=TOPIC,
                # One more than there is, so that the reader looks on after the last one.
                wanted=len(COMMITTED) + len(ABORTED) + 1,
                seconds=5,
            )
            values = read["values"]
            report.add(
                case.client,
                str(case.setting or "default"),
                {"aborted_seen": case.aborted_seen, "committed_seen": len(COMMITTED)},
                aborted_seen=len(set(values) & set(ABORTED)),
                committed_seen=len(set(values) & set(COMMITTED)),
            )
        for client, spelling, error in REFUSED:
            answer = harness.run_peer(
                client,
                "construct",
                role="consumer",
                topic=TOPIC,
                config={
                    **harness.address_keys(client, broker.bootstrap),
                    "group_id": "refused",
                    "isolation_level": spelling,
                },
            )
            report.add(
                client,
                str({"isolation_level": spelling}),
                {"error": error},
                error=answer["error"],
                message=answer.get("message"),
            )


if __name__ == "__main__":
    harness.main("consumer-reads-uncommitted", story)
