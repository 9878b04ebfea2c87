"""auto-commit-in-transaction: an auto commit is outside the transaction and loses or repeats.

One application reads ten records and writes ten in a transaction. It dies or aborts before the
transaction commits: auto commit has stored the offsets, so the second run finds nothing, and a
read_committed reader has no outputs. Or it dies after the commit, before the auto commit: the
second run writes them all again. With the offsets sent to the transaction both come out at ten.
"""

from dataclasses import dataclass
from typing import Any

import harness
from harness import AIOKAFKA, CONFLUENT, KAFKA_PYTHON_3, KAFKA_PYTHON_23

from broker import Broker

COUNT = 10
AUTO_COMMIT_SECONDS = 5.0  # every client's default interval


@dataclass(frozen=True, slots=True)
class Case:
    """How the first run ends, where the offsets go, and what is there after the second run."""

    end: str
    offsets: str
    outputs: int
    second_run_inputs: int


CASES = (
    Case("die-before-commit", "auto", 0, 0),
    Case("abort-and-close", "auto", 0, 0),
    Case("die-after-commit", "auto", 2 * COUNT, COUNT),
    Case("die-before-commit", "transaction", COUNT, COUNT),
    Case("abort-and-close", "transaction", COUNT, COUNT),
    Case("die-after-commit", "transaction", COUNT, 0),
)
CLIENTS = (CONFLUENT, KAFKA_PYTHON_3, KAFKA_PYTHON_23, AIOKAFKA)


def configurations(client: str, address: str, case: Case) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the producer's and the consumer's configuration in the client's spelling."""
    producer: dict[str, Any] = {"transactional.id": "transform-0", "transaction.timeout.ms": 20000}
    # A dead member's partitions come back when its session ends: 6 s is the broker's minimum.
    consumer: dict[str, Any] = {"group.id": "transform", "session.timeout.ms": 6000}
    if case.offsets == "transaction":
        consumer["enable.auto.commit"] = False
    if client != CONFLUENT:
        producer, consumer = (
            {key.replace(".", "_"): value for key, value in config.items()}
            for config in (producer, consumer)
        )
    if client == KAFKA_PYTHON_23:
        producer |= {"enable_idempotence": True}
    if client != CONFLUENT:
        consumer["heartbeat_interval_ms"] = 2000
    where = harness.address_keys(client, address)
    return where | producer, where | consumer


def tell(report: harness.Report, client: str, case: Case) -> None:
    """Run the application twice on a broker of its own and count the committed outputs."""
    with Broker() as broker:
        harness.create_topics(broker.bootstrap, "in", "out")
        harness.run_peer(
            CONFLUENT,
            "produce",
            config={"bootstrap.servers": broker.bootstrap, "enable.idempotence": True},
            topic="in",
            count=COUNT,
        )
        producer, consumer = configurations(client, broker.bootstrap, case)
        runs = [
            harness.run_peer(
                client,
                "transform",
                config=producer,
                consumer=consumer,
                input="in",
                topic="out",
                wanted=COUNT,
                # Long enough for the dead first member to be expelled.
                seconds=12 if number else 20,
                offsets=case.offsets,
                end=end,
                idle=AUTO_COMMIT_SECONDS + 1.5,
            )
            for number, end in enumerate((case.end, "commit-and-close"))
        ]
        outputs = harness.records_in(broker.bootstrap, "out", "read_committed")
        report.add(
            client,
            f"offsets: {case.offsets}, {case.end}",
            {
                "first_run_inputs": COUNT,
                "second_run_inputs": case.second_run_inputs,
                "outputs": case.outputs,
            },
            first_run_inputs=runs[0]["inputs"],
            second_run_inputs=runs[1]["inputs"],
            outputs=len(outputs),
            distinct=len(set(outputs)),
        )


def story(report: harness.Report) -> None:
    """Tell every case with every client."""
    for client in CLIENTS:
        for case in CASES:
            tell(report, client, case)


if __name__ == "__main__":
    harness.main("auto-commit-in-transaction", story)
