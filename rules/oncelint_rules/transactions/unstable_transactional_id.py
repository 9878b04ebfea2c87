"""A transactional id that is another one after every start.

## What it does

Reports a producer whose `transactional.id` is made of a random value, the time or a process id,
and one made of the host name alone, with low confidence where no manifest tells what runs it.

## The failure

A settlement service runs with `transactional.id=settle-<uuid>`. It opens a transaction, writes
half a settlement and is killed. Its successor starts in seconds, but under another id: the broker
has no reason to abort the dead one's transaction, and holds it open until
`transaction.timeout.ms`. For that long every read_committed consumer of the topic stands still at
the first open record, the successor's committed settlements behind it included. Had the first process
only hung, not died, it would come back and commit: two processes settle the same payments, since
nobody fences an id that nobody took over. Every start also leaves one more id in the
transaction coordinator, for `transactional.id.expiration.ms` (a week).

## What the fix costs

A name that survives restarts and differs between instances: a StatefulSet's pod name, a
`group.instance.id`, a number from the deployment; where the client sends no group metadata
(aiokafka, kafka-python 2) one id for every input partition. It is a change to the deployment, so
there is no automatic fix.

## When it is silent

When the id is a constant, comes from the configuration or the environment, or is made from the
record's topic and partition. Where the offsets are sent to the transaction with the consumer's
group metadata it is a note: the broker then fences zombies by their generation in the group
(KIP-447), and only the waiting and the litter remain. A host name, or a pod's, is stable in a
StatefulSet or on a machine, and random in a Deployment: where the project's manifests do not tell
which runs the program, low confidence. A random default beneath an environment variable is judged
with low confidence too.

## References

KIP-98 (transactional.id, fencing), KIP-447 (fencing by group generation), KIP-360;
Kafka broker configuration `transactional.id.expiration.ms`; Kafka Streams and Spring for Apache Kafka
documentation on stable transactional ids.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Confidence,
    Hit,
    Producer,
    Project,
    Related,
    Rule,
    Severity,
    World,
    speak,
)
from oncelint_rules.common import computed, deployments

SETTING = "transactional.id"
# Their pods have other names after every restart.
_NAMELESS = frozenset({"Deployment", "ReplicaSet", "Rollout", "DeploymentConfig", "DaemonSet"})


def check(producer: Producer, project: Project) -> Iterator[Hit]:
    verdict = computed.changes(producer.worlds, SETTING)
    if verdict:
        yield _hit(producer, verdict.world, verdict.confidence, verdict.where())
        return
    on_host = computed.follows_host(producer.worlds, SETTING)
    if on_host:
        kinds = {one.kind for one in deployments.workloads_of(producer, project)}
        if not kinds or not all(map(deployments.is_stable, kinds)):
            told: Confidence = "medium" if kinds and kinds <= _NAMELESS else "low"
            yield _hit(producer, on_host.world, told, on_host.where())


def _hit(producer: Producer, world: World, confidence: Confidence, where: str) -> Hit:
    setting = world.settings[SETTING]
    kinds = computed.kinds(world, SETTING)
    made = f"{setting.spelled} is {computed.told(setting, kinds)}{where}"
    severity: Severity | None = None
    if not kinds & computed.CHANGING:
        consequence = (
            "in a Deployment every new pod has another id, and a crashed one is not fenced"
        )
        advice = "keep it only where host names outlive restarts, as in a StatefulSet"
    elif producer.group_metadata:
        severity = "note"
        consequence = (
            "a crashed instance's open transaction holds up read_committed consumers until it"
            " times out"
        )
        advice = (
            "zombies are fenced by the group metadata sent with the offsets, but a name that"
            " outlives restarts would end it at once"
        )
    else:
        consequence = (
            "a crashed instance is not fenced, and its open transaction holds up read_committed"
            " consumers until it times out"
        )
        advice = "use a name that outlives restarts and differs between instances"
    span = speak.place(setting, producer)
    related = list(speak.elsewhere(producer, span, setting))
    if producer.group_metadata:
        related.extend(
            Related(sent, "sends the offsets with group metadata")
            for sent in producer.sends_offsets
        )
    return Hit(
        span=span,
        message=f"{consequence}: {made}; {advice}",
        confidence=confidence,
        severity=severity,
        setting=setting.spelled,
        related=tuple(related),
        provenance=setting.origins,
        causes=(producer.span, span),
        subject_key=speak.subject_key(producer, setting.spelled),
    )


RULE = Rule(
    id="unstable-transactional-id",
    group="transactions",
    subject=Producer,
    severity="error",
    check=check,
    summary="a transactional id that changes with every start",
)
