"""One copy that is enough for acks=all.

## What it does

Reports `min.insync.replicas` where somebody set it to 1: on a cluster of three brokers or more (or
one that makes three copies of a topic by default), or for a topic with three copies or more.

## The failure

The ledger's topic has three copies and its producer asks for `acks=all`. Two followers fall behind
during a backup and leave the in-sync replicas. All that is left to acknowledge is the leader, and with
`min.insync.replicas=1` that is enough. Four minutes of bookings are acknowledged by one disk, and the
broker dies before the others have caught up. The producer was told that every one of them is safe;
an idempotent or transactional producer is told no other.

## What the fix costs

With 2, a producer with `acks=all` is refused (NotEnoughReplicas) and tries again while fewer than two
copies are in sync: availability for safety. On topics with a single copy a broker-wide 2 refuses
everything before Kafka 3.7. That is why the fix is unsafe.

## When it is silent

When it is not set, though Kafka's default is 1: then nobody decided, and the rules about what was set
speak. With one or two brokers, or where `default.replication.factor` is set below three; for a topic with fewer than three copies, or one whose copies are not
known on a cluster that is not known; when the value comes from elsewhere. Confluent Cloud keeps three
copies of every topic.

## References

Kafka documentation, broker and topic configuration (min.insync.replicas), "Replication"; KIP-98;
KAFKA-15583; Confluent Cloud "Manage topics" (min.insync.replicas is 1 or 2).
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Cluster, Confidence, Goal, Hit, Project, Rule, Topic, World, speak
from oncelint_rules.common.brokers import (
    MIN_ISR,
    SAFE_SIZE,
    Found,
    among,
    copies,
    given,
    once,
    scale_of,
    told,
    whole,
)

_REASON = "producers are refused while fewer than two copies are in sync"


def _set_to_one(world: World) -> bool | None:
    if not world.is_set(MIN_ISR):
        return False
    value = whole(world, MIN_ISR)
    return None if value is None else value == 1


def _enough_for_all(world: World) -> bool | None:
    """Whether brokers are content with one copy of topics that are not known to have fewer than
    three: with two of them, as in two availability zones, none could restart."""
    factor = given(world, "default.replication.factor")
    return False if factor is not None and factor < SAFE_SIZE else _set_to_one(world)


def check(cluster: Cluster, project: Project) -> Iterator[Hit]:
    yield from once(_every(cluster, project))


def _every(cluster: Cluster, project: Project) -> Iterator[Hit]:
    scale = scale_of(cluster)
    if scale is not None and scale.number >= SAFE_SIZE:
        for found in among(cluster.brokers, MIN_ISR, _enough_for_all):
            yield _hit(found, scale.where, scale.confidence(found.verdict))
    for topic in cluster.topics:
        number = _copies(topic, cluster)
        if number is not None and number >= SAFE_SIZE:
            for found in among((topic,), MIN_ISR, _set_to_one):
                where = f"for a topic with {number} copies"
                yield _hit(found, where, found.verdict.confidence)


def _copies(topic: Topic, cluster: Cluster) -> int | None:
    """How many copies a topic has; Confluent Cloud does not ask."""
    number = copies(topic)
    if number is None and topic.details.get("managed") == "Confluent Cloud":
        return SAFE_SIZE
    return number


def _hit(found: Found, where: str, confidence: Confidence) -> Hit:
    return Hit(
        span=found.span,
        message=(
            "a record that was acknowledged to acks=all is lost with one broker while the others are"
            f" behind: {told(found.setting)}{found.verdict.where(versions=False)} {where};"
            f" set {found.setting.spelled} to 2"
        ),
        confidence=confidence,
        setting=found.setting.spelled,
        related=found.elsewhere(),
        provenance=found.setting.origins,
        goal=Goal(
            f"set {found.setting.spelled} to 2",
            {MIN_ISR: 2},
            "unsafe",
            _REASON,
            client=found.client,
        ),
        subject_key=speak.subject_key(found.client, found.client.name, MIN_ISR),
    )


RULE = Rule(
    id="min-insync-replicas-one",
    group="cluster",
    subject=Cluster,
    severity="warning",
    check=check,
    summary="min.insync.replicas set to 1, so that acks=all means one copy",
    stable=False,
    fix="unsafe",
)
