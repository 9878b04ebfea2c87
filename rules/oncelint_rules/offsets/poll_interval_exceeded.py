"""A consumer takes longer between two polls than its group waits for it.

## What it does

Reports a loop with effects in which the pauses that are written down (sleeps, timeouts of requests,
attempts that are repeated a known number of times) can come to more than `max.poll.interval.ms` between
one poll and the next; and, with aiokafka, calls that hold the event loop from which its heartbeats are
sent.

A poll is not always one record. Iterating over kafka-python's consumer polls when all records of the last
poll are handed out, up to `max.poll.records` of them (500 unless set), and so does a loop over what one
`poll()`, `consume()` or `getmany()` gave. A second of sleep for each is more than eight minutes.

## The failure

A report service sleeps one second after each record, to spare an API. As long as records trickle in, all
is well. After a weekend 500 are waiting. Five minutes into the first batch the group concludes that this
member is stuck and gives its partitions to another one, which begins at the last commit and makes the same
reports again. It falls out of the group in its turn. The first one comes back to poll, its commit fails
with CommitFailedError, and it begins anew: the group works round the clock, and its lag grows.

With aiokafka a single call that blocks does it. Heartbeats are a task of the same event loop: while
`requests.post()` waits for an answer, none is sent, and behind `session.timeout.ms` the group goes on
without this member.

## What the fix costs

Fewer records per poll (`max.poll.records`) cost round trips to the client's own buffer, which is next to
nothing. A longer `max.poll.interval.ms` makes the group wait that much longer for a consumer that really
hangs. For pauses that must be long, `pause()` the partitions, keep polling, and `resume()` them. In an
asyncio program, await an asynchronous client, or `asyncio.to_thread()` for what only blocks.

## When it is silent

When the time is not written as a number, or an attempt is repeated without a bound; when all pauses of
one way through the loop stay below the limit; when the pause comes only where no record was polled; when
what waits is in another thread or task; when the consumer has no group; when nothing is done with the
records. A pause of one branch or of a handler counts once and not for each record of a batch. A timeout
counts once for each attempt and not for each record of a batch, since few answers take
all of it. confluent-kafka and kafka-python send heartbeats from threads of their own, so what blocks
counts for them only as time between polls.

## References

KIP-62 (max.poll.interval.ms beside session.timeout.ms); librdkafka CONFIGURATION.md; kafka-python
`consumer/group.py` (`__next__`) and `coordinator/heartbeat.py`; aiokafka `consumer/group_coordinator.py`
(`_heartbeat_routine`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from oncelint.model import (
    Confidence,
    Hit,
    Pipeline,
    Project,
    Related,
    Rule,
    Span,
    Verdict,
    Wait,
    World,
    across,
    is_given,
    speak,
)

LIMIT = "max.poll.interval.ms"
_SESSION = "session.timeout.ms"
_RECORDS = "max.poll.records"
_KAFKA_PYTHON = ("kafka-python", "kafka-python-ng")
# What kafka-python and Java hand out of one poll at most, unless told otherwise.
_BATCH = 500
_HTTP = ("requests", "urllib", "urllib3", "http", "httpx")


@dataclass(frozen=True, slots=True)
class _Share:
    """What one pause comes to between two polls, so many `times`: `total` seconds in all, which
    need not be as many each time."""

    wait: Wait
    times: float
    records: bool
    total: float

    @property
    def alike(self) -> bool:
        return (self.wait.seconds or 0.0) * self.times == self.total


def _records(wait: Wait, world: World) -> float:
    """For how many records of one poll a pause comes."""
    if wait.kind != "sleep" or not wait.per:
        return 1
    if wait.records is not None:
        return wait.records
    if world.dialect in _KAFKA_PYTHON:
        return speak.number(world, _RECORDS) or _BATCH
    return 1


def _shares(pipeline: Pipeline, world: World) -> list[_Share]:
    """The pauses of the longest way by their places; one that is met again adds up."""
    shares: dict[Span, _Share] = {}
    for wait in pipeline.waits:
        if wait.seconds is None or wait.times is None or not wait.longest:
            continue
        records = _records(wait, world)
        before = shares.get(wait.span)
        times, total = wait.times * records, wait.seconds * wait.times * records
        if before is not None:
            times, total = times + before.times, total + before.total
        shares[wait.span] = _Share(wait, times, records > 1, total)
    return list(shares.values())


def _in_group(world: World) -> bool | None:
    return is_given(world.value("group.id"))


def _too_late(pipeline: Pipeline, world: World) -> bool | None:
    limit = speak.number(world, LIMIT)
    if limit is None:
        return None
    if sum(one.total for one in _shares(pipeline, world)) * 1000 <= limit:
        return False
    return _in_group(world)


def _number(value: float) -> str:
    return f"{value:g}"


def _sum(shares: list[_Share]) -> str:
    """The pauses in words, the longest first."""
    first, *others = sorted(shares, key=lambda one: -one.total)
    each = f"{first.wait.what} of {_number(first.wait.seconds or 0)} s"
    if first.wait.kind == "answer":
        each = f"{first.wait.what} waits up to {_number(first.wait.seconds or 0)} s"
    if not first.alike:
        each = f"{first.wait.what}, {_number(first.times)} times, {_number(first.total)} s in all"
        if first.records:
            each = f"{first.wait.what}, {_number(first.total)} s in all for the records of one poll"
    elif first.records:
        each += f" for each of up to {_number(first.times)} records of one poll"
    elif first.times > 1:
        each += f", {_number(first.times)} times"
    return each + (f", and {len(others)} more" if others else "")


def _late(pipeline: Pipeline) -> Iterator[Hit]:
    consumer = pipeline.consumer
    verdict = across(consumer.worlds, lambda world: _too_late(pipeline, world))
    if not verdict:
        return
    world = verdict.world
    shares = [one for one in _shares(pipeline, world) if one.total > 0]
    total = sum(one.total for one in shares)
    longest = max(shares, key=lambda one: one.total)
    limit = world.settings[LIMIT]
    supposed = longest.records or longest.wait.kind == "answer"
    advice = f"raise {limit.spelled}, or pause() the partitions and keep polling"
    if longest.records:
        fewer = "ask for fewer records at once"
        if longest.wait.records is None:
            records = world.setting(_RECORDS)
            fewer = f"lower {records.spelled if records is not None else 'max_poll_records'}"
        advice = f"{fewer}, or raise {limit.spelled}"
    yield Hit(
        span=longest.wait.span,
        message=(
            "the group gives the partitions to another consumer, which does these records again:"
            f" {_number(total)} s can pass between two polls ({_sum(shares)}), and"
            f" {speak.told(limit, world)}{verdict.where()}; {advice}"
        ),
        confidence=_lower(verdict, "medium" if supposed else "high"),
        setting=limit.spelled,
        related=_related(pipeline, [one.wait for one in shares], longest.wait),
        causes=(longest.wait.span,),
        subject_key=speak.subject_key(consumer, longest.wait.what),
    )


def _lower(verdict: Verdict, at_most: Confidence) -> Confidence:
    return "low" if verdict.confidence == "low" else at_most


def _related(pipeline: Pipeline, waits: list[Wait], primary: Wait) -> tuple[Related, ...]:
    places = list(speak.steps(primary.path))
    places += [Related(wait.span, "waits as well") for wait in waits if wait is not primary]
    places.append(Related(pipeline.consumer.span, "the consumer"))
    return tuple(one for one in dict.fromkeys(places) if one.span != primary.span)


# The event loop ----------------------------------------------------------------------------------


def _holds(wait: Wait, pipeline: Pipeline, world: World) -> bool | None:
    """Whether a call can hold the event loop for longer than a session lasts."""
    session = speak.number(world, _SESSION)
    if session is None:
        return None
    if wait.seconds is not None:
        long = wait.seconds * 1000 >= session
        # while records are there nothing else gets a turn, so that pauses add up
        starved = wait.kind == "sleep" and not pipeline.suspends and wait.seconds >= 1
        return _in_group(world) if long or starved else False
    if wait.kind == "answer" and wait.what.partition(".")[0].partition("(")[0] in _HTTP:
        return _in_group(world)
    return False


def _blocking(pipeline: Pipeline) -> Iterator[Hit]:
    consumer = pipeline.consumer
    for wait in pipeline.waits:
        if not wait.blocks:
            continue
        verdict = across(consumer.worlds, lambda world, wait=wait: _holds(wait, pipeline, world))  # type: ignore[misc]
        if not verdict:
            continue
        session = verdict.world.settings[_SESSION]
        lasts = "for as long as the other side likes"
        if wait.seconds is not None:
            lasts = f"for {_number(wait.seconds)} s"
            if wait.kind == "answer":
                lasts = f"for up to {_number(wait.seconds)} s"
            elif wait.seconds * 1000 < (speak.number(verdict.world, _SESSION) or 0):
                lasts += " a record, and nothing else gets a turn while records are there"
        sure = wait.kind == "sleep" and "record" not in lasts
        advice = "await asyncio.sleep() instead" if wait.kind == "sleep" else "await it"
        if wait.kind == "answer":
            advice = "await an asynchronous client, or asyncio.to_thread()"
        yield Hit(
            span=wait.span,
            message=(
                "the group drops this consumer, and another one does its records again:"
                f" {wait.what} holds the event loop {lasts}, aiokafka's heartbeats come from that"
                f" loop, and {speak.told(session, verdict.world)}{verdict.where()}; {advice}"
            ),
            confidence=_lower(verdict, "high" if sure else "medium"),
            setting=session.spelled,
            related=_related(pipeline, [], wait),
            causes=(wait.span,),
            subject_key=speak.subject_key(consumer, wait.what),
        )


def check(pipeline: Pipeline, project: Project) -> Iterator[Hit]:
    if not pipeline.effects and not any(one.effects for one in pipeline.handovers):
        return
    blocking = []
    if pipeline.is_async and pipeline.consumer.dialect == "aiokafka":
        blocking = list(_blocking(pipeline))
    yield from blocking
    said = {hit.span for hit in blocking}
    yield from (hit for hit in _late(pipeline) if hit.span not in said)


RULE = Rule(
    id="poll-interval-exceeded",
    group="offsets",
    subject=Pipeline,
    severity="warning",
    check=check,
    summary="pauses between two polls, or a blocked event loop, outlast the group's patience",
)
