"""Placement: ksqlDB's server, and what its scripts SET.

`ksql-server.properties` configures the Kafka Streams applications that the server makes of its
queries; the prefix `ksql.streams.` before their settings is optional. `SET 'processing.guarantee' = …`
governs the queries of a script that follow it. Statements alone say nothing of the guarantee: it is
the server's.

ksqlDB: documentation, "Configure ksqlDB Server", "ksqlDB Server Configuration Parameter Reference",
"SET"; KsqlConfig.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from oncelint.formats import tree
from oncelint.frameworks.blocks import block_of, keys_of
from oncelint.frameworks.needles import BOOTSTRAP
from oncelint.model.facts import Block, ConfigFact
from oncelint.model.values import Known, Span
from oncelint.text import Text

STREAMS = "ksql.streams."
SERVICE = "ksql.service.id"
GUARANTEE = "processing.guarantee"
FRAMEWORK = "ksqldb"


def recognise(document: tree.Document, text: Text, path: str) -> Iterator[ConfigFact]:
    for root in document.roots:
        if not isinstance(root, tree.Mapping):
            continue
        if path.endswith(".properties"):
            yield from _server(root, text, path)
        elif _sets(root):
            block = replace(
                block_of(root, text, strip=STREAMS),
                open_reason="the server has settings as well",
                homes=(),
            )
            yield ConfigFact(
                "ksqldb script",
                ("java",),
                "streams",
                block,
                block.settings[0].key_span,
                details={"framework": FRAMEWORK, "script": path},
            )


def _sets(root: tree.Mapping) -> bool:
    """Whether it is the SET of a guarantee: a mapping of that one entry."""
    keys = [entry.key.text.removeprefix(STREAMS) for entry in root.entries]
    return keys == [GUARANTEE]


def is_server(keys: set[str], path: str) -> bool:
    """Whether a .properties file with these keys is a server's: by its name and one key of ksqlDB,
    by keys that only a server has, or by where the server's own interface listens."""
    own = {key for key in keys if key.startswith("ksql.")} - _MIGRATIONS
    if BOOTSTRAP not in keys or not own or not path.endswith(".properties"):
        return False
    named = _NAME.fullmatch(path.rpartition("/")[2]) is not None
    return named or SERVICE in keys or "listeners" in keys or len(own - _CLIENTS) > 1


def _server(root: tree.Mapping, text: Text, path: str) -> Iterator[ConfigFact]:
    if not is_server(keys_of(root), path):
        return
    named = next((one for one in root.entries if one.key.text == SERVICE), root.entries[0])
    span = text.span(named.key.start, named.key.end)
    yield server(block_of(root, text, strip=STREAMS), span, "ksqldb server")


_NAME = re.compile(r"ksql(?:db)?[-_]server[\w.-]*\.properties")
# of ksql-migrations.properties, and what Connect and clients name as well
_MIGRATIONS = frozenset({"ksql.server.url", "ksql.migrations.topic.name"})
_CLIENTS = frozenset({"ksql.schema.registry.url"})


def server(
    block: Block,
    span: Span,
    placement: str,
    *,
    versions: tuple[str, ...] = (),
    instances: int | None = 1,
    details: Mapping[str, str] | None = None,
) -> ConfigFact:
    """The fact of a server: `block` has the settings of Streams under their own names, and the
    server's as they are (`ksql.service.id`); `versions` are Kafka's."""
    return ConfigFact(
        placement,
        ("java",),
        "streams",
        block,
        span,
        versions=versions,
        instances=instances,
        details={**(details or {}), "framework": FRAMEWORK},
    )


def assemble(facts: Sequence[ConfigFact], read: Callable[[str], bytes | None]) -> list[ConfigFact]:
    """A server whose scripts set the guarantee themselves leaves it to them."""
    if not any("script" in fact.details and _exactly(fact) for fact in facts):
        return list(facts)
    return [_left_to_scripts(fact) if _is_server(fact) else fact for fact in facts]


def _is_server(fact: ConfigFact) -> bool:
    ours = fact.role == "streams" and fact.details.get("framework") == FRAMEWORK
    return ours and "script" not in fact.details


def _exactly(fact: ConfigFact) -> bool:
    return fact.details.get("framework") == FRAMEWORK and any(
        one.key == GUARANTEE and isinstance(one.value, Known) and "exactly" in str(one.value.value)
        for one in fact.block.settings
    )


def _left_to_scripts(fact: ConfigFact) -> ConfigFact:
    if any(one.key == GUARANTEE for one in fact.block.settings):
        return fact
    reason = fact.block.open_reason or "scripts set the guarantee of their queries"
    return replace(fact, block=replace(fact.block, open_reason=reason))
