"""Run probes against the client library that this interpreter imports, and print what it did.

Run as a script, in a process of its own for each client version, with a request as JSON on standard
input: {"client", "library", "bootstrap", "probes": [{"role", "config", "action"}]}; the answer is a list
with one outcome a probe: {"exception", "message", "effective", "log"}. Only the standard library and the
client are imported, so that the client alone decides what is on the path.

With a `library`, the path of a librdkafka, that is asked instead of confluent-kafka: its releases without
a wheel for this Python are reached that way, as far as constructing goes.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

TOPIC = "probe"
GROUP = "probe-group"
SECONDS = 20.0
WARNING = 4
"""The severity of a warning in syslog, which librdkafka's log levels are."""
BROKER = (2, 3)
"""Told to kafka-python, which cannot read how librdkafka's mock cluster refuses a newer version request."""

Config = dict[str, Any]


class Collected(logging.Handler):
    """Keeps the warnings that a client logs."""

    def __init__(self, logger: str) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []
        self.logger = logging.getLogger(logger)
        self.logger.addHandler(self)
        self.logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def librdkafka(role: str, config: Config, action: str, bootstrap: str, log: Collected) -> Any:
    from confluent_kafka import Consumer, Producer, TopicPartition

    settings = {"bootstrap.servers": bootstrap, **config}
    if role == "consumer":
        consumer = Consumer({"group.id": GROUP, **settings}, logger=log.logger)
        consumer.poll(0.1)
        consumer.close()
        return {}
    producer = Producer(settings, logger=log.logger)
    producer.poll(0.1)
    if action in ("construct", "create through Python"):
        return {}
    if action == "send a record":
        producer.produce(TOPIC, b"x")
        return {}
    producer.init_transactions(SECONDS)
    if action == "send outside a transaction":
        producer.produce(TOPIC, b"x")
        return {}
    producer.begin_transaction()
    if action in ("commit without offsets", "whole transaction"):
        producer.produce(TOPIC, b"x")
    if action == "commit without offsets":
        producer.commit_transaction(SECONDS)
        return {}
    offsets = [TopicPartition(TOPIC, 0, 1)]
    if action == "offsets with a group id":
        producer.send_offsets_to_transaction(offsets, GROUP, SECONDS)
    else:
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": GROUP})
        metadata = consumer.consumer_group_metadata()
        producer.send_offsets_to_transaction(offsets, metadata, SECONDS)
        consumer.close()
    producer.commit_transaction(SECONDS)
    return {}


def kafka_python(role: str, config: Config, action: str, bootstrap: str, log: Collected) -> Any:
    import kafka.producer.kafka as producer_module
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition
    from kafka.structs import OffsetAndMetadata

    # A producer that was garbage-collected has replaced its module's logger by one that drops everything.
    producer_module.log = logging.getLogger("kafka.producer.kafka")
    settings = {"bootstrap_servers": bootstrap, "api_version": BROKER, **config}
    if role == "consumer":
        consumer = KafkaConsumer(**settings)
        try:
            return _kafka_python_consumer(consumer)
        finally:
            with suppress(Exception):
                consumer.close()
    producer = KafkaProducer(**settings)
    try:
        if action == "construct":
            names = (
                "acks",
                "enable_idempotence",
                "max_in_flight_requests_per_connection",
                "retries",
                "transactional_id",
            )
            known = {n: producer.config[n] for n in names if n in producer.config}
            if "enable_idempotence" in known:
                known["enable_idempotence"] = producer._transaction_manager is not None
            return {n: "inf" if v == float("inf") else v for n, v in known.items()}
        if action == "send a record":
            producer.send(TOPIC, b"x")
            return {}
        producer.init_transactions()
        if action == "send outside a transaction":
            producer.send(TOPIC, b"x").get(SECONDS)
            return {}
        producer.begin_transaction()
        if action in ("commit without offsets", "whole transaction"):
            producer.send(TOPIC, b"x")
        if action == "commit without offsets":
            producer.commit_transaction()
            return {}
        try:
            entry = OffsetAndMetadata(1, "", -1)
        except TypeError:
            entry = OffsetAndMetadata(1, "")
        offsets = {TopicPartition(TOPIC, 0): entry}
        if action != "offsets with group metadata":
            producer.send_offsets_to_transaction(offsets, GROUP)
        else:
            consumer = KafkaConsumer(
                bootstrap_servers=bootstrap, api_version=BROKER, group_id=GROUP
            )
            producer.send_offsets_to_transaction(offsets, consumer.group_metadata())
            consumer.close()
        producer.commit_transaction()
        return {}
    finally:
        with suppress(Exception):
            producer.close(timeout=1)


def _kafka_python_consumer(consumer: Any) -> Config:
    # The coordinator asks only whether the value is true to Python.
    effective: Config = {
        "enable_auto_commit": bool(consumer._coordinator.config["enable_auto_commit"])
    }
    level = getattr(consumer._fetcher, "_isolation_level", None)
    if level is not None:
        effective["isolation_level"] = ("read_uncommitted", "read_committed")[int(level)]
    return effective


def aiokafka(role: str, config: Config, action: str, bootstrap: str, log: Collected) -> Any:
    return asyncio.run(asyncio.wait_for(_aiokafka(role, config, action, bootstrap), SECONDS))


