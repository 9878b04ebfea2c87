"""A transaction visibly lasts longer than its timeout.

## What it does

Reports a transactional producer whose effective `transaction.timeout.ms` is below the sleeps and
timeouts that stand between begin and commit; an exactly-once sink of Flink whose transaction timeout is
not above the time between two checkpoints of its job; and, with low confidence, one below a
`max.poll.interval.ms` that somebody raised for the loop that feeds it, or below what a checkpoint may
take.

## The failure

A report service begins a transaction, writes half of it, waits up to two minutes for a pricing
service and writes the rest. After `transaction.timeout.ms` (a minute by default) the transaction
coordinator aborts what is open and raises the producer's epoch. The next produce or commit fails
with InvalidProducerEpoch or ProducerFenced, which is fatal: the producer has to be made anew, the
records are processed again from the last committed offset, and if they take as long again, for
ever.

Flink begins a transaction behind each checkpoint and commits it when the next one is complete. A job
with checkpoints every ten minutes and `transaction.timeout.ms=60000` has each of its transactions
aborted nine minutes too early. What it writes next fails; and where the abort is found at the commit
alone, the sink logs that data is most likely lost, and the job goes on without these records.

## What the fix costs

A longer timeout keeps read_committed consumers waiting longer behind a producer that crashed, and
it must not exceed the brokers' `transaction.max.timeout.ms` (15 minutes unless they say otherwise).
Better is to wait before the transaction begins: collect what is needed, then begin, write and
commit.

## When it is silent

When the timeout or the wait is not known, and when the wait stands outside the transaction. Waits
are not added up, since they may stand on different ways, and one in a loop without a known bound is
counted once. A sink of Flink is not judged when the interval of its job is not seen, or several
configurations disagree about it.

## References

Kafka producer configuration `transaction.timeout.ms`; broker configuration
`transaction.max.timeout.ms`; KIP-98; Flink documentation, "Kafka Sink: Fault Tolerance"; KafkaCommitter
and KafkaSinkBuilder of flink-connector-kafka; streamnative/kop issue 1333; MaterializeInc/materialize issue
23955.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Consumer,
    Goal,
    Hit,
    Project,
    Related,
    Rule,
    TransactionTrace,
    Wait,
    World,
    across,
    speak,
)

SETTING = "transaction.timeout.ms"
_POLL = "max.poll.interval.ms"


def _longest(waits: tuple[Wait, ...]) -> Wait | None:
    """The longest of the waits that are known. Two of them may stand on different ways."""
    known = [one for one in waits if one.seconds is not None]
    return max(known, key=_milliseconds, default=None)


def _milliseconds(wait: Wait) -> float:
    return (wait.seconds or 0.0) * (wait.times or 1.0) * 1000


def _duration(milliseconds: float) -> str:
    seconds = milliseconds / 1000
    return f"{seconds:g} s" if seconds < 120 else f"{seconds / 60:g} min"


def check(trace: TransactionTrace, project: Project) -> Iterator[Hit]:
    if trace.producer.details.get("framework") == "flink":
        yield from _between_checkpoints(trace, project)
        return
    longest = _longest(trace.spent)
    if longest is not None:
        yield from _waits(trace, project, longest)
    for consumer in trace.consumers:
        yield from _poll_interval(trace, consumer)


def _waits(trace: TransactionTrace, project: Project, wait: Wait) -> Iterator[Hit]:
    producer, spent = trace.producer, _milliseconds(wait)

    def short(world: World) -> bool | None:
        limit = speak.number(world, SETTING)
        return None if limit is None else limit < spent

    verdict = across(producer.worlds, short)
    if not verdict:
        return
    setting = verdict.world.settings[SETTING]
    span = speak.place(setting, producer)
    related = [
        *speak.elsewhere(producer, span, setting),
        *(Related(one, "the transaction begins here") for one in trace.begins[:1]),
        Related(wait.span, f"{wait.what} waits here"),
    ]
    most = project.broker_limit.value_ms
    wanted = min(int(spent * 2), most)
    fits = spent < most
    advice = "wait before the transaction begins"
    if fits:
        advice += f", or set {setting.spelled} to {wanted}"
    yield Hit(
        span=span,
        message=(
            "the broker aborts the transaction before it is committed, and the producer is fenced:"
            f" {wait.what} between begin and commit takes {_duration(spent)}, and"
            f" {speak.told(setting, verdict.world)}{verdict.where()}; {advice}"
        ),
        confidence=verdict.confidence,
        setting=setting.spelled,
        related=tuple(dict.fromkeys(related)),
        provenance=setting.origins,
        goal=(
            Goal(f"set {setting.spelled} to {wanted}", {SETTING: wanted}, "safe", client=producer)
            if fits
            else Goal(advice, reason="moving the wait out of the transaction is yours to do")
        ),
        causes=(producer.span, span),
        subject_key=speak.subject_key(producer, setting.spelled),
    )


def _between_checkpoints(trace: TransactionTrace, project: Project) -> Iterator[Hit]:
    """A transaction of Flink's: it lasts from a checkpoint to the end of the next one."""
    producer = trace.producer
    between, *rest = trace.spent
    interval = _milliseconds(between)
    within = _milliseconds(rest[0]) if rest else 0

    def short(world: World) -> bool | None:
        limit = speak.number(world, SETTING)
        return None if limit is None else limit <= interval

    def tight(world: World) -> bool | None:
        limit = speak.number(world, SETTING)
        return None if limit is None else limit < interval + within

    verdict = across(producer.worlds, short)
    surely = bool(verdict)
    if not surely:
        verdict = across(producer.worlds, tight)
    if not verdict or (not surely and not rest):
        return
    setting = verdict.world.settings[SETTING]
    span = speak.place(setting, producer)
    most = project.broker_limit.value_ms
    wanted = min(int((interval + within) * 2), most)
    fits = wanted > interval + within
    told = speak.told(setting, verdict.world)
    if surely:
        lasts = f"a checkpoint is taken every {_duration(interval)}"
        message = (
            "each transaction is aborted before its checkpoint commits it, so that its records are lost"
            f" or the job restarts for ever: {lasts}, and {told}{verdict.where()}"
        )
    else:
        lasts = f"{_duration(interval)} between two, and {_duration(within)} to complete one"
        message = (
            "a slow checkpoint outlasts its transaction, which is aborted and its records lost: the"
            f" job allows {lasts}, and {told}{verdict.where()}"
        )
    advice = f"set {setting.spelled} to {wanted}" if fits else "take checkpoints more often"
    yield Hit(
        span=span,
        message=f"{message}; {advice}",
        confidence=verdict.confidence if surely else "low",
        severity="error" if surely else "note",
        setting=setting.spelled,
        related=(
            *speak.elsewhere(producer, span, setting),
            Related(between.span, "how often checkpoints are taken"),
        ),
        provenance=setting.origins,
        goal=(
            Goal(f"set {setting.spelled} to {wanted}", {SETTING: wanted}, "safe", client=producer)
            if fits
            else Goal(advice, reason="the interval is for the size of the job's state to say")
        ),
        causes=(producer.span, span),
        subject_key=speak.subject_key(producer, setting.spelled),
    )


