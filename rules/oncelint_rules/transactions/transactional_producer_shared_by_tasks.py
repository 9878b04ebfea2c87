"""Several tasks or threads begin transactions on one producer.

## What it does

Reports work that is handed to tasks, threads or an executor, several at a time, and in which a
transaction is begun on a producer that they all share.

## The failure

A gateway answers each request in a task of its own: begin, send two records, commit. A producer has one
transaction at a time. Task 2 begins while task 1 waits for its first record to be acknowledged, and
its begin raises, since one is open. Worse, where the calls interleave otherwise: task 1 begins, task 2
sends its records into the open transaction, task 1 fails and aborts, and the records of task 2 are gone
although it was told they were sent; or task 1 commits half of what task 2 meant to be one whole.

## What the fix costs

One producer, with a transactional id of its own, for every task that runs at a time: a pool of them for
a bounded number of workers. Or a lock around the whole transaction, which costs the concurrency. Or one
transaction around the work of all tasks, which is what batches are for. Sending from several threads
within one transaction is allowed.

## When it is silent

When each task makes its own producer; when the transaction is inside `with lock`, a semaphore, or behind
`acquire()`; when something waits for each task before the next one is started; when only one task is
started; when tasks only send, and one transaction is around all of them; for processes, which share no
producer; for callbacks.

## References

KIP-98 (one transaction at a time for a producer); librdkafka INTRODUCTION.md, "Transactional Producer";
aiokafka "Transactional producer"; kafka-python `KafkaProducer`.

Shown on Apache Kafka 4.1 with aiokafka 0.14: one record of a batch is sent, and every other begin
raises.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Project, Rule, TransactionTrace, speak
from oncelint_rules.common import protocol


def check(trace: TransactionTrace, project: Project) -> Iterator[Hit]:
    for problem, confidence in protocol.problems(trace, "shared"):
        yield Hit(
            span=problem.span,
            message=(
                "the transactions of several tasks mix, and begin_transaction() raises while one"
                f" is open: what is handed to {problem.method} here begins transactions on one"
                " producer that all of them share; give each a producer with its own transactional"
                " id, or put a lock around the whole transaction"
            ),
            confidence=confidence,
            related=protocol.way(trace, problem),
            causes=protocol.causes(problem),
            subject_key=speak.subject_key(trace.producer, "shared"),
        )


RULE = Rule(
    id="transactional-producer-shared-by-tasks",
    group="transactions",
    subject=TransactionTrace,
    severity="error",
    check=check,
    summary="tasks or threads that begin transactions on one producer",
)
