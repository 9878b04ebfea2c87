"""A key that this client does not know, such as a misspelt one.

## What it does

Reports a key that no version of the client the project allows has, with the real key it is nearest
to. Python clients refuse to start with it. Java clients log a line and go on without the setting,
so there the rule speaks of slips of the pen, and of the settings of the Scala clients and of Java
clients before 0.11 (`rebalance.max.retries`, `block.on.buffer.full`), alone.

## The failure

A team decides that its orders must not be duplicated and adds `enable.idempotance=true` to the
producer's properties. The Java client logs that a configuration was supplied that it does not
know, between two hundred other lines of start-up, and keeps its default. Everyone who reads the
file believes in the guarantee; a lost acknowledgement then writes three orders twice.

## What the fix costs

Renaming the key, or deleting it. Where the key is renamed the setting takes effect for the first
time: read what it does before shipping it. The fix is safe where the nearest key is a plain slip.

## When it is silent

In an application's own file (a `.properties`, YAML, INI or JSON file) about every key that is no
plain slip: applications keep their own keys beside Kafka's, and Java clients hand unknown ones on
to serializers, interceptors and reporters (`schema.registry.url`, `specific.avro.reader`). About
connectors, whose keys their plug-ins define. About prefixes: `producer.` in a worker, `main.consumer.`
in Streams, `listener.name.` in a broker, `topic.` in librdkafka, `schema.registry.` for
AvroProducer. In a Scala client's own file, which names ZooKeeper and no `bootstrap.servers`. Where the client may be newer than the tables, or some allowed version has the
key, it speaks with low confidence, which is not shown by default. A setting that gives a
guarantee this version has no code for is client-with-known-defect.

## References

librdkafka CONFIGURATION.md and `rd_kafka_conf_set`; kafka-python `KafkaProducer.__init__` and
`KafkaConsumer.__init__`; aiokafka's constructors; Java `AbstractConfig.logUnused`; Kafka's upgrade
notes of 2.0.0 (the Scala clients are removed); KAFKA-3353 (producer settings removed in 0.11).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from oncelint.model import Client, Goal, Hit, Project, Rule, speak
from oncelint.model.project import KeyUse
from oncelint_rules import config


def check(client: Client, project: Project) -> Iterator[Hit]:
    for use in config.uses(client, "unknown"):
        if not use.refused and config.read_by_another(client, use, project):
            continue
        yield Hit(
            span=use.span,
            message=_message(client, use),
            confidence=config.confidence(client, use.certain, use.refused),
            severity="error" if use.refused else "warning",
            setting=use.key,
            related=config.the_client(client, use.span),
            goal=_goal(use),
            causes=config.causes(client, use.span, use.refused),
            subject_key=speak.subject_key(client, use.key),
        )


def _message(client: Client, use: KeyUse) -> str:
    if use.refused:
        start = speak.does_not_start(client, use.refused)
    else:
        start = f"{use.key} has no effect"
        if _brokers_are_missing(client, use):
            start += f", and without {use.nearest} {speak.who(client)} does not reach a broker"
    if use.detail and not use.certain:  # a framework does not hand on what the client has
        return f"{start}: {use.detail}; {_advice(use)}"
    library = speak.versions(client, use.versions)
    why = f"{library} has no setting {use.key}" if use.refused else f"{library} has no such setting"
    if " or " in client.client:
        neither = library.replace(" or ", " nor ", 1)
        why = f"neither {neither} has such a setting"
    if use.detail:
        why += f" ({use.detail})"
    return f"{start}: {why}; {_advice(use)}"


def _brokers_are_missing(client: Client, use: KeyUse) -> bool:
    """Whether the misspelt key leaves the client without the addresses of its brokers."""
    near = use.nearest or ""
    return (
        near.endswith("bootstrap.servers")
        and client.block.open_reason is None
        and all(setting.key != "bootstrap.servers" for setting in client.block.settings)
    )


def _advice(use: KeyUse) -> str:
    if use.nearest is None:
        return "remove it" if not use.versions else "remove it, or allow only versions that have it"
    return f"write {use.nearest}" if use.detail else f"is {use.nearest} meant?"


def _goal(use: KeyUse) -> Goal:
    if use.nearest is None:
        reason = "what it was meant for is not known"
        return Goal(f"remove {use.key}", {}, "unsafe", reason, removals=(use.span,))
    renames = ((use.span, use.canonical or use.nearest),)
    title = f"rename {use.key} to {use.nearest}"
    if not _is_a_slip(use.key, use.nearest):
        return Goal(title, {}, "unsafe", f"that {use.nearest} is meant is a guess", renames=renames)
    return Goal(title, {}, "safe", renames=renames)


def _is_a_slip(key: str, nearest: str) -> bool:
    """Whether two keys differ by a slip of the pen alone: a letter or two, separators, case."""
    one, other = (re.sub(r"[._\-]", "", name).lower() for name in (key, nearest))
    if one == other:
        return True
    matched = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    alike = sum(block.size for block in matched)
    return max(len(one), len(other)) - alike <= 2 and not nearest.startswith((f"{key}_", f"{key}."))


RULE = Rule(
    id="unknown-key",
    group="config",
    subject=Client,
    severity="error",
    check=check,
    summary="a key the client does not know, with the one it is nearest to",
    supersedes=config.FOLLOWS_FROM_RUNNING,
    fix="safe",
)
