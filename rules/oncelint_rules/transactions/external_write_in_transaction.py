"""A write outside Kafka between begin and commit, which the transaction does not cover.

## What it does

Reports writes to a database, a cache or another system, and calls that change something elsewhere,
that are made for a record between `begin_transaction()` and `commit_transaction()` and that do not
tolerate their own repetition.

## The failure

An order service begins a transaction, inserts the reservation into its database, produces "reserved"
and commits. The commit fails, the transaction is aborted, "reserved" was never sent: but the row stays.
The order is taken again, as it should, and a second reservation is made. Begin and commit look like a
bracket around both; they hold Kafka's own topics and offsets together and nothing else.

## What the fix costs

Either the write is made repeatable (a unique key from the record and ON CONFLICT, an idempotency key,
a document id): then an abort does no harm, and one lookup for each write is all it costs. Or it is made
by a consumer of the output topic that reads committed records, so that it follows the transaction; that
costs a service. Writing behind the commit instead loses the write when the process dies between the two.

## When it is silent

For reads; for writes that a repetition leaves as they are: with a conflict clause, by a key or id that
is set, a deletion, an update to a value that does not depend on the old one, a call with an idempotency
key; for writes before begin and behind commit; where it is not certain that a transaction is open.

## References

KIP-98 (what a transaction covers); KIP-447; Kafka documentation, "Message Delivery Semantics"
(systems outside Kafka); confluent-kafka-python examples/eos_transactions.py.

Shown on Apache Kafka 4.1 with confluent-kafka 2.16 and SQLite: the row of the aborted transaction
stays, and is there twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Project, Rule, Sink, TransactionTrace, speak
from oncelint_rules.common import protocol

_REPEATABLE = frozenset({"put", "upsert", "orm-upsert", "delete"})


def _tolerates(sink: Sink) -> bool:
    """Whether doing the write again leaves what the first time left."""
    growing = [*sink.changes, *(sink.conflict.changes if sink.conflict is not None else ())]
    if any(change.how in ("add", "append", "other") for change in growing):
        return False
    if sink.guard is not None or sink.operation in _REPEATABLE:
        return True
    if sink.operation in ("update", "orm-update"):
        return True
    return sink.identity is not None and sink.identity.repeats() is not False


def check(trace: TransactionTrace, project: Project) -> Iterator[Hit]:
    for problem, confidence in protocol.problems(trace, "external-write"):
        effect = problem.effect
        if effect is None or effect.sink is None or _tolerates(effect.sink):
            continue
        yield Hit(
            span=problem.span,
            message=(
                f"{effect.what} stays when the transaction is aborted and is done once more when"
                " its records are taken again: it is made between begin and commit, but Kafka's"
                " transaction does not cover it; make it repeatable, or leave it to a consumer of"
                " the output topic"
            ),
            confidence=confidence,
            related=protocol.way(trace, problem),
            causes=protocol.causes(problem),
            subject_key=speak.subject_key(trace.producer, effect.what),
        )


RULE = Rule(
    id="external-write-in-transaction",
    group="transactions",
    subject=TransactionTrace,
    severity="warning",
    check=check,
    summary="a write outside Kafka between begin and commit",
)
