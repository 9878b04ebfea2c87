"""An exception between begin and commit leaves the transaction open.

## What it does

Reports an except clause that catches what fails between `begin_transaction()` and
`commit_transaction()` and goes on to the next `begin_transaction()` without an abort, by itself or in
anything it calls.

## The failure

A settlement service begins a transaction, produces two records and commits. One day the second
`produce()` fails, since the record is larger than the broker takes. The except clause logs it and the
loop goes on: but the transaction is still open, with the first record in it. The next
`begin_transaction()` raises; where that is caught as well, every settlement from then on fails the same
way, while the log fills and the process looks alive. All the while read_committed consumers of the
topic wait behind the open transaction, until `transaction.timeout.ms` has passed and the coordinator
aborts it and fences the producer.

## What the fix costs

One call: `abort_transaction()` in the except clause, and the records taken again after it (seek back to
the committed offsets, or try the same batch once more). A fatal error cannot be aborted: the abort then
raises, and that should end the process. aiokafka's `async with producer.transaction()` does all of it.

## When it is silent

When the except clause aborts, raises, ends the process or makes a new producer; when a finally does;
when nothing is caught, or only around the loop; when the next step behind the except clause is not a new
transaction: a malformed record that is skipped inside of a batch, a function whose callers may abort;
when the error is handed to something that cannot be seen.

## References

KIP-98; KIP-360; librdkafka INTRODUCTION.md, "Transactional Producer" (abortable errors);
confluent-kafka-python `KafkaError.txn_requires_abort`; aiokafka "Transactional producer";
kafka/producer/transaction_manager.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Project, Rule, TransactionTrace, speak
from oncelint_rules.common import protocol


def check(trace: TransactionTrace, project: Project) -> Iterator[Hit]:
    for problem, confidence in protocol.problems(trace, "never-aborted"):
        error = protocol.raised(trace, "begin_transaction")
        fails = f"{problem.method}() fails" if problem.method else "an exception is raised"
        yield Hit(
            span=problem.span,
            message=(
                f"when {fails} the transaction stays open and the next begin_transaction()"
                f" raises {error}: this except clause goes on without an abort; call"
                " abort_transaction() and take the records again, or raise"
            ),
            confidence=confidence,
            related=protocol.way(trace, problem),
            causes=protocol.causes(problem),
            subject_key=speak.subject_key(trace.producer, "never-aborted"),
        )


RULE = Rule(
    id="transaction-never-aborted",
    group="transactions",
    subject=TransactionTrace,
    severity="error",
    check=check,
    summary="an exception between begin and commit that is caught without an abort",
    supersedes=("transaction-error-swallowed", "failed-record-overtaken", "commit-on-failure"),
)