def _poll_interval(trace: TransactionTrace, consumer: Consumer) -> Iterator[Hit]:
    producer = trace.producer
    limits = [speak.number(world, SETTING) for world in producer.worlds]
    known = [one for one in limits if one is not None]
    if not known or len(known) < len(limits):
        return
    limit = max(known)

    def longer(world: World) -> bool | None:
        interval = speak.number(world, _POLL)
        if interval is None:
            return None
        return world.is_set(_POLL) and interval > limit

    verdict = across(consumer.worlds, longer)
    if not verdict:
        return
    setting = verdict.world.settings[_POLL]
    own = producer.worlds[-1].settings[SETTING]
    span = speak.place(setting, consumer)
    yield Hit(
        span=span,
        message=(
            "a batch that takes as long as is allowed here outlasts its transaction, which the"
            f" broker aborts: {setting.spelled} is"
            f" {_duration(speak.number(verdict.world, _POLL) or 0)}, and {own.spelled} of the producer it feeds is {_duration(limit)}{verdict.where()}; set"
            f" {own.spelled} no lower than {setting.spelled}"
        ),
        confidence="low",
        severity="note",
        setting=setting.spelled,
        related=(
            *speak.elsewhere(consumer, span, setting),
            Related(producer.span, "the producer"),
        ),
        provenance=setting.origins,
        causes=(producer.span, span),
        subject_key=speak.subject_key(consumer, setting.spelled),
    )


RULE = Rule(
    id="transaction-timeout-too-short",
    group="transactions",
    subject=TransactionTrace,
    severity="warning",
    check=check,
    summary="a transaction that outlasts its timeout",
    fix="safe",
)
