"""A transaction's error is caught, and work goes on whatever it was.

## What it does

Reports three except clauses: one around `commit_transaction()` alone that goes on to the next
transaction without asking what went wrong; one around `abort_transaction()` that lets the loop go on
when not even the abort works; and one that aborts and then takes the next records, although the
consumer already stands behind those of the aborted transaction.

## The failure

Three kinds of error end a transaction. After a retriable one (a timeout of the commit) nobody knows
whether the transaction was committed, and the same call has to be made again. An abortable one wants
`abort_transaction()` and the records once more. A fatal one (the producer was fenced by a newer
instance, its id has expired) leaves a producer that can do nothing any more: the process has to end.

A billing relay catches them all, logs them and polls again. Its instance is fenced during a long
garbage collection: from then on begin, commit and abort fail, each failure is logged, and the process
that nobody restarts reads the topic to its end and sends nothing.

Its sister aborts as it should, but polls on. The consumer's position is behind the ten invoices of the
aborted transaction, the next one commits with position 30, and invoices 11 to 20 are never billed.

## What the fix costs

A few lines: `error.args[0].retriable()`, `txn_requires_abort()` and `fatal()` in confluent-kafka;
`except ProducerFenced: raise` before `except KafkaError` in aiokafka; in kafka-python
`ProducerFencedError` and errors whose `retriable` is true. After an abort the consumer has to seek to
the committed offsets of its partitions, or the transaction is tried again with the same records.

## When it is silent

When the except clause asks for the kind of the error, or hands it to something that may; when there is
a clause of its own that raises for fenced producers; when it raises, exits or makes a new producer;
when the next `begin_transaction()` stands outside of every try, so that a fatal error ends the process
there. About records that are skipped: when the consumer seeks, is assigned or closed, the records are
tried again, or put aside (produced to another topic, stored), and wherever something is done between
the abort and the next poll that cannot be seen.

## References

KIP-98; KIP-360; KIP-691; librdkafka INTRODUCTION.md, "Transactional Producer" (error handling);
confluent-kafka-python `KafkaError`; the exactly-once example of Apache Kafka
(ExactlyOnceMessageProcessor, which resets the positions after an abort).

Shown on Apache Kafka 4.1 with confluent-kafka 2.16: the aborted record is skipped; a fenced
producer sends nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Project, ProtocolProblem, Rule, TransactionTrace, speak
from oncelint_rules.common import protocol

_FENCED = {"aiokafka": "ProducerFenced"}


def _message(trace: TransactionTrace, problem: ProtocolProblem) -> str:
    if problem.kind == "position-kept":
        return (
            "the records of an aborted transaction are lost: behind this except clause the"
            " consumer goes on where it stands, and the offsets of the next transaction cover"
            " them; seek back to the committed offsets, or try the transaction again"
        )
    asks = trace.producer.dialect == "librdkafka"
    fenced = _FENCED.get(trace.producer.dialect, "ProducerFencedError")
    if problem.method == "abort_transaction":
        advice = "raise where the error is fatal()" if asks else f"let {fenced} through"
        return (
            "a producer that is fenced fails at every record for ever, and nothing ends it: the"
            " error of abort_transaction() is caught here and the next transaction begins;"
            f" {advice}, or make a new producer"
        )
    advice = (
        "call it again if the error is retriable(), abort if it says txn_requires_abort(), and"
        " raise otherwise"
        if asks
        else f"call it again after a timeout, abort after other errors, and let {fenced} through"
    )
    return (
        f"whether the transaction was committed is not known when {problem.method}() fails, and"
        f" the next one begins all the same: the error is caught here whatever it is; {advice}"
    )


def check(trace: TransactionTrace, project: Project) -> Iterator[Hit]:
    for problem, confidence in protocol.problems(trace, "error-swallowed", "position-kept"):
        yield Hit(
            span=problem.span,
            message=_message(trace, problem),
            confidence=confidence,
            related=protocol.way(trace, problem),
            causes=protocol.causes(problem),
            subject_key=speak.subject_key(trace.producer, problem.kind),
        )


RULE = Rule(
    id="transaction-error-swallowed",
    group="transactions",
    subject=TransactionTrace,
    severity="error",
    check=check,
    summary="a transaction's error is caught and work goes on, whatever it was",
    supersedes=("failed-record-overtaken", "commit-on-failure"),
)
