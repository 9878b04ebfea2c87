"""A Kafka sink of a Flink job that writes records again after a restart.

## What it does

Reports a table with the connector kafka that is written to, and a KafkaSink of a program, whose
delivery guarantee is at-least-once or none, because it says so or by default. Of a table with a key it
notes a transactional id prefix that stands there without the guarantee that reads it.

## The failure

A job computes the totals of every minute and inserts them into the topic `revenue`. A task manager is
killed between two checkpoints. Flink restores its state from the last one and reads on from the offsets
in it: inside Flink every order counts once. The totals that were written since that checkpoint are in
Kafka already, and now they are written once more; the billing service that adds them up charges them
twice. With the guarantee none, what had not left the producer's buffer is lost besides.

## What the fix costs

`sink.delivery-guarantee` exactly-once and a `sink.transactional-id-prefix` of its own. Records are seen
by read_committed readers when a checkpoint is complete, so their delay is the checkpoint interval. The
transaction timeout has to be above the longest pause between two checkpoints, and not above the
broker's `transaction.max.timeout.ms`: Flink's own default of an hour is. The fix is unsafe: it makes
transactions, and needs checkpoints.

## When it is silent

With exactly-once; for upsert-kafka and tables with a primary key, where a row that is written again
replaces itself; for tables that are only read, or of which it is not seen; when the guarantee is filled
in from elsewhere or the options of another table are taken over (LIKE).

## References

Flink documentation, "Apache Kafka SQL Connector" (sink.delivery-guarantee, consistency guarantees),
"Upsert Kafka SQL Connector", "Kafka Sink: Fault Tolerance"; KafkaSinkBuilder; Flink 1.12 and 1.13:
sink.semantic.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import FlinkSink, Goal, Hit, Project, Rule, World, across, speak
from oncelint.model.values import Scalar
from oncelint.model.versions import at_least
from oncelint_rules.common import flink, streams

_LIMIT_MS = 900_000
# flink-connector-kafka 3.1, UpsertKafkaDynamicTableFactory: before it both options are refused
_UPSERT_SINCE = "1.19"
_TIMEOUT = "properties.transaction.timeout.ms"


def _repeats(sink: FlinkSink, world: World) -> bool | None:
    if flink.connector(sink, world) != "kafka":
        return False
    found = flink.guarantee(sink, world)
    return None if found is None else found in (flink.AT_LEAST_ONCE, flink.NONE)


def check(sink: FlinkSink, project: Project) -> Iterator[Hit]:
    if sink.details.get("key") == "yes":
        yield from _unread_prefix(sink, project)
        return
    verdict = across(sink.worlds, lambda world: _repeats(sink, world))
    if not verdict:
        return
    world = verdict.world
    setting = flink.setting(world)
    assert setting is not None
    found = flink.guarantee(sink, world)
    former = _former(sink) and setting.set_by != "user"
    spelled = flink.SEMANTIC if former else flink.called(sink, setting)
    told = f"{spelled} is {found}"
    if setting.set_by != "user":
        told += " by default"
    prefixed = " and give the sink a transactional id prefix of its own"
    if _former(sink) or flink.is_former(sink):
        prefixed = ""
    wanted = "Semantic.EXACTLY_ONCE" if flink.is_former(sink) else "exactly-once"
    consequence = (
        "after a restart the records since the last checkpoint are written again"
        if found == flink.AT_LEAST_ONCE
        else "after a failure records are lost or written again"
    )
    span = speak.place(setting, sink)
    yield Hit(
        span=span,
        message=(
            f"{consequence}: {told}{verdict.where()} for {flink.named(sink)}; set"
            f" {spelled} to {wanted}{prefixed}"
        ),
        confidence=verdict.confidence,
        setting=flink.SEMANTIC if former else setting.spelled,
        related=speak.elsewhere(sink, span, setting),
        provenance=setting.origins,
        goal=_goal(sink, project, setting.name),
        causes=(sink.span, span),
        subject_key=speak.subject_key(sink, sink.details.get("table", "")),
    )


def _unread_prefix(sink: FlinkSink, project: Project) -> Iterator[Hit]:
    """A table with a key, where a row that is written again replaces itself: whoever gives it a
    prefix means it to be exactly-once."""

    def unread(world: World) -> bool | None:
        guarantee = flink.setting(world)
        if flink.prefix(sink, world) is None or guarantee is None or guarantee.set_by == "user":
            return False
        former = flink.connector(sink, world) != "kafka" and not at_least(
            world.versions[0], _UPSERT_SINCE
        )
        return None if former or world.open_reason is not None else True

    verdict = across(sink.worlds, unread)
    if not verdict or verdict.fails:
        return
    setting = verdict.world.settings[flink.PREFIX]
    span = speak.place(setting, sink)
    settings: dict[str, Scalar] = {flink.GUARANTEE: flink.EXACTLY_ONCE, **_timeout(sink, project)}
    told = ", ".join(f"{key} to {value}" for key, value in settings.items())
    yield Hit(
        span=span,
        message=(
            f"{setting.spelled} has no effect, and rows are written again after a restart:"
            f" {flink.GUARANTEE} is at-least-once by default for {flink.named(sink)}; set it to"
            " exactly-once, or take the prefix out"
        ),
        confidence=verdict.confidence,
        severity="note",
        setting=setting.spelled,
        related=speak.elsewhere(sink, span, setting),
        provenance=setting.origins,
        goal=Goal(
            f"set {told}", settings, "unsafe", "it makes transactions, which need checkpoints"
        ),
        causes=(sink.span, span),
        subject_key=speak.subject_key(sink, sink.details.get("table", ""), flink.PREFIX),
    )


def _former(sink: FlinkSink) -> bool:
    """Whether it is a table of a Flink that has sink.semantic, and no prefix, alone (before 1.14)."""
    versions = [one for world in sink.worlds for one in world.versions]
    pinned = bool(sink.client_versions) and not flink.in_program(sink)
    return pinned and not any(at_least(one, "1.14") for one in versions)


def _goal(sink: FlinkSink, project: Project, name: str) -> Goal:
    settings: dict[str, Scalar] = {name: flink.EXACTLY_ONCE}
    if flink.is_former(sink):
        return Goal(
            "set semantic to Semantic.EXACTLY_ONCE",
            reason="it makes transactions, which need checkpoints, and a transaction.timeout.ms that"
            " the brokers grant",
        )
    if flink.in_program(sink):
        return Goal(
            "set the delivery guarantee to exactly-once, with a transactional id prefix",
            reason="the prefix has to be a name that no other job uses",
        )
    first = streams.without_log(project)
    if first is not None:
        return Goal("set the delivery guarantee to exactly-once", reason=first)
    if sink.details.get("checkpointing") == "off":
        return Goal(
            "set the delivery guarantee to exactly-once",
            reason="the job takes no checkpoints, without which no transaction is committed",
        )
    versions = [one for world in sink.worlds for one in world.versions]
    if all(at_least(one, "1.14") for one in versions) or not sink.client_versions:
        settings = {flink.GUARANTEE: flink.EXACTLY_ONCE}
        if not any(flink.prefix(sink, world) for world in sink.worlds):
            settings[flink.PREFIX] = _prefix(sink)
    elif name == flink.GUARANTEE:
        settings = {flink.SEMANTIC: flink.EXACTLY_ONCE}
    settings |= _timeout(sink, project)
    told = ", ".join(f"{key} to {value}" for key, value in settings.items())
    return Goal(
        f"set {told}",
        settings,
        "unsafe",
        "it makes transactions, which need checkpoints"
        + ("" if _former(sink) else " and a prefix that no other job uses"),
    )


def _timeout(sink: FlinkSink, project: Project) -> dict[str, Scalar]:
    """What the brokers grant, where Flink's own hour would count."""
    if any(one.key == _TIMEOUT for one in sink.block.settings):
        return {}
    return {_TIMEOUT: min(_LIMIT_MS, project.broker_limit.value_ms)}


def _prefix(sink: FlinkSink) -> str:
    """A name that no other sink of the project has: that of the script and of the table."""
    script = sink.span.path.rpartition("/")[2].partition(".")[0]
    table = sink.details["table"]
    if " " in table:
        return script
    return table if script == table else f"{script}-{table}"


RULE = Rule(
    id="flink-sink-not-exactly-once",
    group="streaming",
    subject=FlinkSink,
    severity="warning",
    check=check,
    summary="a Kafka sink of a Flink job that writes records again after a restart",
    stable=False,
    supersedes=("producer-not-idempotent",),
    fix="unsafe",
)