async def _aiokafka(role: str, config: Config, action: str, bootstrap: str) -> Config:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

    settings = {"bootstrap_servers": bootstrap, **config}
    if role == "consumer":
        consumer = AIOKafkaConsumer(**settings)
        if action == "construct":
            await consumer.stop()
            return {"isolation_level": consumer._isolation_level}
        try:
            await consumer.start()
            level = consumer._fetcher._isolation_level
            return {
                # Without a group there is a coordinator that never commits, and knows no such setting.
                "enable_auto_commit": bool(
                    getattr(consumer._coordinator, "_enable_auto_commit", False)
                ),
                "isolation_level": ("read_uncommitted", "read_committed")[int(level)],
            }
        finally:
            await asyncio.sleep(
                0.05
            )  # its tasks must have begun before they can be cancelled in order
            await consumer.stop()
    producer = AIOKafkaProducer(**settings)
    if action == "construct":
        effective = {
            "acks": producer._sender._acks,
            "enable_idempotence": producer._txn_manager is not None,
            "transactional_id": producer._txn_manager and producer._txn_manager.transactional_id,
        }
        await producer.client.close()
        producer._closed = True
        return effective
    await producer.start()
    try:
        if action == "start":
            return {}
        if action == "send a record":
            await producer.send(TOPIC, b"x")
            return {}
        if action == "send outside a transaction":
            await producer.send(TOPIC, b"x")
            return {}
        await producer.begin_transaction()
        if action in ("commit without offsets", "whole transaction"):
            await producer.send_and_wait(TOPIC, b"x")
        if action == "commit without offsets":
            await producer.commit_transaction()
            return {}
        offsets = {TopicPartition(TOPIC, 0): 1}
        group: Any = GROUP if action != "offsets with group metadata" else object()
        await producer.send_offsets_to_transaction(offsets, group)
        await producer.commit_transaction()
        return {}
    finally:
        await producer.stop()


CLIENTS: dict[str, Callable[[str, Config, str, str, Collected], Any]] = {
    "librdkafka": librdkafka,
    "kafka-python": kafka_python,
    "kafka-python-ng": kafka_python,
    "aiokafka": aiokafka,
}


def library_client(path: str) -> Callable[[str, Config, str, str, Collected], Any]:
    """What confluent-kafka does to construct a client, done to a bare librdkafka."""
    import ctypes

    library = ctypes.CDLL(path)
    library.rd_kafka_conf_new.restype = ctypes.c_void_p
    library.rd_kafka_new.restype = ctypes.c_void_p
    log_callback = ctypes.CFUNCTYPE(
        None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p
    )
    callbacks: list[Any] = []

    def construct(role: str, config: Config, action: str, bootstrap: str, log: Collected) -> Any:
        def keep(_client: Any, level: int, facility: bytes, text: bytes) -> None:
            if level <= WARNING:
                log.messages.append(f"{facility.decode()} {text.decode()}")

        conf = ctypes.c_void_p(library.rd_kafka_conf_new())
        reason = ctypes.create_string_buffer(512)
        own = {"group.id": GROUP} if role == "consumer" else {}
        for key, value in {"bootstrap.servers": bootstrap, **own, **config}.items():
            pair = (key.encode(), str(value).encode())
            if library.rd_kafka_conf_set(conf, *pair, reason, len(reason)) != 0:
                raise KafkaException(reason.value.decode())
        callbacks.append(log_callback(keep))
        library.rd_kafka_conf_set_log_cb(conf, callbacks[-1])
        if not library.rd_kafka_new(int(role == "consumer"), conf, reason, len(reason)):
            raise KafkaException(reason.value.decode())
        return {}

    return construct


class KafkaException(Exception):
    """Stands for confluent-kafka's exception of this name where a bare librdkafka refuses."""


def run(
    construct: Callable[[str, Config, str, str, Collected], Any],
    client: str,
    probe: dict[str, Any],
    bootstrap: str,
) -> dict[str, Any]:
    """Carry out one probe; an exception is its outcome, not an error."""
    # librdkafka's clients get a logger of their own each, as their threads outlive a probe.
    names = {"kafka-python": "kafka", "kafka-python-ng": "kafka", "aiokafka": "aiokafka"}
    log = Collected(names.get(client, f"probe-{id(probe)}"))
    try:
        config = dict(probe["config"])
        effective = construct(probe["role"], config, probe["action"], bootstrap, log)
    except Exception as error:
        failure = {"exception": type(error).__name__, "message": str(error)}
        return {**failure, "effective": {}, "log": log.messages}
    finally:
        log.logger.removeHandler(log)
    return {"exception": None, "message": "", "effective": effective, "log": log.messages}


def main() -> None:
    """Answer the request on standard input."""
    request = json.load(sys.stdin)
    client, library = request["client"], request["library"]
    construct = library_client(library) if library else CLIENTS[client]
    answers = [run(construct, client, probe, request["bootstrap"]) for probe in request["probes"]]
    print(json.dumps(answers), flush=True)
    os._exit(0)  # clients that were refused half-way leave threads that would keep the process


if __name__ == "__main__":
    main()
