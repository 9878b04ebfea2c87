"""Auto commit takes a record for done before its effects are.

## What it does

Reports a consumer whose effective `enable.auto.commit` is true where the loop that takes its records
does something with them, and the client can commit a record that is still in hand. When that is
depends on the client:

* librdkafka (confluent-kafka) stores a record's offset when it hands the record out, and a thread of
  its own commits what is stored every `auto.commit.interval.ms`; `close()` commits it as well.
* aiokafka commits the position from a task of its own, whenever the loop awaits something; `stop()`
  commits it as well, and the end of `async with` is a `stop()`.
* FastStream leaves its client's auto commit on under `AckPolicy.ACK_FIRST`, which is its default.
* kafka-python commits inside `poll()` and iteration, what was handed out before. A loop that does
  everything for a record before it takes the next one loses nothing. Records are lost where they are
  kept while others are polled, handed to a thread or task, skipped when their effect fails, or where
  a failing effect leads to `close()`, which commits unless told otherwise.

## The failure

A billing service charges a card for each order: poll, charge, poll. Order 41 is polled at noon, and the
payment provider takes its time. Two seconds later librdkafka's thread commits 42, since 41 was handed
out. The pod is evicted while the request is on its way. Its successor begins at 42: order 41 is never
charged, no error was logged, and the lag is zero.

## What the fix costs

Nothing that can be measured. With librdkafka set `enable.auto.offset.store` to false and call
`store_offsets()` behind the effects: the thread goes on committing, but only what is done. With the
others set `enable_auto_commit` to False and commit behind the effects, every so many records. What was
done since the last commit is then done again after a crash, so the effects have to tolerate it.

Where the loop commits by hand already, behind its effects, auto commit only gets in the way: the fix
switches it off, and is safe there. Elsewhere there is none, since nothing would be committed any more.

## When it is silent

When auto commit is off, or the consumer has no group, so that nothing is ever committed (kafka-python,
aiokafka); when librdkafka's `enable.auto.offset.store` is false and `store_offsets()` is called behind
the effects; when the records are only printed, logged, counted or kept in memory; with kafka-python,
when every record is done before the next is taken and a failure ends the loop without `close()`, through
`close(autocommit=False)`, or through the `with` of release 3.0 and later, which does not commit then; with
aiokafka, when everything in the loop holds the event loop, so that the committing task gets no turn
while a record is in hand, and its failure does not lead to `stop()`; when what is handed over is waited
for in the same round; when the records feed a transactional producer, of which
`auto-commit-in-transaction` speaks.

## References

librdkafka INTRODUCTION.md (consumer offset management) and CONFIGURATION.md (`enable.auto.commit`,
`enable.auto.offset.store`, `auto.commit.interval.ms`); aiokafka `consumer/group_coordinator.py` and
"Manual vs automatic committing"; FastStream `kafka/subscriber/config.py`
(`ack_policy`); kafka-python `consumer/group.py` (`_poll_once`, `close`, `__exit__`) and
`coordinator/consumer.py` (`_maybe_auto_commit_offsets_async`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from oncelint.model import (
    Commit,
    Confidence,
    Effect,
    Goal,
    Hit,
    Known,
    Misorder,
    Pipeline,
    Project,
    Related,
    Rule,
    Span,
    Verdict,
    World,
    across,
    is_given,
    speak,
    weakest,
)
from oncelint_rules.common.order import line_of

SETTING = "enable.auto.commit"
STORE = "enable.auto.offset.store"
_GROUP = "group.id"
_ROUNDS = "auto.commit.interval.ms"


@dataclass(frozen=True, slots=True)
class _Way:
    """One way of losing records: what happens (the sentence's consequence), why, what to do about
    it, and the places that show it."""

    consequence: str
    why: str
    advice: str
    related: tuple[Related, ...]
    causes: tuple[Span, ...] = ()
    confidence: Confidence = "high"


def commits(world: World) -> bool | None:
    """Whether this client commits by itself: it has a group, and auto commit is on."""
    setting = world.setting(SETTING)
    if setting is None or not isinstance(setting.value, Known):
        return None
    if setting.value.value is not True:
        return False
    return is_given(world.value(_GROUP))


def _stores(world: World) -> bool | None:
    """Whether librdkafka takes what it hands out for done. An interval of 0 never commits."""
    committing = commits(world)
    if not committing:
        return committing
    stored = world.value(STORE)
    if not isinstance(stored, Known):
        return None
    return stored.value is not False and speak.number(world, _ROUNDS) != 0


def _shown(pipeline: Pipeline, effect: Effect) -> tuple[Related, ...]:
    """The way from the poll to an effect."""
    return (Related(pipeline.polled, "consumes here"), *speak.steps(effect.path))


def _named(effects: tuple[Effect, ...]) -> str:
    names = list(dict.fromkeys(effect.what for effect in effects))
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


# The ways ----------------------------------------------------------------------------------------


def _in_background(pipeline: Pipeline, committer: str, advice: str) -> Iterator[_Way]:
    """The client commits while a record is in hand."""
    if pipeline.effects:
        # the same one whichever way the loop was reached first
        effect = min(pipeline.effects, key=lambda one: one.span)
        yield _Way(
            f"a crash during {effect.what} loses the record",
            f"{committer} commits what was merely handed out",
            advice,
            _shown(pipeline, effect),
        )


def _kept(pipeline: Pipeline) -> Iterator[_Way]:
    for batch in pipeline.batches:
        where = line_of(batch.span, pipeline.consumer.span)
        yield _Way(
            f"a crash before {_named(batch.flushes)} loses the records that are kept for it",
            f"polling commits them while they are only in memory, in {batch.name} ({where})",
            "set {setting} to false and commit behind {flush}".replace(
                "{flush}", _named(batch.flushes)
            ),
            (Related(batch.span, "kept here"), *speak.steps(batch.flushes[0].path)),
            (batch.span,),
        )


def _handed_over(pipeline: Pipeline) -> Iterator[_Way]:
    for one in pipeline.handovers:
        if one.waited or not one.effects:
            continue
        where = line_of(one.span, pipeline.consumer.span)
        taker = f"the {one.how[6:]}" if one.how.startswith("queue ") else one.how
        there = tuple(step for step in one.effects[0].path if step.span != one.span)
        yield _Way(
            f"a crash before {_named(one.effects)} loses the record that {taker} was given",
            f"the next poll commits it without waiting for that ({where})",
            "set {setting} to false and commit what is done, or wait for it before the next poll",
            (*speak.steps(one.path), *speak.steps(there)),
            (one.span,),
        )


def _closed(pipeline: Pipeline) -> Iterator[_Way]:
    for one in pipeline.misorders:
        if one.kind == "close" and one.commit is None:
            yield _ending(one, pipeline)


def _ending(one: Misorder, pipeline: Pipeline) -> _Way:
    last = one.path[-1].span if one.path else one.effect.span
    where = line_of(last, pipeline.consumer.span)
    name = "stop()" if pipeline.consumer.dialect == "aiokafka" else "close()"
    if pipeline.consumer.dialect == "aiokafka":
        advice = "set {setting} to false and commit behind the effects"
    elif pipeline.consumer.dialect == "librdkafka":
        advice = "set enable.auto.offset.store to false and store offsets behind the effects"
    else:
        advice = "close with autocommit=False when an exception ends the loop"
    return _Way(
        f"when {one.effect.what} fails, the record is lost",
        f"the exception leads to the {name} in {where}, which commits the failed record as well",
        advice,
        speak.steps(one.path),
        tuple(span for span in (one.handler, last) if span is not None),
        one.confidence,
    )


def _skipped(pipeline: Pipeline) -> Iterator[_Way]:
    for one in pipeline.misorders:
        if one.kind != "overtaken" or one.commit is not None or one.handler is None:
            continue
        where = line_of(one.handler, pipeline.consumer.span)
        yield _Way(
            f"when {one.effect.what} fails, the record is lost",
            f"a failure that ends in {where} does not keep the next poll from committing the record",
            "raise, seek back to the record, or send it to a dead letter topic",
            speak.steps(one.path),
            (one.handler,),
            "low" if pipeline.seeks else one.confidence,
        )


def _by_hand(pipeline: Pipeline) -> list[Commit]:
    """The loop's own commits; store_offsets only tells the client what to commit."""
    return [one for one in pipeline.commits if one.span not in pipeline.stores]


def _librdkafka(pipeline: Pipeline) -> Iterator[tuple[Verdict, _Way]]:
    worlds = pipeline.consumer.worlds
    stores = across(worlds, _stores)
    by_hand = (
        "set {setting} to false: offsets are committed by hand already"
        if _by_hand(pipeline)
        else "set enable.auto.offset.store to false and call store_offsets() behind the effects"
    )
    for way in _in_background(pipeline, "librdkafka's background thread", by_hand):
        yield stores, way


def _aiokafka(pipeline: Pipeline) -> Iterator[tuple[Verdict, _Way]]:
    committing = across(pipeline.consumer.worlds, commits)
    if pipeline.suspends:
        advice = "set {setting} to false and commit behind the effects"
        if _by_hand(pipeline):
            advice = "set {setting} to false: offsets are committed by hand already"
        for way in _in_background(pipeline, "aiokafka's background task", advice):
            yield committing, way
    for way in (*_kept(pipeline), *_handed_over(pipeline), *_closed(pipeline), *_skipped(pipeline)):
        yield committing, way


def _kafka_python(pipeline: Pipeline) -> Iterator[tuple[Verdict, _Way]]:
    committing = across(pipeline.consumer.worlds, commits)
    for way in (*_kept(pipeline), *_handed_over(pipeline), *_closed(pipeline), *_skipped(pipeline)):
        yield committing, way


def _faststream(pipeline: Pipeline) -> Iterator[tuple[Verdict, _Way]]:
    if pipeline.suspends:
        committing = across(pipeline.consumer.worlds, commits)
        advice = "pass another ack_policy, AckPolicy.NACK_ON_ERROR for instance"
        for way in _in_background(pipeline, "under ACK_FIRST its client", advice):
            yield committing, way


_CLIENTS = {
    "faststream": _faststream,
    "librdkafka": _librdkafka,
    "aiokafka": _aiokafka,
    "kafka-python": _kafka_python,
    "kafka-python-ng": _kafka_python,
}


# The finding -------------------------------------------------------------------------------------


def _ways(pipeline: Pipeline, project: Project) -> list[tuple[Verdict, _Way]]:
    consumer = pipeline.consumer
    client = _CLIENTS.get(consumer.dialect)
    if client is None or not consumer.reads or _feeds_a_transaction(pipeline, project):
        return []
    return [(verdict, way) for verdict, way in client(pipeline) if verdict]


def _feeds_a_transaction(pipeline: Pipeline, project: Project) -> bool:
    return any(
        feed.consumer.span == pipeline.consumer.span
        and across(feed.producer.worlds, World.transactional)
        for feed in project.feeds
    )


def _told_before(pipeline: Pipeline, project: Project) -> bool:
    """Whether an earlier loop of the same consumer says it already."""
    for other in project.pipelines:
        if other is pipeline:
            return False
        if other.consumer.span == pipeline.consumer.span and _ways(other, project):
            return True
    return False


def _in_place(pipeline: Pipeline) -> bool:
    """Whether the commits by hand stand where they have to; about those of batches that are held
    over polls not enough is known."""
    return (
        not pipeline.batches
        and bool(_by_hand(pipeline))
        and pipeline.ordered
        and not any(one.commit is not None for one in pipeline.misorders)
        and all(one.waited for one in pipeline.handovers)
    )


def _goal(pipeline: Pipeline, spelled: str) -> Goal | None:
    if not _in_place(pipeline) or pipeline.consumer.placement == "framework":
        return None
    title = f"set {spelled} to false"
    return Goal(title, {SETTING: False}, "safe", client=pipeline.consumer)


def check(pipeline: Pipeline, project: Project) -> Iterator[Hit]:
    found = _ways(pipeline, project)
    if not found or _told_before(pipeline, project):
        return
    consumer = pipeline.consumer
    verdict, way = found[0]
    setting = verdict.world.settings[SETTING]
    span = speak.place(setting, consumer)
    advice = way.advice.replace("{setting}", setting.spelled)
    confidence = weakest(verdict.confidence, way.confidence)
    yield Hit(
        span=span,
        message=(
            f"{way.consequence}: {speak.told(setting, verdict.world)}{verdict.where()}, and"
            f" {way.why}; {advice}"
        ),
        confidence=confidence,
        setting=setting.spelled,
        related=tuple(
            dict.fromkeys(
                (
                    *speak.elsewhere(consumer, span, setting),
                    *(r for r in way.related if r.span != span),
                )
            )
        ),
        provenance=setting.origins,
        goal=_goal(pipeline, setting.spelled),
        causes=(span, *way.causes),
        subject_key=speak.subject_key(consumer, setting.spelled),
    )


RULE = Rule(
    id="auto-commit-loses-records",
    group="offsets",
    subject=Pipeline,
    severity="warning",
    check=check,
    summary="auto commit counts records as done while they are still in hand",
    fix="safe",
)
