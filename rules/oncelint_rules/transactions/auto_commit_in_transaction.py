"""A consumer commits by itself what a transaction should commit.

## What it does

Reports a consumer whose effective `enable.auto.commit` is true where its records are handed to a
transactional producer in the same consume loop.

## The failure

An enrichment service reads orders, writes enriched orders in a transaction and sends the offsets
with it. Five seconds after order 41 was polled, auto commit stores offset 42 in the group: a
second way of committing, which knows nothing of transactions. The transaction then fails and is
aborted; the service is restarted and begins at 42. Order 41 was never enriched, and no error says
so. The other way round it is a duplicate: the transaction commits, the process dies before the
next auto commit, and order 41 is enriched again by its successor.

## What the fix costs

Setting `enable.auto.commit` to false costs nothing where the offsets are already sent to the
transaction, and the fix is safe there. Where they are not, they have to be sent as well
(`send_offsets_to_transaction`): without it nothing would be committed any more, so the fix is only
shown.

## When it is silent

When auto commit is off, or the environment decides it and nothing else is known; when the consumer
has no group and the client therefore never commits (kafka-python, aiokafka); in librdkafka when `enable.auto.offset.store` is false, since auto commit
then only writes what the application stored itself; when the producer has no transactional id, or
none that is known; when no record of the consumer is seen to reach the producer in a loop.

## References

KIP-98 (sendOffsetsToTransaction), KIP-447; librdkafka CONFIGURATION.md (`enable.auto.commit`,
`enable.auto.offset.store`); aiokafka "Transactional consumer and producer"; kafka-python
`KafkaConsumer`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Feed,
    Goal,
    Hit,
    Known,
    Project,
    Related,
    Rule,
    Verdict,
    World,
    across,
    speak,
)

SETTING = "enable.auto.commit"
STORE = "enable.auto.offset.store"


def _commits(world: World) -> bool | None:
    setting = world.setting(SETTING)
    if setting is None:
        return None
    if not isinstance(setting.value, Known):
        return None
    if setting.value.value is not True:
        return False
    stored = world.setting(STORE)
    if stored is None:
        return True
    if not isinstance(stored.value, Known):
        return None
    return stored.value.value is not False


def _surely(*verdicts: Verdict) -> bool:
    return all(verdict.confidence == "high" for verdict in verdicts)


def check(feed: Feed, project: Project) -> Iterator[Hit]:
    consumer, producer = feed.consumer, feed.producer
    commits = across(consumer.worlds, _commits)
    transactional = across(producer.worlds, World.transactional)
    if not commits or not transactional:
        return
    setting = commits.world.settings[SETTING]
    span = speak.place(setting, consumer)
    # another consumer's offsets may be the ones that are sent
    feeds = [one for one in project.feeds if one.producer.span == producer.span]
    sent = producer.sends_offsets and all(one.consumer is consumer for one in feeds)
    if sent:
        advice = f"set {setting.spelled} to false: the offsets are sent to the transaction already"
    else:
        advice = (
            f"set {setting.spelled} to false and send the offsets with send_offsets_to_transaction"
        )
    related = [
        *speak.elsewhere(consumer, span, setting),
        Related(producer.span, "the transactional producer"),
        *speak.steps(feed.path),
        *(Related(sent, "sends the offsets to the transaction") for sent in producer.sends_offsets),
    ]
    yield Hit(
        span=span,
        message=(
            "these records count as consumed even when the transaction with their results is"
            f" aborted: {speak.told(setting, commits.world)}{commits.where()}, and they feed a"
            f" transactional producer; {advice}"
        ),
        confidence="high" if _surely(commits, transactional) else "low",
        setting=setting.spelled,
        related=tuple(related),
        provenance=setting.origins,
        goal=Goal(
            f"set {setting.spelled} to false",
            {SETTING: False} if sent else {},
            "safe" if sent else "display",
            "" if sent else "the offsets have to be sent to the transaction, or none is committed",
            client=consumer,
        ),
        causes=(consumer.span, span),
        subject_key=speak.subject_key(consumer, setting.spelled),
    )


RULE = Rule(
    id="auto-commit-in-transaction",
    group="transactions",
    subject=Feed,
    severity="error",
    check=check,
    summary="auto commit beside a transaction that owns the offsets",
    fix="safe",
)
