"""unstable-transactional-id: a new id on every start leaves the old transaction open.

An instance dies inside a transaction; its successor works on. With a fresh id nobody ends the
dead instance's transaction, and read_committed readers wait behind it until it times out. With
the same id the successor's init_transactions aborts it at once. And an instance that is not dead
but slow (a zombie) is fenced only by a successor with its own id.
"""

import importlib
import time
import uuid
from typing import Any

import harness
from harness import AIOKAFKA, CONFLUENT, KAFKA_PYTHON_3

from broker import Broker

TIMEOUT_MILLISECONDS = 10_000  # the clients' default is 60,000
PATIENCE_SECONDS = 60.0
STALLED_SECONDS = 5.0
AT_ONCE_SECONDS = 3.0
# The coordinator looks for timed-out transactions every ten seconds unless told otherwise; one
# second leaves the timeout itself as the thing that is measured.
BROKER_SETTINGS = {"transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000"}


def transactional_ids(stable: bool) -> tuple[str, str]:
    """Return the ids of the first and the second instance."""
    if stable:
        return "orders-0", "orders-0"
    return f"tx-{uuid.uuid4()}", f"tx-{uuid.uuid4()}"


def producer_settings(client: str, address: str, transactional_id: str) -> dict[str, Any]:
    """Return the producer's configuration in the client's spelling."""
    settings: dict[str, Any] = {
        "transactional.id": transactional_id,
        "transaction.timeout.ms": TIMEOUT_MILLISECONDS,
    }
    if client != CONFLUENT:
        settings = {key.replace(".", "_"): value for key, value in settings.items()}
    return harness.address_keys(client, address) | settings


def stall(report: harness.Report, broker: Broker, client: str, stable: bool) -> None:
    """Die in a transaction, let a successor commit, measure how long a reader waits for it."""
    topic = f"orders-{uuid.uuid4()}"
    harness.create_topics(broker.bootstrap, topic)
    first, second = transactional_ids(stable)
    harness.run_peer(
        client,
        "transaction",
        config=producer_settings(client, broker.bootstrap, first),
        topic=topic,
        values=["from the dead instance"],
        end="die",
    )
    died = time.monotonic()
    successor = harness.run_peer(
        client,
        "transaction",
        config=producer_settings(client, broker.bootstrap, second),
        topic=topic,
        values=["from its successor"],
        end="commit",
    )
    committed = time.monotonic()
    seen: list[str] = []
    while not seen and time.monotonic() < committed + PATIENCE_SECONDS:
        seen = harness.records_in(broker.bootstrap, topic, "read_committed")
        time.sleep(0.1)
    waited = time.monotonic() - committed
    report.add(
        client,
        "stable id" if stable else "tx-<uuid> on every start",
        {"seen": ["from its successor"]},
        init_transactions_seconds=successor["init_seconds"],
        seconds_from_successors_commit_to_reader=round(waited, 1),
        seconds_from_death_to_reader=round(time.monotonic() - died, 1),
        seen=seen,
    )
    if stable:
        report.check(f"{client}: a stable id lets the reader go on", waited < AT_ONCE_SECONDS)
    else:
        report.check(f"{client}: a fresh id stalls the reader", waited > STALLED_SECONDS)


def zombie(report: harness.Report, broker: Broker, stable: bool) -> None:
    """Let a slow instance commit after its successor did the same work."""
    kafka: Any = importlib.import_module("confluent_kafka")
    topic = f"orders-{uuid.uuid4()}"
    harness.create_topics(broker.bootstrap, topic)
    producers = [
        kafka.Producer({**producer_settings(CONFLUENT, broker.bootstrap, each), "log_level": 0})
        for each in transactional_ids(stable)
    ]
    slow, successor = producers
    slow.init_transactions(30.0)
    slow.begin_transaction()
    slow.produce(topic, b"order 1 shipped")
    slow.flush(30.0)
    successor.init_transactions(30.0)
    successor.begin_transaction()
    successor.produce(topic, b"order 1 shipped")
    successor.commit_transaction(30.0)
    outcome = "committed"
    try:
        slow.commit_transaction(30.0)
    except kafka.KafkaException as error:
        outcome = error.args[0].name()
    records = harness.records_in(broker.bootstrap, topic, "read_committed")
    report.add(
        CONFLUENT,
        f"a zombie with {'a stable id' if stable else 'tx-<uuid>'}",
        {"records": 1 if stable else 2, "zombie_commit": "_FENCED" if stable else "committed"},
        zombie_commit=outcome,
        records=len(records),
    )


def story(report: harness.Report) -> None:
    """Compare fresh and stable ids with every client, then the zombie with confluent-kafka."""
    with Broker(BROKER_SETTINGS) as broker:
        for stable in (False, True):
            for client in (CONFLUENT, KAFKA_PYTHON_3, AIOKAFKA):
                stall(report, broker, client, stable)
            zombie(report, broker, stable)


if __name__ == "__main__":
    harness.main("unstable-transactional-id", story)
