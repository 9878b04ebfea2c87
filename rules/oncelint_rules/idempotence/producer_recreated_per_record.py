"""A producer is made anew for every record or request.

## What it does

Reports a producer that is constructed inside the loop that sends with it, or in a function that
constructs, sends and drops it and that is called for every record (from a consume loop, a callback
of another broker) or every request (a route of a web framework, a view, a task of a worker queue, a
Lambda handler).

## The failure

An order service makes a producer in its `publish(order)`. The broker numbers records by producer:
each new one begins at sequence 0 under an id of its own, so `enable.idempotence` protects a record
against the retries of its own producer and against nothing else. Order 18 is sent twice, quickly
one after the other, by two producers with two connections: the second arrives first, and the
order's "cancelled" stands before its "created". With idempotence or transactions each construction
also asks a broker for a producer id (InitProducerId), and each one opens connections and fetches
metadata before the first byte is sent. And a producer that is dropped before its records are out
takes them with it: librdkafka says "Producer terminating with 1 message still in queue or transit"
and drops it.

## What the fix costs

Nothing but the place: one producer for the process, made at the start, flushed at the end.
Producers of confluent-kafka and kafka-python may be used by several threads. A web application
makes it in its start-up hook (a lifespan, an application context, `worker_process_init`), since a
producer does not survive a fork.

## When it is silent

When the producer outlives the loop, or a cache keeps it (`lru_cache`, `if self._producer is None`,
a module's name, an attribute that is filled once, a container); when the loop ends with the first success (connecting
until it works) or restarts everything after an error, its consumer or an inner loop of sends
included; when each round has its own configuration (one per cluster, per tenant), or the loop is
over what the program itself lists (topics, clusters, a range of ten) or sleeps for half a minute in
each round; where a function is called once: from a script, a command, a scheduled job. A function
that nobody is seen to call is not judged.

## References

KIP-98 (producer ids and sequence numbers); Kafka `KafkaProducer` documentation (thread safe, one
instance is generally faster than several); confluent-kafka-dotnet issue 950; librdkafka
`rd_kafka_destroy` and its TERMINATE warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Lifecycle, Project, Related, Rule, speak

_WHEN = {
    "record": "for every record",
    "request": "for every request",
    "round": "in every round",
}


def check(life: Lifecycle, project: Project) -> Iterator[Hit]:
    if life.made_for is None or life.escapes:
        return
    producer = life.producer
    # kafka-python's finalizer waits for what is not sent
    drops = not life.flushes and producer.dialect in ("librdkafka", "aiokafka")
    lost = ", and what it has not sent by then is lost with it" if drops else ""
    where = "inside the loop" if life.made_in_loop is not None else "in a function that keeps none"
    related = list(speak.steps(life.made_path[:-1]))
    if life.made_in_loop is not None:
        related.insert(0, Related(life.made_in_loop, "the loop"))
    if life.made_per_call is not None:
        related.append(Related(life.made_per_call, "makes and uses it"))
    related.extend(Related(send.span, "sends here") for send in life.sends[:1])
    yield Hit(
        span=producer.span,
        message=(
            "the broker neither removes duplicates nor keeps the order across producers"
            f"{lost}: {producer.construct} is made {_WHEN[life.made_for]}, {where}; make one at the"
            " start and share it"
        ),
        confidence="medium" if life.made_for == "round" else "high",
        related=tuple(dict.fromkeys(related)),
        causes=(producer.span,),
        subject_key=speak.subject_key(producer, "recreated"),
    )


RULE = Rule(
    id="producer-recreated-per-record",
    group="idempotence",
    subject=Lifecycle,
    severity="warning",
    check=check,
    summary="a producer that is made for every record or request",
    supersedes=("delivery-result-ignored",),
)
