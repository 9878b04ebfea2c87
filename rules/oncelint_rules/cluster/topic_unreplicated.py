"""A topic with one copy on a cluster that could keep more.

## What it does

Reports a topic that is created with a replication factor of 1 (a KafkaTopic resource, Terraform,
`kafka-topics`, an AdminClient's NewTopic) where its cluster is known to have two brokers or more, or
is a managed service.

## The failure

`kafka-topics --create --topic refunds --partitions 6 --replication-factor 1` worked on the laptop and
went into the deployment script. The cluster has three brokers, so each holds two of the six
partitions, alone. When one of them restarts for an upgrade, refunds that hash to its partitions cannot
be written, and the idempotent producer's retries run out. When its disk goes, the acknowledged refunds
on it are gone, whatever `acks` says: all copies is one copy.

## What the fix costs

Disk and network for the copies. The factor counts when the topic is created: an existing one has to be
reassigned (`kafka-reassign-partitions.sh`), and some tools replace the topic, with its records, when
the number changes. The fix is unsafe.

## When it is silent

When the number of brokers is not known, or is one; when the topic's cluster is not part of the
project; when the factor is not set, since the broker's `default.replication.factor` counts then; when
it comes from elsewhere. Topics of another file than their brokers' are medium: a script may be run
against another cluster.

## References

Kafka documentation, "Replication" and "Kafka operations, adding and removing topics"; the Terraform
providers' documentation of their topic resources; Strimzi "Configuring Kafka topics".
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Cluster, Confidence, Goal, Hit, Project, Rule, World, speak
from oncelint_rules.common.brokers import FACTOR, MIN_ISR, among, brokers, given, told, whole

# What would be judged as soon as the topic has several copies.
UNCLEAN = "unclean.leader.election.enable"


def _one_copy(world: World) -> bool | None:
    factor = whole(world, FACTOR)
    return None if factor is None else factor == 1


def check(cluster: Cluster, project: Project) -> Iterator[Hit]:
    for found in among(cluster.topics, FACTOR, _one_copy):
        topic = found.client
        managed = topic.details.get("managed", "")
        if cluster.size is not None and cluster.size > 1:
            where, wanted = f"on {brokers(cluster.size)}", min(cluster.size, 3)
        elif managed:
            where, wanted = f"in {managed}", 3
        else:
            continue
        joined = bool(topic.details.get("cluster")) or topic.span.path == cluster.span.path
        confidence: Confidence = found.verdict.confidence
        if confidence == "high" and not joined:
            confidence = "medium"
        name = f"the topic {topic.name}" if topic.name else "a topic"
        settings: dict[str, int] = {FACTOR: wanted}
        if given(found.verdict.world, MIN_ISR) == 1:  # it would be enough for acks=all then
            settings[MIN_ISR] = 2
        if found.verdict.world.known(UNCLEAN) is True:
            settings[UNCLEAN] = False
        yield Hit(
            span=found.span,
            message=(
                f"acknowledged records of {name} are lost with the one broker that has them:"
                f" {told(found.setting)}{found.verdict.where(versions=False)} {where};"
                f" set {found.setting.spelled} to {wanted}"
            ),
            confidence=confidence,
            setting=found.setting.spelled,
            related=found.elsewhere(),
            provenance=found.setting.origins,
            goal=Goal(
                f"set {found.setting.spelled} to {wanted}",
                dict(settings),
                "unsafe",
                "a topic that exists keeps its copies until they are reassigned",
                client=topic,
            ),
            subject_key=speak.subject_key(topic, topic.name, FACTOR),
        )


RULE = Rule(
    id="topic-unreplicated",
    group="cluster",
    subject=Cluster,
    severity="warning",
    check=check,
    summary="a topic with one copy on a cluster of several brokers",
    fix="unsafe",
)
