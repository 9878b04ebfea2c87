"""A setting of a client, or of exactly-once delivery, stands where Connect's tasks do not read it.

## What it does

Reports settings that decide about duplicates and aborted records and that stand under a name
nobody reads there: a client's own key in a connector (`enable.idempotence` for
`producer.override.enable.idempotence`), `producer.` or `consumer.` without `override` in a connector, a
client's own key in a worker (`isolation.level` for `consumer.isolation.level`), `producer.override.` in a
worker, a worker's `exactly.once.source.support` in a connector and a connector's
`exactly.once.support` in a worker.

## The failure

The workers' file says `isolation.level=read_committed`, and the sinks go on writing records of aborted
transactions. The line is read by the consumers with which the worker keeps its own offsets and
statuses, and by none of those that it makes for connectors: these take what stands behind
`consumer.`. A connector is no different: it hands keys that it does not know to its plug-in, which does
not know them either, and nothing is logged that anybody would look for.

## What the fix costs

Another name for the key; what belongs to the worker or to the connector instead is left to you. The setting then comes into force, with what it costs itself: the fix is
unsafe for that reason.

## When it is silent

For settings that do not decide about delivery; for connectors that make clients of their own and
read such keys (MirrorMaker's, Replicator); where the setting stands under the right name as well;
for managed connectors, of which the service reads what it likes. It does not say that a worker ignores
such a key altogether: its internal clients may read it.

## References

Kafka documentation, "Running Kafka Connect" (`producer.`, `consumer.`) and KIP-458 (overrides of a
connector); `Worker.baseProducerConfigs`, `Worker.baseConsumerConfigs`; KIP-618.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from oncelint.model import (
    Client,
    Connector,
    ConnectWorker,
    Goal,
    Hit,
    Known,
    Project,
    Rule,
    as_text,
    speak,
)
from oncelint.model.facts import WrittenSetting
from oncelint_rules.common.workers import is_source, spelled

_PRODUCER = frozenset(
    {"enable.idempotence", "acks", "max.in.flight.requests.per.connection", "transactional.id"}
    | {"transaction.timeout.ms", "delivery.timeout.ms"}
)
_CONSUMER = frozenset({"isolation.level", "enable.auto.commit", "auto.offset.reset"})
# A connector's class is given every key: these are its own often enough.
_OF_PLUGINS = frozenset({"auto.offset.reset", "enable.auto.commit", "transaction.timeout.ms"})
_WORKER_ONLY = frozenset({"exactly.once.source.support"})
_CONNECTOR_ONLY = frozenset({"exactly.once.support", "transaction.boundary"})
_WHERE = "where it is read is another configuration, and what comes with it is yours to decide"
_OWN_CLIENTS = ("mirror", "replicator")


@dataclass(frozen=True, slots=True)
class _Stray:
    """A setting nobody reads: `right` is the key to write instead, None where it belongs elsewhere;
    `who` goes on without it, and `why` says what is read there, both in words."""

    setting: WrittenSetting
    right: str | None
    who: str
    why: str


def check(client: Client, project: Project) -> Iterator[Hit]:
    if isinstance(client, Connector):
        found = _in_connector(client)
    elif isinstance(client, ConnectWorker):
        found = _in_worker(client)
    else:
        return
    own = {setting.key for setting in client.block.settings}
    for stray in found:
        if stray.right is None or stray.right not in own:
            yield _hit(client, stray)


def _in_connector(connector: Connector) -> Iterator[_Stray]:
    class_ = connector.connector_class.lower()
    if {"managed"} & {*connector.facts, *connector.details}:
        return
    if any(word in class_ for word in _OWN_CLIENTS):
        return
    source = is_source(connector)
    for setting in connector.block.settings:
        key = setting.key
        if key in _WORKER_ONLY:
            why = "is a setting of the worker, which no connector has"
            yield _Stray(setting, None, "its worker goes", why)
            continue
        role = _role(key, source)
        if role is None:
            continue
        bare = key.removeprefix(role + ".")
        if bare == key and key in _OF_PLUGINS:
            continue
        right = f"{role}.override.{bare}"
        why = f"is not read by a connector's {role}, which takes {right}"
        yield _Stray(setting, right, f"the {role}s of this connector go", why)


def _role(key: str, source: bool | None) -> str | None:
    """Whose key it is, if the connector has such a client."""
    for role, keys in (("producer", _PRODUCER), ("consumer", _CONSUMER)):
        wrong = source is False if role == "producer" else source is not False
        if not wrong and (key in keys or key.removeprefix(role + ".") in keys):
            return role
    return None


def _in_worker(worker: ConnectWorker) -> Iterator[_Stray]:
    for setting in worker.block.settings:
        key = setting.key
        if key in _CONNECTOR_ONLY:
            why = "is a setting of connectors, which no worker has"
            yield _Stray(setting, None, "its connectors go", why)
        for role, keys in (("producer", _PRODUCER), ("consumer", _CONSUMER)):
            who = f"the {role}s of connector tasks go"
            right = spelled(worker, f"{role}.{key}")
            if key in keys:
                why = f"is not read by connector tasks, which take {right}"
                yield _Stray(setting, f"{role}.{key}", who, why)
            elif key.removeprefix(f"{role}.override.") in keys:
                bare = key.removeprefix(f"{role}.override.")
                why = "is a connector's way to say it, which no worker reads"
                yield _Stray(setting, f"{role}.{bare}", who, why)


def _hit(client: Client, stray: _Stray) -> Hit:
    setting = stray.setting
    shown = setting.shown or setting.key
    value = setting.alternatives[0].value if setting.alternatives else None
    wants = f"={as_text(value)}" if isinstance(value, Known) else ""
    right = stray.right
    if right is None:
        advice = "write it there"
        place = "worker" if isinstance(client, Connector) else "connector"
        goal = Goal(f"write {setting.key}{wants} for the {place}", reason=_WHERE)
    else:
        told = spelled(client, right)
        advice = f"write {told}"
        goal = Goal(
            f"rename {shown} to {told}",
            safety="unsafe",
            reason="the setting comes into force with it",
            renames=((setting.key_span, right),),
        )
    return Hit(
        span=setting.key_span,
        message=f"{stray.who} on without it: {shown}{wants} {stray.why}; {advice}",
        setting=shown,
        related=speak.elsewhere(client, setting.key_span),
        goal=goal,
        causes=(setting.key_span,),
        subject_key=speak.subject_key(client, setting.key),
    )


RULE = Rule(
    id="connect-setting-ignored",
    group="connect",
    subject=Client,
    severity="warning",
    check=check,
    summary="a delivery setting that Connect's tasks do not read",
    # what is to be said of a client is said once something is set for it
    supersedes=("producer-not-idempotent",),
    fix="unsafe",
)
