"""Consumer offsets with one copy on a cluster that could keep three.

## What it does

Reports a cluster of three brokers or more in which `offsets.topic.replication.factor` is 1. Where the
brokers cannot be counted, a `default.replication.factor` of three or more says that there are so many.

## The failure

The brokers are three, the topics have three copies, and the positions of all consumer groups have
one. The broker with the partition of the shipping group is lost, and with it the group's coordinator
and its committed offsets. Its consumers find no coordinator; when the partition is created anew it
is empty, and they start where `auto.offset.reset` says: at the end, past the shipments of the last
minutes, or at the beginning, with a year of them to be sent again.

## What the fix costs

Two more copies of a small compacted topic. The factor counts when the topic is created, so that an
existing `__consumer_offsets` has to be reassigned (`kafka-reassign-partitions.sh`): the fix is
unsafe.

## When it is silent

With one or two brokers; when their number is not known and no `default.replication.factor` of three or
more tells it; when the value comes from elsewhere.

## References

Kafka documentation, broker configuration (offsets.topic.replication.factor); "Kafka operations,
expanding your cluster".
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Cluster, Goal, Hit, Project, Rule, World, speak
from oncelint_rules.common.brokers import SAFE_SIZE, among, once, scale_of, told, whole

SETTING = "offsets.topic.replication.factor"


def _one_copy(world: World) -> bool | None:
    factor = whole(world, SETTING)
    return None if factor is None else factor == 1


def check(cluster: Cluster, project: Project) -> Iterator[Hit]:
    yield from once(_every(cluster, project))


def _every(cluster: Cluster, project: Project) -> Iterator[Hit]:
    scale = scale_of(cluster)
    if scale is None or scale.number < SAFE_SIZE:
        return
    for found in among(cluster.brokers, SETTING, _one_copy):
        yield Hit(
            span=found.span,
            message=(
                "consumer groups lose their offsets with the one broker that has them, and skip or"
                f" repeat records: {told(found.setting)}{found.verdict.where(versions=False)}"
                f" {scale.where}; set {found.setting.spelled} to {SAFE_SIZE}"
            ),
            confidence=scale.confidence(found.verdict),
            setting=found.setting.spelled,
            related=found.elsewhere(),
            provenance=found.setting.origins,
            goal=Goal(
                f"set {found.setting.spelled} to {SAFE_SIZE}",
                {SETTING: SAFE_SIZE},
                "unsafe",
                "an offsets topic that exists keeps its copies until they are reassigned",
                client=found.client,
            ),
            subject_key=speak.subject_key(found.client, SETTING),
        )


RULE = Rule(
    id="offsets-topic-unreplicated",
    group="cluster",
    subject=Cluster,
    severity="warning",
    check=check,
    summary="consumer offsets with one copy on three brokers or more",
    fix="unsafe",
)
