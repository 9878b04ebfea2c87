"""A record is produced again because its first delivery failed.

## What it does

Reports code that waits for a delivery, catches its failure and sends the same record once more: in
the handler, in the next round of a loop that ends with the first success, through a retry
decorator, or from a delivery callback.

## The failure

An invoice is sent with `.get(timeout=10)`. The broker writes it, but its answer is late; the wait
times out after ten seconds and the handler sends the invoice again. The producer's own retries
carry the sequence number of the first attempt, by which the broker knows them; the second `send()`
is another record with the next number, and is written beside the first. `enable.idempotence` does
not help: to the broker these are two records. The longer the outage, the more of them.

## What the fix costs

Leaving the retrying to the client: `delivery.timeout.ms` (`message.timeout.ms`) is how long it
tries, `retries` how often. What fails after that is not known to be absent, so it belongs into a
dead letter table for somebody to compare, or downstream has to recognise a record by a key of its
own. Inside a transaction the answer is to abort and to begin again: an aborted record is never
read.

## When it is silent

When only errors are caught that are raised before a record is sent: BufferError (the queue is full:
poll and produce again, that is right), serialization and size errors; when the producer of
confluent-kafka is called again after produce() itself raised, since it reports deliveries to a
callback alone; when the first attempt was in a transaction, or the handler aborts one; when another
topic is written (a dead letter queue), or another record; when the failure is only counted or
logged.

A retry decorator is told by its name, and judged with medium confidence.

## References

KIP-98 (sequence numbers); KIP-91 (delivery.timeout.ms); confluent-kafka-dotnet issue 696 (which
errors may be sent again); librdkafka INTRODUCTION.md, "Idempotent Producer".
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Lifecycle, Project, Related, Rule, speak


def check(life: Lifecycle, project: Project) -> Iterator[Hit]:
    producer = life.producer
    setting = {"librdkafka": "message.timeout.ms", "aiokafka": "request_timeout_ms"}.get(
        producer.dialect, "delivery_timeout_ms"
    )
    for one in life.resends:
        related = [place for place in speak.steps(one.path) if place.span != one.again]
        yield Hit(
            span=one.again,
            message=(
                "a record whose acknowledgement was late is written twice, idempotence or not,"
                " since sent again it is another record to the broker: this sends it again when its"
                f" delivery fails; leave retrying to the producer ({setting}) and set aside what"
                " fails after that"
            ),
            confidence=one.confidence,
            related=(*dict.fromkeys(related), Related(producer.span, "the producer")),
            causes=(one.again, one.handler),
            subject_key=speak.subject_key(producer, "resend"),
        )


RULE = Rule(
    id="manual-resend",
    group="idempotence",
    subject=Lifecycle,
    severity="warning",
    check=check,
    summary="a failed delivery that is produced again",
)
