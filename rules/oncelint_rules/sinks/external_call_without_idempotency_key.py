"""A consumer makes a call that takes effect, without a key by which its repetition could be told.

## What it does

Reports a POST, a payment, a mail or a message to a queue or topic other than Kafka's that a consume
loop reaches without an idempotency or deduplication key, and one whose key is made up for each call
(`uuid4()`, the time), so that it never repeats.

## The failure

A consumer charges orders: poll, POST to the payment service, commit the offset. Order 88 is charged
and the process is killed, or its group rebalances, before the offset is committed. The next owner of
the partition polls order 88 again and posts it again. To the payment service that is a second order:
the customer is charged twice. The same story ends with two mails, two Slack messages, two shipments.

A key made by `uuid4()` beside the call helps against a retry of the HTTP library, and not against this:
the second delivery makes a second key.

## What the fix costs

One header or argument: the record's own id, or `f"{topic}-{partition}-{offset}"`, as `Idempotency-Key`
(Stripe and Square: `idempotency_key`, PayPal: `PayPal-Request-Id`, an SQS FIFO queue:
`MessageDeduplicationId`, NATS: `Nats-Msg-Id`). The other side keeps such keys for a time only: a day
with Stripe, five minutes with SQS. What was consumed days ago and is replayed is done again.

Where the other side takes no key (mail, chat, SMS, a standard queue), note what was sent in a table with
a unique key before it is sent, in its own transaction: one write for each record, and in the worst case
one message less instead of one more.

A key of topic, partition and offset does not tell duplicates that the upstream producer wrote, and does
not survive mirroring or recreating the topic.

## When it is silent

For GET, HEAD, PUT, PATCH and DELETE, which name what they change; when a header, a parameter or a field
of the body that is named like such a key (Idempotency-Key, request_id, message_id, event_id, dedup_key,
id …) comes from the record, or is not known; when headers cannot be followed; for messages to a FIFO
queue without an id, which goes by the content.

For a POST that only asks: a search, a query, GraphQL without a mutation, a login, a prediction, telemetry
and metrics, told by the last words of the path, by the host, or by the function that makes it; where
nothing of the URL is known and the answer is read. For what an exception handler sends, since it tells
people of a failure. For tasks of Celery that are the project's own: they are followed instead.

When the loop asks first whether it has seen the record (SET NX, EXISTS, a row or document that is looked
up and not there, one that is entered and was not there, a table of processed ones); when nothing is
delivered twice, since the consumer has no group, begins at the latest offset and does not seek. What is
produced to Kafka again is output-not-transactional.

The confidence is medium where the URL or the body is not known whole.

## References

IETF draft "The Idempotency-Key HTTP Header Field"; Stripe API reference, "Idempotent requests"; Amazon SQS
developer guide, "Exactly-once processing"; RFC 9110, "Idempotent Methods"; NATS JetStream, "Message
deduplication"; Kafka documentation, message delivery semantics.

Shown on Apache Kafka 4.1 with confluent-kafka 2.16 and an HTTP server, without a key and with
`uuid4()`: the call takes effect twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Project, Rule, Sink, speak
from oncelint_rules.common.redelivery import again, never, way

_KINDS = frozenset({"http", "payment", "mail", "queue"})
_DOES = frozenset({"post", "call", "send"})
# What a second call of each kind is to the other side.
_TWICE = {
    "http": "is posted twice",
    "payment": "is paid for twice",
    "mail": "is sent twice",
    "queue": "is sent twice",
}
# The argument or header by which each library is given a key; others have none.
_KEYS = {
    "stripe": "idempotency_key=",
    "adyen": "idempotency_key=",
    "square": "idempotency_key",
    "braintree": "order_id, with duplicate transaction checking",
    "razorpay": "receipt",
    "paypal": "request_id=",
    "boto3 stepfunctions": "name=",
    "pika": "message_id",
    "aio_pika": "message_id",
    "kombu": "message_id=",
    "azure-servicebus": "message_id, with duplicate detection",
    "nats": "the header Nats-Msg-Id",
    "celery": "task_id=",
    "rq": "job_id=",
    "google-cloud-pubsub": "an attribute the subscriber can tell it by",
}


def _advice(sink: Sink) -> str:
    if sink.library in _KEYS:
        return f"give the record's key as {_KEYS[sink.library]}"
    if sink.kind == "http":
        return "send the record's key as Idempotency-Key"
    if sink.library in ("boto3 sqs", "boto3 sns") and sink.kind == "queue":
        return "use a FIFO queue and give the record's key as MessageDeduplicationId"
    return "note the record's key in a table before it is sent, and send nothing that is there"


def _call(sink: Sink) -> str:
    if sink.kind == "http" and sink.operation == "post":
        return "this POST"
    return {"payment": "this payment", "mail": "this message", "queue": "this message"}.get(
        sink.kind, "this call"
    )


def check(sink: Sink, project: Project) -> Iterator[Hit]:
    if sink.kind not in _KINDS or sink.operation not in _DOES:
        return
    if sink.guard is not None or never(sink):
        return
    identity = sink.identity
    if identity is None:
        lacks = "carries no key of the record"
    elif identity.repeats() is False:
        lacks = f"makes up {sink.identity_name} anew each time"
    else:
        return
    twice = "is called for twice" if sink.operation == "call" and sink.kind == "http" else None
    yield Hit(
        span=sink.span,
        message=f"{again(sink)} {twice or _TWICE[sink.kind]}: {_call(sink)} {lacks};"
        f" {_advice(sink)}",
        confidence=sink.confidence,
        related=way(sink),
        causes=(sink.span,),
        subject_key=speak.subject_key(sink.consumer, sink.kind, sink.library),
    )


RULE = Rule(
    id="external-call-without-idempotency-key",
    group="sinks",
    subject=Sink,
    severity="warning",
    check=check,
    summary="a call, payment, mail or message that a redelivered record makes a second time",
)
