"""A transactional producer's methods are called in an order that the client refuses.

## What it does

Reports `begin_transaction()` on a producer that was never initialised, or while another transaction is
open; `produce()`, `send()`, `send_offsets_to_transaction()` and `commit_transaction()` where none is
open; and, in confluent-kafka, `init_transactions()` in the loop. The calls are followed through
functions, classes, context managers and loops, a round that ends too early included.

## The failure

A relay begins a transaction for each invoice. Invoice 7 has no lines, and an early `continue`, put
between begin and commit, skips it. Nothing happens yet. Invoice 8 is polled, `begin_transaction()`
raises "Operation not valid in state InTransaction", and the process ends. It is restarted, begins at
invoice 7 again, and ends at invoice 8 again: the partition stands still. Meanwhile the transaction
that was left open holds up every read_committed consumer of the output topic until it times out.

With the calls in any other wrong order the first record is the one that fails.

## What the fix costs

Nothing: the calls are there, in the wrong place. `init_transactions()` (aiokafka: `start()`) belongs
before the loop and is called once; each way through a round that begins a transaction has to commit or
abort it.

## When it is silent

Where a producer comes from out of sight, or is handed to code that cannot be seen; where several
producers come from one place; where one of its calls is made on something unknown, or the method is
handed on as a value; where branches that depend on a flag begin and end the transaction, unless all
ways through them go wrong; about records outside of a transaction, where it depends on the
configuration whether the producer has a transactional id at all. kafka-python takes a second `init_transactions()` as done. For aiokafka a
start that is not seen (`async with producer`) is taken for done.

## References

KIP-98; librdkafka rdkafka_txnmgr.c (the states) and INTRODUCTION.md, "Transactional Producer";
confluent-kafka-python `Producer.begin_transaction`; kafka/producer/transaction_manager.py
(`TransactionState`); aiokafka/producer/transaction_manager.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Project, ProtocolProblem, Rule, TransactionTrace, speak
from oncelint_rules.common import protocol

KINDS = (
    "begin-before-init",
    "init-in-loop",
    "begun-twice",
    "produced-outside",
    "offsets-outside",
    "committed-outside",
)


def _message(trace: TransactionTrace, problem: ProtocolProblem) -> str:
    method = f"{problem.method}()"
    raises = f"{method} raises {protocol.raised(trace, problem.method)} on this way"
    begin = protocol.begin(trace)
    starts = "start()" if trace.producer.dialect == "aiokafka" else "init_transactions()"
    if problem.kind == "begin-before-init":
        return (
            f"{raises} and no record is sent: the producer was not initialised before;"
            f" call {starts} once, before the loop"
        )
    if problem.kind == "init-in-loop":
        return (
            f"{raises}: the producer is initialised already when this is reached again; call"
            " it once, right after the producer is made"
        )
    if problem.kind == "begun-twice":
        again = problem.path[0].span == problem.span
        advice = "end it on every way through the round" if again else "end it before this one"
        return (
            f"{raises}: the transaction that was begun before has been neither committed nor"
            f" aborted; {advice}"
        )
    if problem.kind == "produced-outside":
        return (
            f"{raises} and the record is not sent: no transaction is open here; call {begin}"
            " first, or use a producer without a transactional id"
        )
    if problem.kind == "offsets-outside":
        return (
            f"{raises} and the offsets are not committed: no transaction is open here; send them"
            " before commit_transaction()"
        )
    return f"{raises}: no transaction is open here; call {begin} first"


def check(trace: TransactionTrace, project: Project) -> Iterator[Hit]:
    for problem, confidence in protocol.problems(trace, *KINDS):
        # without a transactional id, which some runs may do without, a record is sent at once
        if problem.kind == "produced-outside" and confidence != problem.confidence:
            continue
        yield Hit(
            span=problem.span,
            message=_message(trace, problem),
            confidence=confidence,
            related=protocol.way(trace, problem),
            causes=protocol.causes(problem),
            subject_key=speak.subject_key(trace.producer, problem.kind),
        )


RULE = Rule(
    id="transaction-protocol",
    group="transactions",
    subject=TransactionTrace,
    severity="error",
    check=check,
    summary="begin, produce, commit in an order that the client refuses",
)
