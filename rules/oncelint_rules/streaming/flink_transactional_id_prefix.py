"""An exactly-once Kafka sink of Flink without a transactional id prefix, or with that of another one.

## What it does

Reports an exactly-once sink that has no `sink.transactional-id-prefix` (in a program: no
set_transactional_id_prefix), two exactly-once sinks of one Kafka cluster that have the same, and one
exactly-once table that several INSERTs write to, which have its prefix alike.

## The failure

Two jobs, one for payments and one for refunds, were made from one template and write exactly-once with
the prefix `kafka-sink`. Flink names its transactions by the prefix, the subtask and a number. When the
payments job starts, it takes over what is left of transactions under this prefix and aborts it: it
aborts the refunds job's. That one fails with ProducerFencedException, restarts, and does the same to
the payments job. What was in the aborted transactions was part of a completed checkpoint and is lost.

Without a prefix a table's job is refused, as is a program's from Flink 2.0 on; before that every
program's sinks share the prefix `kafka-sink`.

## What the fix costs

A name for each sink of each job. One that is changed in a running job should be changed at a stop with
a savepoint: transactions under the old prefix are not found any more.

## When it is silent

With other guarantees; for FlinkKafkaProducer, whose ids are made of its task's name; when the prefix or the brokers are not known, or the brokers differ; before Flink
1.14, where SQL has no prefix. For sinks of different files the confidence is medium: one of them may be
a copy that does not run.

## References

Flink documentation, "Kafka Sink: Fault Tolerance" (setTransactionalIdPrefix), "Apache Kafka SQL
Connector" (sink.transactional-id-prefix); KafkaConnectorOptionsUtil.validateDeliveryGuarantee;
KafkaSinkBuilder.sanityCheck; FLINK-37380; FLIP-511.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from oncelint.model import (
    Confidence,
    FlinkSink,
    Goal,
    Hit,
    Known,
    Project,
    Related,
    Rule,
    World,
    across,
    speak,
)
from oncelint.model.versions import at_least
from oncelint_rules.common import flink

_BROKERS = "properties.bootstrap.servers"
# a place that a program or a template fills in
_FILLED_IN = re.compile(r"[{}$<>]|%[sd(]|__\w+__|@\w+@")


def _exactly(sink: FlinkSink, world: World) -> bool | None:
    found = flink.guarantee(sink, world)
    return None if found is None else found == flink.EXACTLY_ONCE


def _without(sink: FlinkSink, world: World) -> bool | None:
    if flink.is_former(sink):
        return False
    exactly = _exactly(sink, world)
    if not exactly:
        return exactly
    setting = world.setting(flink.PREFIX)
    if setting is None or not at_least(world.versions[0], "1.14"):
        return False
    if setting.set_by == "user":
        return False
    return None if world.open_reason is not None else True


def check(sink: FlinkSink, project: Project) -> Iterator[Hit]:
    verdict = across(sink.worlds, lambda world: _without(sink, world))
    if verdict:
        # what holds in old versions only is no more than a possibility where none is named
        certain = not any(_without(sink, world) is None for world in sink.worlds)
        yield _missing(sink, verdict.world, "high" if certain else "low")
        return
    yield from _shared(sink, project)


def _missing(sink: FlinkSink, world: World, confidence: Confidence) -> Hit:
    guarantee = flink.setting(world)
    assert guarantee is not None
    span = speak.place(guarantee, sink)
    refused = not flink.in_program(sink)
    spelled = world.settings[flink.PREFIX].spelled if refused else "set_transactional_id_prefix"
    if refused or at_least(world.versions[0], flink.REQUIRED_SINCE):
        consequence = f"Flink refuses to write to {flink.named(sink)}"
        if not refused:
            consequence = "Flink refuses to build the sink"
    else:
        consequence = (
            "the sinks of all jobs share the prefix kafka-sink and abort each other's transactions,"
            " and from Flink 2.0 on the sink is refused"
        )
    return Hit(
        span=span,
        message=(
            f"{consequence}: {flink.called(sink, guarantee)} is exactly-once without {spelled}; set it to a name"
            " that no other sink has"
        ),
        confidence=confidence,
        setting=guarantee.spelled,
        related=speak.elsewhere(sink, span, guarantee),
        provenance=guarantee.origins,
        goal=Goal(f"set {spelled}", reason="the prefix has to be a name that no other sink has"),
        causes=(sink.span, span),
        subject_key=speak.subject_key(sink, sink.details.get("table", ""), "missing"),
    )


def _brokers(sink: FlinkSink) -> str | None:
    for setting in sink.block.settings:
        if setting.key == _BROKERS and isinstance(setting.value, Known):
            return str(setting.value.value)
    return None


def _prefix(sink: FlinkSink) -> str | None:
    """The prefix of a sink that surely is exactly-once; None when it is not known."""
    if not all(_exactly(sink, world) for world in sink.worlds):
        return None
    found = {flink.prefix(sink, world) for world in sink.worlds}
    prefix = found.pop() if len(found) == 1 else None
    return None if prefix is None or _FILLED_IN.search(prefix) else prefix


def _shared(sink: FlinkSink, project: Project) -> Iterator[Hit]:
    prefix = _prefix(sink)
    if prefix is None:
        return
    world = sink.worlds[-1]
    setting = world.settings[flink.PREFIX]
    span = speak.place(setting, sink)
    brokers = _brokers(sink)
    others = [
        one
        for one in project.clients
        if isinstance(one, FlinkSink)
        and one is not sink
        and not one.in_tests
        and one.span != sink.span
        and brokers is not None
        and _brokers(one) == brokers
        and _prefix(one) == prefix
    ]
    here = [one for one in others if one.span.path == sink.span.path]
    inserts = sink.details.get("inserts", "").split()
    if others:
        other = (here or others)[0]
        where = f"{flink.named(other)} in {other.span.path} line {other.span.start.line}"
        related: tuple[Related, ...] = tuple(Related(one.span, "has it as well") for one in others)
    elif len(inserts) > 1:
        where = f"another INSERT into {flink.named(sink)}, at {inserts[-1]},"
        related = ()
    else:
        return
    yield Hit(
        span=span,
        message=(
            f"the sinks abort each other's transactions: {setting.spelled} is {prefix}, and {where}"
            " has the same; give every sink a prefix of its own"
        ),
        confidence="high" if here or not others else "medium",
        setting=setting.spelled,
        related=(*speak.elsewhere(sink, span, setting), *related),
        provenance=setting.origins,
        causes=(span,),
        subject_key=speak.subject_key(sink, sink.details.get("table", ""), "shared"),
    )


RULE = Rule(
    id="flink-transactional-id-prefix",
    group="streaming",
    subject=FlinkSink,
    severity="error",
    check=check,
    summary="an exactly-once sink of Flink without a prefix of its own",
    stable=False,
    supersedes=("producer-not-idempotent",),
)
