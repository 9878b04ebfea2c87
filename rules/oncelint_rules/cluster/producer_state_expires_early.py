"""Producer state that brokers forget before the producer is done with it.

## What it does

Reports `producer.id.expiration.ms` below the time in which a producer still sends a record again: the
longest known `delivery.timeout.ms` of the project's producers, at least Kafka's default of two minutes.
And it reports `transactional.id.expiration.ms` below one day, or below the longest known
`transaction.timeout.ms` of the project. Up to Kafka 3.3 the one setting `transactional.id.expiration.ms`
is for both (KIP-854).

## The failure

Somebody lowers `transactional.id.expiration.ms` to an hour because the coordinator's memory is full of
ids. The nightly billing job initialises its producer at midnight and waits for the export until half
past one. The coordinator has forgotten it by then: the first transaction fails with
InvalidPidMapping, and a process that hung since yesterday is fenced by nobody, for the new producer id
has no past. With `producer.id.expiration.ms` of a minute, a partition leader forgets the sequence
numbers of a producer that is silent for a minute: the retry of a request whose answer was lost in a
network failure is taken for a new record, and the payment is in the log twice.

## What the fix costs

State in the memory of brokers: a week of transactional ids and a day of producer ids are Kafka's
defaults. Where random ids fill it, stable ones are the cure (unstable-transactional-id). The fix is
unsafe: somebody may have lowered it on purpose.

## When it is silent

When it is not set; on a single broker, which is a development cluster; when the value comes from
elsewhere. Below one day is a judgement on what pauses, such as a job that runs every night: the
confidence is medium. It is high for a bound that the project's own clients or Kafka's documentation
give.

## References

KIP-854 (producer.id.expiration.ms; "the same or higher than delivery.timeout.ms"); KIP-360; Kafka
documentation, broker configuration (transactional.id.expiration.ms); KafkaProducer
(InvalidPidMappingException).
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Cluster,
    Confidence,
    Goal,
    Hit,
    Project,
    Related,
    Rule,
    Setting,
    World,
    speak,
    weakest,
)
from oncelint_rules.common.brokers import among, once, told, whole

PRODUCER_IDS = "producer.id.expiration.ms"
TRANSACTIONAL_IDS = "transactional.id.expiration.ms"
# The defaults of KafkaConfig and ProducerConfig.
_DEFAULTS = {PRODUCER_IDS: 86_400_000, TRANSACTIONAL_IDS: 604_800_000}
_DELIVERY_MS = 120_000
_DAY_MS = 86_400_000


def _longest(project: Project, name: str) -> tuple[int, Setting | None]:
    """The longest known time that the project's producers set."""
    found: tuple[int, Setting | None] = (0, None)
    for producer in project.producers:
        if producer.in_tests:
            continue
        for world in producer.worlds:
            setting = world.setting(name)
            number = speak.number(world, name)
            if setting is None or number is None or setting.set_by != "user":
                continue
            if name == "transaction.timeout.ms" and world.transactional() is not True:
                continue
            if int(number) > found[0] and int(number) < 2**31 - 1:
                found = (int(number), setting)
    return found


def check(cluster: Cluster, project: Project) -> Iterator[Hit]:
    yield from once(_every(cluster, project))


def _every(cluster: Cluster, project: Project) -> Iterator[Hit]:
    if cluster.size == 1 or not cluster.brokers:
        return
    delivery, sender = _longest(project, "delivery.timeout.ms")
    if delivery < _DELIVERY_MS:
        delivery, sender = _DELIVERY_MS, None
    why = f"the {delivery} ms for which a producer sends a record again"
    yield from _hits(cluster, PRODUCER_IDS, delivery, why, "high", sender)
    timeout, client = _longest(project, "transaction.timeout.ms")
    if timeout > _DAY_MS:
        why = f"the {timeout} ms that a transaction of this project may take"
        yield from _hits(cluster, TRANSACTIONAL_IDS, timeout, why, "high", client)
    else:
        why = "one day, the pause of a job that runs every night"
        yield from _hits(cluster, TRANSACTIONAL_IDS, _DAY_MS, why, "medium", None)


def _hits(
    cluster: Cluster,
    name: str,
    bound: int,
    why: str,
    sure: Confidence,
    other: Setting | None,
) -> Iterator[Hit]:
    def below(world: World) -> bool | None:
        if not world.is_set(name):
            return False
        value = whole(world, name)
        return None if value is None else value < bound

    consequence = (
        "a record that is sent again after a pause is written twice"
        if name == PRODUCER_IDS
        else "a transactional producer that pauses is forgotten, and its next transaction fails"
    )
    for found in among(cluster.brokers, name, below):
        span = other.value_span or other.key_span if other is not None else None
        wanted = _DEFAULTS[name] if _DEFAULTS[name] >= bound else bound
        yield Hit(
            span=found.span,
            message=(
                f"{consequence}: {told(found.setting)}{found.verdict.where(versions=False)}, below"
                f" {why}; set {found.setting.spelled} to {wanted}, Kafka's default"
                if wanted == _DEFAULTS[name]
                else f"{consequence}: {told(found.setting)}{found.verdict.where(versions=False)},"
                f" below {why}; raise {found.setting.spelled} to {wanted}"
            ),
            confidence=weakest(found.verdict.confidence, sure),
            setting=found.setting.spelled,
            related=(
                *found.elsewhere(),
                *((Related(span, "what the producer may take"),) if span is not None else ()),
            ),
            provenance=found.setting.origins,
            goal=Goal(
                f"set {found.setting.spelled} to {wanted}",
                {name: wanted},
                "unsafe",
                "somebody may have lowered it to save the brokers' memory",
                client=found.client,
            ),
            subject_key=speak.subject_key(found.client, name),
        )


RULE = Rule(
    id="producer-state-expires-early",
    group="cluster",
    subject=Cluster,
    severity="warning",
    check=check,
    summary="producer or transactional ids that expire before their producer is done",
    fix="unsafe",
)
