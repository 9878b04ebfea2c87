"""A Kafka sink of a Flink job that takes no checkpoints.

## What it does

Reports a sink with the guarantee exactly-once or at-least-once whose job surely takes no checkpoints:
`execution.checkpointing.interval` is set to zero, or it is nowhere in the complete configuration of
Flink's own image.

## The failure

The table `settlements` has exactly-once, and the job runs for a day on a cluster without a checkpoint
interval. Flink commits a transaction when a checkpoint is complete, so it never does: read_committed
readers see nothing of that day, others see records that are aborted after the transaction timeout. With
at-least-once the sink hands its records to the producer and waits for them at a checkpoint only. When
the job fails nothing says where it has to go on: it starts at the offsets that the consumer group has or
at scan.startup.mode, and what was under way is lost or written again.

## What the fix costs

A checkpoint interval of seconds to minutes, a place for the checkpoints, and the time that they take.
An interval is added as an example; the fix is unsafe, as it is for the state's size to say.

## When it is silent

When the configuration of the job's cluster is not seen as a whole: SQL alone does not tell, and neither
does a FlinkDeployment, whose operator has defaults. With the guarantee none, which promises nothing; for
scripts that disagree.

## References

Flink documentation, "Checkpointing" (execution.checkpointing.interval; no default, off), "Apache Kafka
SQL Connector" (consistency guarantees); FlinkKafkaProducer.initializeState (without checkpoints the
semantic becomes none); the image's docker-entrypoint.sh (FLINK_PROPERTIES).
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Confidence,
    FlinkJob,
    FlinkSink,
    Goal,
    Hit,
    Project,
    Related,
    Rule,
    World,
    across,
    speak,
)
from oncelint_rules.common import flink

INTERVAL = "execution.checkpointing.interval"
_EXAMPLE = "60s"


def _promises(sink: FlinkSink, world: World) -> bool | None:
    found = flink.guarantee(sink, world)
    return None if found is None else found in (flink.EXACTLY_ONCE, flink.AT_LEAST_ONCE)


def check(sink: FlinkSink, project: Project) -> Iterator[Hit]:
    if sink.details.get("checkpointing") != "off":
        return
    verdict = across(sink.worlds, lambda world: _promises(sink, world))
    if not verdict or verdict.fails:
        return
    world = verdict.world
    setting = flink.setting(world)
    assert setting is not None
    exactly = flink.guarantee(sink, world) == flink.EXACTLY_ONCE
    consequence = (
        "no transaction is ever committed, and read_committed readers see nothing"
        if exactly
        else "after a failure records are lost or written again, as nothing says where to go on"
    )
    at = sink.details.get("checkpointing-at")
    job = _job(project, at)
    explicit = job is None or any(one.key == INTERVAL for one in job.block.settings)
    told = f"the job takes no checkpoints ({at or 'the script sets the interval to zero'})"
    if not explicit:
        told = f"the configuration in {at} has no {INTERVAL}"
    confidence: Confidence = "high" if explicit else "medium"
    span = speak.place(setting, sink)
    yield Hit(
        span=span,
        message=f"{consequence}: {told}; set {INTERVAL}",
        confidence="low" if verdict.confidence == "low" else confidence,
        severity="error" if exactly else "warning",
        setting=setting.spelled,
        related=(
            *speak.elsewhere(sink, span, setting),
            *((Related(job.span, "the job's configuration"),) if job is not None else ()),
        ),
        provenance=setting.origins,
        goal=_goal(job, explicit),
        causes=(sink.span, span),
        subject_key=speak.subject_key(sink, sink.details.get("table", ""), INTERVAL),
    )


def _goal(job: FlinkJob | None, explicit: bool) -> Goal:
    title = f"set {INTERVAL} to {_EXAMPLE}"
    if job is None or not explicit:
        return Goal(title, reason="the interval is for the size of the job's state to say")
    return Goal(
        title,
        {INTERVAL: _EXAMPLE},
        "unsafe",
        "the interval is for the size of the job's state to say",
        client=job,
    )


def _job(project: Project, at: str | None) -> FlinkJob | None:
    """The job whose configuration stands at a place."""
    for one in project.clients:
        if isinstance(one, FlinkJob):
            spans = [setting.key_span for setting in one.block.settings if setting.key == INTERVAL]
            span = (*spans, one.span)[0]
            if f"{span.path}:{span.start.line}" == at:
                return one
    return None


RULE = Rule(
    id="flink-checkpointing-off",
    group="streaming",
    subject=FlinkSink,
    severity="error",
    check=check,
    summary="a Kafka sink of a Flink job that takes no checkpoints",
    stable=False,
    supersedes=("flink-sink-not-exactly-once",),
    fix="unsafe",
)
