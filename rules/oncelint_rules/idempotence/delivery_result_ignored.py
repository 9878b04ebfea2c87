"""Nothing waits for what was produced.

## What it does

Reports a producer whose records nobody waits for before it is gone: no flush(), close() or stop(),
no `with`, no future that is looked at, no delivery callback that ever runs; and coroutines of
aiokafka's send() that are never awaited.

## The failure

A nightly job reads 5,000 rows, produces each and ends. produce() only puts a record into a queue; a
thread of the client sends it later. The process is over first: librdkafka reports "Producer
terminating with 5000 messages still in queue or transit" on its way out, others say nothing.
The job's exit code is 0, and the rows are gone.

A service that never ends sends its records, but with confluent-kafka the reports of their delivery
wait for a poll(). Without one no callback is ever run, so a failed record goes unnoticed, and the
reports fill the queue: after `queue.buffering.max.messages` records (100,000) each further
produce() raises BufferError.

## What the fix costs

One `flush()` before the end, and in a loop a `poll(0)` for each produce(); both cost no throughput.
A callback that raises or records what failed.

## When it is silent

When anything that waits is seen for the producer, or for another one of its name: flush, close,
stop, poll, a commit of a transaction, `len()` aside; when the producer goes where it is not
followed (returned, handed to a library, kept by a framework), or only functions send that nobody is seen to call; when a program runs on, sleeps or
waits after it has sent, since the client's thread sends meanwhile, unless it is confluent-kafka,
which needs a poll() then too; when parts of the project were not read. A producer that flushes but
has no callback is not reported.

kafka-python registers a handler that closes a producer at exit: with a timeout of 0 before 3.0.7,
which drops what is not sent (low confidence where the version is not known), and of a second since,
which is enough for a broker that answers; from there on it is not reported. Its finalizer waits as
well, so a producer that a function drops is none of these.

## References

confluent-kafka-python issues 137 ("Is flush() a must?") and 235 (queue full); librdkafka
`rd_kafka_destroy`, `queue.buffering.max.messages`; kafka/producer/kafka.py (`_cleanup_factory`,
`close`); aiokafka documentation, "Producer client" (stop() flushes).
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Confidence, Hit, Lifecycle, Project, Related, Rule, World, across, speak

# From this release kafka-python waits a second at exit before it drops what is not sent.
_WAITS_AT_EXIT = (3, 0, 7)


def _drops_at_exit(world: World) -> bool | None:
    if world.dialect != "kafka-python":
        return True
    waits = {_release(one) >= _WAITS_AT_EXIT for one in world.versions}
    return not waits.pop() if len(waits) == 1 else None


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def _drops(life: Lifecycle) -> Confidence | None:
    """How sure it is that records are lost where the producer's life ends; None if they are not."""
    if life.producer.dialect in ("librdkafka", "aiokafka"):
        return "high"
    if life.ends == "function":
        return None  # kafka-python's finalizer waits for them
    verdict = across(life.producer.worlds, _drops_at_exit)
    return verdict.confidence if verdict else None


def check(life: Lifecycle, project: Project) -> Iterator[Hit]:
    producer = life.producer
    unstarted = [send for send in life.sends if not send.started]
    for send in unstarted:
        yield Hit(
            span=send.span,
            message=(
                "the record is never sent: send() of aiokafka is a coroutine, and nothing awaits"
                " this one; use await, and send_and_wait() to hear of a failure"
            ),
            related=(Related(producer.span, "the producer"),),
            causes=(producer.span, send.span),
            subject_key=speak.subject_key(producer, "coroutine"),
        )
    if unstarted or not life.sends or life.flushes or life.escapes or project.partial:
        return
    if producer.construct == "AIOProducer":
        return  # its produce() gives futures, and what it does without them has not been tried
    if any(send.awaited for send in life.sends):
        return
    told = _told(life)
    if told is None:
        return
    consequence, advice, confidence = told
    send = life.sends[-1]
    yield Hit(
        span=send.span,
        message=consequence + advice,
        confidence=confidence,
        related=(
            *(Related(one.span, "sends here too") for one in life.sends[:-1][:2]),
            Related(producer.span, "the producer"),
        ),
        causes=(producer.span, send.span),
        subject_key=speak.subject_key(producer, "unwaited"),
    )


def _told(life: Lifecycle) -> tuple[str, str, Confidence] | None:
    """What becomes of the records, what to do, and how sure it is; None when nothing is known."""
    end = {"function": "the function ends", "script": "the program ends"}
    call = "stop()" if life.producer.dialect == "aiokafka" else "flush()"
    if life.ends is not None:
        confidence = _drops(life)
        if confidence is None:
            return None
        return (
            f"records still in the producer's queue when {end[life.ends]} are lost without an"
            f" error: nothing waits for what is sent here, no {call} and no look at the result; ",
            f"call {call} before the end",
            confidence,
        )
    if life.producer.dialect != "librdkafka" or not life.reached:
        return None
    if any(send.callback for send in life.sends):
        return (
            "failed deliveries go unnoticed, since the callback never runs: confluent-kafka calls"
            " it from poll() or flush(), and neither is called; the reports fill the queue until"
            " produce() raises BufferError; ",
            "call poll(0) with each produce() and flush() at the end",
            "high",
        )
    return (
        "failed deliveries go unnoticed, and their reports fill the queue until produce() raises"
        " BufferError (after queue.buffering.max.messages records): neither poll() nor flush() is"
        " ever called; ",
        "call poll(0) with each produce() and flush() at the end",
        "medium",
    )


RULE = Rule(
    id="delivery-result-ignored",
    group="idempotence",
    subject=Lifecycle,
    severity="warning",
    check=check,
    summary="records that nothing waits for",
)
