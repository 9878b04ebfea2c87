"""No offset is ever committed, and every start processes the topic again.

## What it does

Reports, to those who ask for pedantic findings, a consumer of a group that has switched auto commit
off, whose records have an effect, and for which no commit is seen anywhere: no `commit()`, no offsets
sent to a transaction. With librdkafka it is the same if `enable.auto.offset.store` is switched off and
nothing calls `store_offsets()`: auto commit then has nothing to commit.

## The failure

Somebody reads that auto commit loses records and switches it off. The `consumer.commit()` that has to
take its place is forgotten. All is well, for the consumer keeps its position in memory. At the next
deployment the group has no offset: with `auto.offset.reset=earliest` all of last week's shipments
are announced again, with `latest` those that came meanwhile never are.

## What the fix costs

One `commit()` behind the work of each record, or of each batch of them.

## When it is silent

Without a group or where the program itself chooses the position (seek, assign), as one does that
keeps its offsets beside its own state; when the group id changes with every start, since offsets would
serve nobody then (unstable-group-id speaks of that); when the consumer is handed to code that is not seen, which
may commit; when files of the project could not be read; when whether auto commit is on is not known.

## References

Kafka documentation, consumer configuration `enable.auto.commit`; librdkafka CONFIGURATION.md
(`enable.auto.offset.store`); the clients' own documentation of `commit()`.

Shown on Apache Kafka 4.1 with confluent-kafka 2.16, without a commit and without a stored offset:
all is done twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Hit,
    Known,
    Pipeline,
    Project,
    Related,
    Rule,
    World,
    across,
    speak,
)
from oncelint_rules.common import computed

SETTING = "enable.auto.commit"
STORES = "enable.auto.offset.store"


def _is_off(world: World, name: str) -> bool | None:
    """Whether somebody has switched something off in a group that outlives the process."""
    group, switch = world.value("group.id"), world.value(name)
    if isinstance(group, Known) and group.value in (None, ""):
        return False
    if computed.kinds(world, "group.id") & computed.CHANGING:
        return False
    setting = world.setting(name)
    if setting is None or setting.set_by != "user":
        return False
    return switch.value is False if isinstance(switch, Known) else None


def _is_stuck(world: World) -> bool | None:
    """Whether auto commit is on and is never given an offset."""
    commits = world.value(SETTING)
    if isinstance(commits, Known) and commits.value is not True:
        return False
    return _is_off(world, STORES)


def _again(world: World, what: str) -> str:
    reset = world.known("auto.offset.reset")
    if reset in ("earliest", "smallest", "beginning"):
        return f"does {what} again for all records of the topic"
    if reset in ("latest", "largest", "end"):
        return f"skips the records that came before it, {what} included"
    return f"does {what} again, or skips the records that came before it"


def check(pipeline: Pipeline, project: Project) -> Iterator[Hit]:
    consumer = pipeline.consumer
    if not pipeline.effects or project.partial or pipeline.escapes or pipeline.positioned:
        return
    if consumer.commits or pipeline.commits_anywhere or pipeline.sends_offsets:
        return
    name, lacking = SETTING, "commits; call commit() when a record is done"
    verdict = across(consumer.worlds, lambda world: _is_off(world, SETTING))
    if not verdict and not pipeline.stores_anywhere and consumer.dialect == "librdkafka":
        name, lacking = STORES, "stores offsets; call store_offsets() when a record is done"
        verdict = across(consumer.worlds, _is_stuck)
    if not verdict:
        return
    setting = verdict.world.setting(name)
    if setting is None:
        return
    span = speak.place(setting, consumer)
    effect = pipeline.effects[0]
    yield Hit(
        span=span,
        message=(
            f"every start {_again(verdict.world, effect.what)}, for the group has no offsets:"
            f" {speak.told(setting, verdict.world)}{verdict.where()}, and nothing"
            f" {lacking}"
        ),
        confidence=verdict.confidence,
        setting=setting.spelled,
        related=(
            *speak.elsewhere(consumer, span, setting),
            Related(pipeline.polled, "consumes here"),
            Related(effect.span, "done for the records"),
        ),
        provenance=setting.origins,
        causes=(span,),
        subject_key=speak.subject_key(consumer, setting.spelled),
    )


RULE = Rule(
    id="offsets-not-committed",
    group="offsets",
    subject=Pipeline,
    severity="warning",
    audience="pedantic",
    check=check,
    summary="auto commit is off and nothing commits",
)
