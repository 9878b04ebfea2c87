"""What Connect connector classes do with records, as far as exactly-once goes.

`data/` has one JSON file for each connector (docs/connectors.md is made of them): the classes it is
known by, the settings that decide about redelivered and failing records, and the page or source
file behind every fact. `facts_of` gives the facts of a class to rules.

Facts, by name; one that is absent is not known:

* `name`: what a reader calls it
* `role`: source or sink
* `exactly-once`: whether a source takes part in Connect's exactly-once support (KIP-618, the
  method `exactlyOnceSupport`): `no`, `yes`, or `yes since X` with X a version of the connector, of
  Kafka for the connectors that are part of it; `exactly-once-when` names the settings it does so
  with, as switches. Whether a sink repeats nothing when records are delivered again: `yes`, `no`,
  or `yes with …`
* `boundary`: `no` for a source that cannot say where its transactions end, so that
  `transaction.boundary=connector` is refused (the method `canDefineTransactionBoundaries`)
* `managed`: `confluent-cloud` for a connector that a service runs, which owns its worker and its
  dead letter queue
* `tolerance`: the connector's own setting over `errors.tolerance`
* `dead-letter`: a source's own setting for a topic of failed records
* `drops`: switches by which it skips failing records, as `key=value|value; key=value`
* `every-start`: switches by which it reads everything again with each start
* `kind`: what the facts below are about

`kind` jdbc-sink: `mode`, `mode-default`: the setting that chooses insert, upsert or update, and its
default; `key`, `key-default`: where the primary key comes from; `key-fields`: the key's columns;
`create`, `creates`: the setting that lets it create tables, and the value that does.

`kind` jdbc-source: `mode`: the setting that chooses how changes are found; `timestamp`,
`incrementing`: the settings that name the columns for it.

`kind` mongodb-sink: `id`, `id-default`: the setting that chooses how `_id` is made; `id-package`:
the package of the strategies; `write`, `write-default`: how documents are written; `cdc`: the setting
that makes it apply change events.

`kind` index-sink: `generates`: the switch that leaves the document's id to the index; `instead`: the
value that makes ids of topic, partition and offset; `key-ignore`: the setting that takes ids from
there rather than from the record's key.

`kind` object-sink: `scheduled`: the setting that closes files by the clock; `partitioner`,
`partitioner-default`, `extractor`, `extractor-default`: which path a record goes to, and where its
time comes from.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

_SUFFIX = "Connector"
# What a managed connector is told that one on a worker of one's own is not: how it reaches Kafka,
# and in which format its records are.
_CLOUD_KEYS = ("kafka.api.", "kafka.auth.", "kafka.service.", "input.data.", "output.data.")


@dataclass(frozen=True, slots=True)
class Known:
    """One file of `data/`: a connector, or a connector's family of managed variants.

    `managed` are the names that a service runs it by, with what a reader calls each; `told_by`
    are beginnings of keys that only this connector has, without one of which a short name does not
    mean it. `sources` names the page or file behind each fact, `text` says the rest in a sentence.
    """

    file: str
    name: str
    facts: Mapping[str, str]
    classes: tuple[str, ...] = ()
    managed: Mapping[str, str] = field(default_factory=dict)
    told_by: tuple[str, ...] = ()
    text: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)


def facts_of(connector_class: str, keys: Collection[str]) -> Mapping[str, str]:
    """The delivery facts of a connector class; empty when it is none that is known.

    `keys` are the connector's settings: they tell whose plugin a short name means. Connect finds a
    plugin by its simple class name, with or without "Connector", as well (PluginUtils); of several
    that it may mean only what they have in common is told.
    """
    index = _index()
    found = index.classes.get(connector_class)
    if found is not None:
        return {**found.facts, "name": found.name}
    meant = [one for one in index.aliases.get(connector_class, ()) if _possible(one, keys)]
    # examples vary in the case of Confluent Cloud's names
    managed = index.managed.get(connector_class.lower())
    if managed is not None and (not meant or any(key.startswith(_CLOUD_KEYS) for key in keys)):
        return {**managed.facts, "name": _called(managed.managed, connector_class)}
    return _common([one for one in meant if one.told_by] or meant)


def known() -> tuple[Known, ...]:
    """Every connector that there is a file for, by its file's name."""
    return _index().all


def _possible(one: Known, keys: Collection[str]) -> bool:
    return not one.told_by or any(key.startswith(one.told_by) for key in keys)


def _common(meant: Sequence[Known]) -> Mapping[str, str]:
    if not meant:
        return {}
    first, *rest = meant
    facts = {
        key: value
        for key, value in first.facts.items()
        if all(one.facts.get(key) == value for one in rest)
    }
    if not facts:
        return {}
    # "Confluent's JDBC sink" and "Aiven's JDBC sink" are "this JDBC sink"
    return {**facts, "name": first.name if not rest else f"this {first.name.partition(' ')[2]}"}


def _called(managed: Mapping[str, str], name: str) -> str:
    return next(called for one, called in managed.items() if one.lower() == name.lower())


@dataclass(frozen=True, slots=True)
class _Index:
    all: tuple[Known, ...]
    classes: Mapping[str, Known]
    managed: Mapping[str, Known]
    aliases: Mapping[str, tuple[Known, ...]]


@lru_cache(maxsize=1)
def _index() -> _Index:
    found = tuple(_read(path) for path in sorted((Path(__file__).parent / "data").glob("*.json")))
    aliases: dict[str, list[Known]] = {}
    for one in found:
        simple = {name.rpartition(".")[2] for name in one.classes}
        for alias in sorted({*simple, *(name.removesuffix(_SUFFIX) for name in simple)}):
            aliases.setdefault(alias, []).append(one)
    return _Index(
        found,
        {name: one for one in found for name in one.classes},
        {name.lower(): one for one in found for name in one.managed},
        {alias: tuple(ones) for alias, ones in aliases.items()},
    )


def _read(path: Path) -> Known:
    data = json.loads(path.read_text(encoding="utf-8"))
    return Known(
        path.stem,
        data["name"],
        data["facts"],
        tuple(data.get("classes", ())),
        data.get("managed", {}),
        tuple(data.get("told_by", ())),
        data.get("text", ""),
        data.get("sources", {}),
    )
