"""The offsets of a transaction's input are committed by the consumer, not by the transaction.

## What it does

Reports `consumer.commit()` in a loop that writes the results of its records in transactions, where
nothing sends the offsets to the transaction.

## The failure

A fraud check reads payments, writes verdicts in a transaction, commits it, and then commits the
consumer. The transaction with the verdict on payment 17 is committed, and the process is killed before
the consumer's commit: its successor begins at payment 17 and writes a second verdict, in a second
transaction, which is as good as the first. With the two commits the other way round the verdict on
payment 17 is lost, when the transaction fails after the offset was stored. The transaction made each
of the writes atomic, and what it was for, results and offsets together, it never saw.

## What the fix costs

The two commits become one: `send_offsets_to_transaction()` with the next offsets and the consumer's
group metadata, before `commit_transaction()`, and no `commit()` any more. It is one request more for
each transaction, and one less of the consumer.

## When it is silent

When offsets are sent to the transaction anywhere, in whatever branch or function; when the consumer
that commits is not one whose records are written in the transaction; when no transaction is begun in
the loop.

## References

KIP-98 (sendOffsetsToTransaction); KIP-447 (group metadata); librdkafka INTRODUCTION.md, "Exactly Once
Semantics"; aiokafka "Transactional consumer and producer"; confluent-kafka-python
examples/eos_transactions.py.

Shown on Apache Kafka 4.1 with confluent-kafka 2.16: the output is there twice, in two committed
transactions.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Project, Rule, TransactionTrace, speak
from oncelint_rules.common import protocol


def check(trace: TransactionTrace, project: Project) -> Iterator[Hit]:
    if trace.producer.sends_offsets:
        return
    for problem, confidence in protocol.problems(trace, "consumer-commit"):
        yield Hit(
            span=problem.span,
            message=(
                "a crash between the two commits writes the results again, or loses them: the"
                f" offsets are committed by {problem.method}() outside of the transaction that"
                " has the results; send them with send_offsets_to_transaction() before"
                " commit_transaction() instead"
            ),
            confidence=confidence,
            related=protocol.way(trace, problem),
            causes=protocol.causes(problem),
            subject_key=speak.subject_key(trace.producer, "consumer-commit"),
        )


RULE = Rule(
    id="offsets-committed-outside-transaction",
    group="transactions",
    subject=TransactionTrace,
    severity="error",
    check=check,
    summary="offsets that the consumer commits beside a transaction",
    supersedes=("commit-before-processing", "commit-on-failure", "failed-record-overtaken"),
)
