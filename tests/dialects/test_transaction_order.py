"""What the clients do when a transaction's methods are called in the wrong order.

The rules transaction-protocol and transaction-never-aborted say what is raised: these are the same
calls on the real clients. confluent-kafka talks to librdkafka's own mock cluster, which takes the
whole transactional API; the other two are asked through the transaction managers that all their calls
go through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Steps = tuple[str, ...]

# calls that are made, and then the one that the client refuses
WRONG: dict[str, tuple[Steps, str]] = {
    "begun before it is initialised": ((), "begin"),
    "produced before it is initialised": ((), "produce"),
    "initialised twice": (("init",), "init"),
    "produced outside": (("init",), "produce"),
    "committed outside": (("init",), "commit"),
    "begun twice": (("init", "begin"), "begin"),
    "begun again, the first not ended": (("init", "begin", "produce"), "begin"),
    "committed twice": (("init", "begin", "produce", "commit"), "commit"),
    "produced behind the commit": (("init", "begin", "produce", "commit"), "produce"),
}
RIGHT: dict[str, Steps] = {
    "one after the other": ("init", "begin", "produce", "commit", "begin", "produce", "commit"),
    "aborted in between": ("init", "begin", "produce", "abort", "begin", "produce", "commit"),
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    confluent_kafka = pytest.importorskip("confluent_kafka")
    mock = confluent_kafka.Producer(
        {"test.mock.num.brokers": 1, "bootstrap.servers": "ignored", "log_level": 0}
    )
    (broker,) = mock.list_topics(timeout=10).brokers.values()
    yield f"{broker.host}:{broker.port}"
    mock.flush(0)  # the cluster lives as long as this producer


def _confluent(servers: str, name: str) -> dict[str, Callable[[], object]]:
    import confluent_kafka

    producer = confluent_kafka.Producer(
        {"bootstrap.servers": servers, "transactional.id": name, "log_level": 0}
    )
    return {
        "init": lambda: producer.init_transactions(10),
        "begin": producer.begin_transaction,
        "produce": lambda: producer.produce("t", b"1"),
        "commit": lambda: producer.commit_transaction(10),
        "abort": lambda: producer.abort_transaction(10),
    }


@pytest.mark.parametrize("name", WRONG)
def test_confluent_kafka_refuses(name: str, cluster: str) -> None:
    import confluent_kafka

    before, refused = WRONG[name]
    calls = _confluent(cluster, name)
    for step in before:
        calls[step]()
    with pytest.raises(confluent_kafka.KafkaException) as caught:
        calls[refused]()
    assert caught.value.args[0].name() == "_STATE"
    assert not caught.value.args[0].retriable()


@pytest.mark.parametrize("name", RIGHT)
def test_confluent_kafka_takes(name: str, cluster: str) -> None:
    calls = _confluent(cluster, name)
    for step in RIGHT[name]:
        calls[step]()


def _kafka_python() -> dict[str, Callable[[], object]]:
    from kafka.producer.transaction_manager import (
        ProducerIdAndEpoch,
        TransactionManager,
        TransactionState,
    )

    made: Any = TransactionManager(transactional_id="t", transaction_timeout_ms=1000)

    def initialised() -> None:
        made.initialize_transactions()
        made.set_producer_id_and_epoch(ProducerIdAndEpoch(1, 0))
        made._transition_to(TransactionState.READY)

    def ended(begin: Callable[[], object]) -> None:
        begin()
        made._transition_to(TransactionState.READY)

    return {
        "init": initialised,
        "begin": made.begin_transaction,
        "produce": made._fail_if_not_ready_for_send,
        "commit": lambda: ended(made.begin_commit),
        "abort": lambda: ended(made.begin_abort),
    }


@pytest.mark.parametrize("name", [name for name in WRONG if name != "initialised twice"])
def test_kafka_python_refuses(name: str) -> None:
    pytest.importorskip("kafka.producer.transaction_manager")
    from kafka.errors import IllegalStateError, KafkaError

    before, refused = WRONG[name]
    calls = _kafka_python()
    calls["produce"] = calls["produce"] if refused == "produce" else (lambda: None)
    for step in before:
        if step != "produce":
            calls[step]()
    with pytest.raises(KafkaError) as caught:
        calls[refused]()
    assert isinstance(caught.value, IllegalStateError) == (refused == "produce")


@pytest.mark.parametrize("name", RIGHT)
def test_kafka_python_takes(name: str) -> None:
    pytest.importorskip("kafka.producer.transaction_manager")
    calls = _kafka_python()
    for step in RIGHT[name]:
        if step == "produce":
            assert calls[step]() is None
        else:
            calls[step]()


def test_kafka_python_takes_a_second_initialisation_as_done() -> None:
    pytest.importorskip("kafka.producer.transaction_manager")
    from kafka import KafkaProducer

    class Done:
        failed = False

        def wait(self, timeout_ms: float) -> bool:
            return True

    producer: Any = object.__new__(KafkaProducer)
    producer.config = {"max_block_ms": 1}
    producer._transaction_manager = object()  # what a second initialisation would be asked of
    producer._init_transactions_result = Done()
    producer._closed = True
    producer.init_transactions()


def _aiokafka() -> dict[str, Callable[[], object]]:
    from aiokafka.producer.transaction_manager import TransactionManager

    made: Any = TransactionManager("t", 1000)

    def ended(begin: Callable[[], object]) -> None:
        begin()
        made.complete_transaction()

    return {
        "init": lambda: made.set_pid_and_epoch(1, 0),
        "begin": made.begin_transaction,
        "commit": lambda: ended(made.committing_transaction),
        "abort": lambda: ended(made.aborting_transaction),
    }


@pytest.mark.parametrize(
    "name", [name for name, (_, last) in WRONG.items() if last in ("begin", "commit")]
)
def test_aiokafka_refuses(name: str) -> None:
    pytest.importorskip("aiokafka")

    async def run() -> None:
        before, refused = WRONG[name]
        calls = _aiokafka()
        for step in before:
            if step != "produce":
                calls[step]()
        with pytest.raises(AssertionError, match="Invalid state transition"):
            calls[refused]()

    asyncio.run(run())


@pytest.mark.parametrize("name", RIGHT)
def test_aiokafka_takes(name: str) -> None:
    pytest.importorskip("aiokafka")

    async def run() -> None:
        calls = _aiokafka()
        for step in RIGHT[name]:
            if step != "produce":
                calls[step]()

    asyncio.run(run())


def test_aiokafka_sends_nothing_outside_of_a_transaction() -> None:
    aiokafka = pytest.importorskip("aiokafka")
    from aiokafka.errors import IllegalOperation

    async def run() -> None:
        producer: Any = aiokafka.AIOKafkaProducer(
            bootstrap_servers="127.0.0.1:1", transactional_id="t"
        )

        async def known(topic: str) -> None:
            """Stands for the client's metadata, which it waits for first."""

        producer.client._wait_on_metadata = known
        with pytest.raises(IllegalOperation):
            await producer.send("t", b"1", partition=0)
        with pytest.raises(IllegalOperation):
            await producer.send_offsets_to_transaction({}, "g")
        producer._closed = True
        await producer.client.close()

    asyncio.run(run())
