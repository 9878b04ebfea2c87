"""A producer whose retries the broker cannot tell from new records.

## What it does

Reports a producer whose effective `enable.idempotence` is false: because this client's version
defaults it to false, because the version has no such setting, or because it is switched off.

## The failure

A producer sends a batch of three orders. The leader writes them and its answer is lost: the
connection drops, or the broker is being restarted. The client retries the batch, as it should,
and the leader writes it again: six records, three of them duplicates, and no error anywhere. An
idempotent producer numbers its batches (producer id, epoch, sequence); the leader recognises the
second one and answers without writing.

## What the fix costs

One setting. Throughput drops by about 3 %. It needs `acks=all`, retries above zero and at most five
requests in flight (kafka-python 2.2 and 2.3: one). Brokers before 2.8 want the
IDEMPOTENT_WRITE permission where access is controlled. The fix is safe where nothing else in the
configuration conflicts with it.

Idempotence covers the retries of one producer session. It does not cover a restart between
output and offset commit (transactions do), nor records the application sends twice itself.

## When it is silent

When the configuration cannot be seen whole and the setting may be in the unseen part; when a
transactional id switches idempotence on; when every version the project allows defaults it to
true (Java from 3.2, and 3.0.1 and 3.1.1; kafka-python from 3.0). When only some of the allowed
versions are affected it speaks with low confidence, which is not shown by default. Test code is
not judged.

## References

KIP-98 (idempotent producer), KIP-679 (on by default in the Java client), KIP-360; librdkafka
CONFIGURATION.md; kafka-python, `KafkaProducer`; aiokafka, `AIOKafkaProducer`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Goal, Hit, Known, Producer, Project, Rule, World, across

SETTING = "enable.idempotence"


def _off(world: World) -> bool | None:
    setting = world.setting(SETTING)
    if setting is None:
        return True
    return setting.value.value is False if isinstance(setting.value, Known) else None


def check(producer: Producer, project: Project) -> Iterator[Hit]:
    verdict = across(producer.worlds, _off)
    if not verdict:
        return
    world = verdict.world
    setting = world.setting(SETTING)
    consequence = "a retry after a lost acknowledgement writes these records twice"
    where = verdict.where()
    name = world.client
    if setting is None:
        message = (
            f"{consequence}: {name} {producer.client_versions[0] if producer.client_versions else ''}"
            f"{where} has no idempotent producer; upgrade to a version that has one"
        ).replace(" has no", " has no", 1)
        yield Hit(
            span=producer.span,
            message=" ".join(message.split()),
            confidence=verdict.confidence,
            subject_key=producer.construct,
            causes=(producer.span,),
        )
        return
    if setting.key_span is not None and setting.set_by == "user":
        span, told = setting.value_span or setting.key_span, f"{setting.spelled} is set to false"
        if span.path != producer.span.path:
            span = setting.key_span
    else:
        span, told = producer.span, f"{setting.spelled} is off by default in {name}"
    yield Hit(
        span=span,
        message=f"{consequence}: {told}{where}; set {setting.spelled} to true",
        confidence=verdict.confidence,
        setting=setting.spelled,
        provenance=setting.origins,
        goal=Goal(f"set {setting.spelled} to true", {SETTING: True}, "safe"),
        subject_key=f"{producer.construct}:{setting.spelled}",
        causes=(producer.span, span),
    )


RULE = Rule(
    id="producer-not-idempotent",
    group="idempotence",
    subject=Producer,
    severity="warning",
    check=check,
    summary="a producer whose retries can write records twice",
    fix="safe",
)
