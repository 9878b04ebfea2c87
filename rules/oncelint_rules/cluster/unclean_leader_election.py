"""A replica that lacks acknowledged records may become the leader.

## What it does

Reports `unclean.leader.election.enable` where it is set to true: on a cluster of two brokers or more
(or one that makes three copies of a topic by default), or for a topic with two copies or more.

## The failure

Broker 1 leads the payments partition, broker 2 is two minutes behind and out of sync. Broker 1 loses
power. With unclean election broker 2 becomes the leader at once, without the last two minutes: what
producers were told is safe is gone, and offsets 8,000 to 8,400 are given out again for other payments.
A consumer that had committed 8,400 skips the new ones. Of a transaction that ended there one
partition keeps its half and the other does not. When broker 1 returns it cuts its own log to fit.

## What the fix costs

With false, which has been the default since Kafka 0.11, the partition is offline until a replica that
has everything is back. Where availability is worth more than the records (metrics, click logs) true
is a choice, which is why the fix is unsafe.

## When it is silent

When it is false or not set; with one broker, or a topic with one copy, where there is nothing to
choose; when the number of brokers is not known and no
`default.replication.factor` of three or more tells it; when the value comes from elsewhere.

## References

KIP-106 (the default is false); Kafka documentation, broker and topic configuration, "Replication,
unclean leader election"; KIP-966.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Cluster, Confidence, Goal, Hit, Known, Project, Rule, World, speak
from oncelint_rules.common.brokers import Found, among, copies, once, scale_of, told

SETTING = "unclean.leader.election.enable"


def _enabled(world: World) -> bool | None:
    if not world.is_set(SETTING):
        return False
    value = world.value(SETTING)
    if not isinstance(value, Known):
        return None
    return str(value.value).strip().lower() == "true"


def check(cluster: Cluster, project: Project) -> Iterator[Hit]:
    yield from once(_every(cluster, project))


def _every(cluster: Cluster, project: Project) -> Iterator[Hit]:
    scale = scale_of(cluster)
    several = scale is not None and scale.number > 1
    if scale is not None and several:
        for found in among(cluster.brokers, SETTING, _enabled):
            yield _hit(found, scale.where, scale.confidence(found.verdict))
    for topic in cluster.topics:
        number = copies(topic)
        if (number is None and several) or (number is not None and number > 1):
            where = f"for a topic with {number} copies" if number else "for a topic"
            for found in among((topic,), SETTING, _enabled):
                yield _hit(found, where, found.verdict.confidence)


def _hit(found: Found, where: str, confidence: Confidence) -> Hit:
    return Hit(
        span=found.span,
        message=(
            "records that were acknowledged are lost, and their offsets given to others, when a"
            f" replica that is behind becomes the leader: {told(found.setting)}"
            f"{found.verdict.where(versions=False)} {where}; set {found.setting.spelled} to false"
        ),
        confidence=confidence,
        setting=found.setting.spelled,
        related=found.elsewhere(),
        provenance=found.setting.origins,
        goal=Goal(
            f"set {found.setting.spelled} to false",
            {SETTING: False},
            "unsafe",
            "a partition is offline until a replica that has everything is back",
            client=found.client,
        ),
        subject_key=speak.subject_key(found.client, found.client.name, SETTING),
    )


RULE = Rule(
    id="unclean-leader-election",
    group="cluster",
    subject=Cluster,
    severity="warning",
    check=check,
    summary="unclean leader election, which loses acknowledged records",
    stable=False,
    fix="unsafe",
)
