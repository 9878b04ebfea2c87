"""One task of one client in a process of its own: `python peer.py < task.json`.

A process of its own bounds every wait, lets an "application" die for real, and lets a task run
under the interpreter that has the client version in question. The result is one JSON line.
"""

import json
import logging
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

import clients

Task = dict[str, Any]
Result = dict[str, Any]


def answer(result: Result) -> None:
    """Print the result as the last line of stdout."""
    print(json.dumps(result), flush=True)


def die(result: Result) -> NoReturn:
    """Print the result and end like a crashed process: no close, no flush, no exit handler."""
    answer(result)
    os._exit(0)


def open_producer(task: Task) -> clients.Producer:
    """Build the task's producer and initialise it."""
    producer = clients.PRODUCERS[task["client"]](task["config"])
    producer.initialise()
    return producer


def produce(task: Task) -> Result:
    """Send `values`, or `count` made-up records, and report what the client acknowledged.

    With `warm_up` a first record opens the connection, and the peer waits for a line on stdin.
    """
    producer = open_producer(task)
    if task.get("warm_up"):
        producer.send(task["topic"], ["warm-up"])
        answer({"ready": True})
        sys.stdin.readline()
    values = task.get("values") or [f"record {number}" for number in range(task["count"])]
    sent = producer.send(task["topic"], values)
    return {"acknowledged": sent.acknowledged, "errors": list(sent.errors)}


def consume(task: Task) -> Result:
    """Read up to `wanted` records for at most `seconds`; report the values and the time taken."""
    consumer = clients.CONSUMERS[task["client"]](task["config"], task["topic"])
    started = time.monotonic()
    values = consumer.read(task["wanted"], task["seconds"])
    elapsed = time.monotonic() - started
    consumer.close()
    return {"values": values, "seconds": round(elapsed, 1)}


def transaction(task: Task) -> Result:
    """Send `values` in one transaction and end it as told: commit, abort or die with it open."""
    started = time.monotonic()
    producer = open_producer(task)
    result: Result = {"init_seconds": round(time.monotonic() - started, 1)}
    producer.begin()
    sent = producer.send(task["topic"], task["values"])
    result |= {"acknowledged": sent.acknowledged, "errors": list(sent.errors)}
    if task["end"] == "die":
        die(result)
    if task["end"] == "commit":
        producer.commit()
    else:
        producer.abort()
    return result


def transform(task: Task) -> Result:
    """Consume, transform, produce in one transaction; `end` says how the process goes on.

    `offsets` is "transaction" (sent to the transaction) or "auto" (left to auto commit).
    """
    # The producer first: its init_transactions ends what a dead predecessor left open, and only
    # then are the offsets of that transaction settled for the consumer to start from.
    producer = open_producer(task)
    consumer = clients.CONSUMERS[task["client"]](task["consumer"], task["input"])
    inputs = consumer.read(task["wanted"], task["seconds"])
    if not inputs:
        consumer.close()
        return {"inputs": 0}
    producer.begin()
    producer.send(task["topic"], [value.upper() for value in inputs])
    if task["offsets"] == "transaction":
        producer.send_offsets(consumer)
    result = {"inputs": len(inputs)}
    if task["end"] == "die-before-commit":
        consumer.idle(task["idle"])
        die(result)
    if task["end"] == "abort-and-close":
        producer.abort()
        consumer.close()
        return result
    producer.commit()
    if task["end"] == "die-after-commit":
        die(result)
    consumer.close()
    return result


def store(task: Task) -> Result:
    """Write records to SQLite with the given INSERT, die before the offset commit when told to."""
    # This story needs each message's offset, so it is told with one client.
    consumer = clients.ConfluentConsumer(task["config"], task["topic"])
    inner: Any = consumer.inner
    database = sqlite3.connect(task["database"])
    stored = 0
    deadline = time.monotonic() + task["seconds"]
    while stored < task["wanted"] and time.monotonic() < deadline:
        message = inner.poll(clients.POLL_SECONDS)
        if message is None or message.error() is not None:
            continue
        row = (message.topic(), message.partition(), message.offset(), message.value().decode())
        try:
            database.execute(task["insert"], row)
        except sqlite3.IntegrityError as error:
            consumer.close()
            return {"stored": stored, "error": type(error).__name__}
        database.commit()
        stored += 1
        if task["die"]:
            die({"stored": stored, "error": None})
        inner.commit(message=message, asynchronous=False)
    consumer.close()
    return {"stored": stored, "error": None}


def construct(task: Task) -> Result:
    """Build a client (and init its transactions when told to) and report what it answers."""
    messages: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.WARNING:
                messages.append(record.getMessage())

    logging.getLogger().addHandler(Keep())
    client, config = task["client"], task["config"]
    if client == "confluent-kafka":
        config["logger"] = logging.getLogger("librdkafka")
    try:
        if task.get("role") == "consumer":
            consumer = clients.CONSUMERS[client](config, task["topic"])
            consumer.read(1, 0.1)
            consumer.close()
        else:
            producer = clients.PRODUCERS[client](config)
            if task.get("initialise"):
                producer.initialise()
    except BaseException as error:  # the answer is the evidence, whatever its class
        return {"error": type(error).__name__, **error_detail(error), "log": messages}
    return {"error": None, "log": messages}


def error_detail(error: BaseException) -> Result:
    """Return the message, and for confluent-kafka the name of the error code."""
    inner: Any = error.args[0] if error.args else None
    if hasattr(inner, "str"):  # confluent_kafka.KafkaError
        return {"code": inner.name(), "message": inner.str()}
    return {"message": str(error)}


TASKS: dict[str, Callable[[Task], Result]] = {
    "construct": construct,
    "consume": consume,
    "produce": produce,
    "store": store,
    "transaction": transaction,
    "transform": transform,
}


def main() -> None:
    """Run the task named on the first line of stdin."""
    task: Task = json.loads(sys.stdin.readline())
    answer(TASKS[task["task"]](task))
    # Client threads may hold the interpreter; the result is out, nothing else matters.
    os._exit(0)


if __name__ == "__main__":
    main()
