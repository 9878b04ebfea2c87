"""Records are committed while a task or thread is still at work on them.

## What it does

Reports a commit that covers a record whose effect was handed to a task, thread, process or executor
in the same loop, where nothing waits for that work before the commit. A commit that covers a record
whose output still waits in its producer is told as a warning: `produce()` and `send()` only put it into
the producer's buffer.

## The failure

A geocoding service takes an address, submits it to a pool of eight threads and commits. That is fast: a
thousand addresses are submitted and committed within a second, and the pool works on them for two
minutes. Then the deployment rolls over, the process gets its SIGTERM, and 940 addresses go with it. The
successor begins behind all of them.

The same happens without a crash: an exception in a task that nobody waits for ends in a log line at most,
and the commit has covered the record already.

A service that cleans clicks reads one, calls `produce()` and commits. The broker of the output's
partition is being replaced, and for a minute nothing can be sent; the input's commits go to another
broker and succeed. The container runs into its memory limit and is killed. Four thousand clicks were in
the producer's buffer, and their offsets are committed.

## What the fix costs

The wait. Keep the concurrency and commit less often: submit a batch, wait for all of it
(`asyncio.gather`, a `TaskGroup`, `concurrent.futures.wait`), then commit once. Where records must stay in
flight over several polls, keep for each partition the offsets that are not done, and commit up to the
lowest of them. `result()` and `gather()` raise what the work raised, so the commit is not reached when it
failed; `wait()` does not.

For an output it is a `flush()` before the commit, best once for a batch of records, or the result of
each `send()`. `flush()` returns how many records are left: commit when that is none. Where input and
output must agree, a transaction does both.

## When it is silent

When something waits for the work on every way to the commit: `await`, `gather()`, `wait()`, `result()`,
`join()`, the end of a `with` over the executor or task group; when the work has no effect that outlives
the process; when it is handed to another system (a Celery task, a queue of its own), which is an effect
itself; when the place of the commit could not be told on every way. An output is waited for by
`flush()`, by `close()`, by its future or `send_and_wait()`; nothing is said of a transaction, of a
producer that is polled until something is delivered, and where the delivery callback does more than log,
since it may be what commits. About auto commit, `auto-commit-loses-records` speaks.

## References

Kafka documentation, message delivery semantics; Python documentation, "Coroutines and Tasks" and
`concurrent.futures`; confluent-kafka `Consumer.commit`, `Producer.produce` and `Producer.flush`; aiokafka
"Manual commit" and `AIOKafkaProducer.send`; kafka-python `KafkaConsumer.commit` and
`KafkaProducer.send`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Handover, Hit, Misorder, Pipeline, Project, Rule, speak
from oncelint_rules.common.order import at_commit, by_place, line_of, listed, surest, way

_TASKS = ("create_task", "ensure_future", "start_soon", "spawn", "TaskGroup")
_FUTURES = ("submit", "run_in_executor", "map", "apply_async", "map_async")


def handover_of(one: Misorder, pipeline: Pipeline) -> Handover | None:
    """Where the effect of a misorder was handed over."""
    for handover in pipeline.handovers:
        spans = [effect.span for effect in handover.effects]
        if one.effect.span in spans or any(step.span == handover.span for step in one.path):
            return handover
    return None


def _advice(how: str) -> str:
    name = how.rpartition(".")[2]
    if name in _TASKS:
        return "await the tasks (asyncio.gather) before the commit"
    if name in _FUTURES:
        return "wait for the results before the commit"
    if name in ("Thread", "Process"):
        return "join() it before the commit"
    return "wait for it before the commit"


def _waiting_outputs(pipeline: Pipeline) -> Iterator[Hit]:
    """Commits that come while an output is still in its producer."""
    found = [
        one for one in pipeline.misorders if one.kind == "unflushed" and one.commit is not None
    ]
    for span, some in by_place(found, at_commit):
        output = some[0].effect.output
        if output is None:
            continue
        asks = "the result of send()" if output.producer.dialect != "librdkafka" else "flush()"
        other = "flush()" if output.producer.dialect != "librdkafka" else "the delivery report"
        yield Hit(
            span=span,
            message=(
                "a crash loses the records that still wait in the producer: this commit covers"
                f" their source while {listed(some)} may not have been delivered; wait for {asks}"
                f" or {other} before the commit"
            ),
            severity="warning",
            confidence=surest(some),
            related=way(pipeline, some),
            causes=(span, *(one.effect.span for one in some), output.producer.span),
            subject_key=speak.subject_key(pipeline.consumer, some[0].effect.what),
        )


def check(pipeline: Pipeline, project: Project) -> Iterator[Hit]:
    yield from _waiting_outputs(pipeline)
    found = [
        one for one in pipeline.misorders if one.kind == "unawaited" and one.commit is not None
    ]
    for span, some in by_place(found, lambda one: one.commit.span if one.commit else None):
        handover = handover_of(some[0], pipeline)
        how = handover.how if handover is not None else ""
        given = f"given to {how} in {line_of(handover.span, span)}" if handover else "given away"
        yield Hit(
            span=span,
            message=(
                f"a crash or a failure there loses records: this commit covers them while"
                f" {listed(some)}, {given}, may not be done; {_advice(how)}"
            ),
            confidence=surest(some),
            related=way(pipeline, some),
            causes=(span, *((handover.span,) if handover is not None else ())),
            subject_key=speak.subject_key(pipeline.consumer, some[0].effect.what),
        )


RULE = Rule(
    id="commit-before-async-work-done",
    group="offsets",
    subject=Pipeline,
    severity="error",
    check=check,
    summary="a commit covers records that a task or thread is still at work on",
    supersedes=("delivery-result-ignored",),
)
