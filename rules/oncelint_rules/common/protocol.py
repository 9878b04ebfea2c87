"""What the rules about the transactional protocol share."""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Confidence,
    ProtocolProblem,
    Related,
    Span,
    TransactionTrace,
    World,
    across,
    speak,
    weakest,
)


def problems(trace: TransactionTrace, *kinds: str) -> Iterator[tuple[ProtocolProblem, Confidence]]:
    """Problems of some kinds with the confidence they are told with: where it is not certain that
    the producer has a transactional id, that is less than the way through the code alone gives."""
    verdict = across(trace.producer.worlds, World.transactional)
    if verdict.fails and not verdict.worlds and not verdict.unknown:
        return
    bound: Confidence = "high"
    if verdict.fails:
        bound = "low"
    elif verdict.unknown:
        bound = "medium"
    for problem in trace.problems:
        if problem.kind in kinds:
            yield problem, weakest(problem.confidence, bound)


def way(trace: TransactionTrace, problem: ProtocolProblem) -> tuple[Related, ...]:
    """The calls on the way in their order and the producer, without the finding's own place."""
    places = list(speak.steps(problem.path))
    if all(one.span != trace.producer.span for one in places):
        places.append(Related(trace.producer.span, "the producer"))
    return tuple(one for one in dict.fromkeys(places) if one.span != problem.span)


def causes(problem: ProtocolProblem) -> tuple[Span, ...]:
    """The spans by which another finding about the same handler or call is known."""
    return (problem.span, *((problem.handler,) if problem.handler is not None else ()))


def raised(trace: TransactionTrace, method: str) -> str:
    """What the producer's client raises when a method is called in the wrong state: librdkafka's
    rdkafka_txnmgr.c, kafka/producer/transaction_manager.py, aiokafka/producer/producer.py and
    transaction_manager.py."""
    dialect = trace.producer.dialect
    if dialect == "librdkafka":
        return "KafkaException (_STATE)"
    if dialect == "aiokafka":
        return "AssertionError" if method in _TRANSITIONS else "IllegalOperation"
    return "IllegalStateError" if method == "send" else "KafkaError"


_TRANSITIONS = frozenset({"transaction", "begin_transaction", "commit_transaction"})


def begin(trace: TransactionTrace, method: str = "") -> str:
    """How a transaction is begun, in the user's words."""
    if method == "transaction" or (not method and trace.producer.dialect == "aiokafka"):
        return "transaction()"
    return "begin_transaction()"
