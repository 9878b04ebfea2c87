"""Records are skipped where the group has no offset yet.

## What it does

Reports, to those who ask for pedantic findings, a consumer whose `auto.offset.reset` is set to
`latest` and whose records have an effect.

## The failure

An order service is deployed for the first time at nine. The topic has had orders since eight, and
some more arrive while the consumer joins its group. It has no committed offset, begins at the end,
and those orders are never shipped. It happens again later, and unseen: when a partition is added to
the topic, the records written to it before the consumer learns of it are skipped; and when the group
was idle for longer than `offsets.retention.minutes`, so is everything since.

## What the fix costs

`auto.offset.reset=earliest` reads what is there, once, where there is no offset. The first start of
a new group then works through all that the topic retains, and whatever is done for a record must
tolerate that.

## When it is silent

When the value is the default of the client, which is `latest` in all of them: what nobody chose is no
more wrong, but it is not news to say so at every consumer. When nothing is done for the records but
sending mails, which nobody wants to have of last week; without a group, or where the program itself
chooses the position (seek, assign); when the group id changes with every start, of which
unstable-group-id tells; when the value is not known.

## References

Kafka documentation, `auto.offset.reset` and `offsets.retention.minutes`; KIP-842 and the discussion
of partitions that are added.

Shown on Apache Kafka 4.1 with confluent-kafka 2.16: what the topic has when the group is new is
never read.
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

SETTING = "auto.offset.reset"
_LATEST = frozenset(("latest", "largest", "end"))


def _skips(world: World) -> bool | None:
    group = world.value("group.id")
    if isinstance(group, Known) and group.value in (None, ""):
        return False
    if computed.kinds(world, "group.id") & computed.CHANGING:
        return False
    value = world.value(SETTING)
    if not world.is_set(SETTING):
        return False
    if not isinstance(value, Known):
        return None
    return value.value in _LATEST


def check(pipeline: Pipeline, project: Project) -> Iterator[Hit]:
    sinks = [one for one in pipeline.effects if one.sink is not None and one.sink.kind != "mail"]
    if not sinks or pipeline.positioned:
        return
    consumer = pipeline.consumer
    verdict = across(consumer.worlds, _skips)
    if not verdict:
        return
    setting = verdict.world.setting(SETTING)
    if setting is None:
        return
    span = speak.place(setting, consumer)
    yield Hit(
        span=span,
        message=(
            "a record that is written before the group has an offset for its partition is never"
            f" processed: {speak.told(setting, verdict.world)}{verdict.where()};"
            f" set {setting.spelled} to earliest"
        ),
        confidence=verdict.confidence,
        setting=setting.spelled,
        related=(
            *speak.elsewhere(consumer, span, setting),
            Related(sinks[0].span, "done for the records"),
        ),
        provenance=setting.origins,
        causes=(span,),
        subject_key=speak.subject_key(consumer, setting.spelled),
    )


RULE = Rule(
    id="reset-to-latest",
    group="offsets",
    subject=Pipeline,
    severity="note",
    audience="pedantic",
    check=check,
    summary="records are skipped where the group has no offset yet",
)
