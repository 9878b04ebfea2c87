"""Placement: topics, brokers and workers that Terraform creates, and the variables they take.

Topics of Confluent Cloud, Aiven, DigitalOcean, Google Cloud and of Mongey's provider; the broker
configuration of Amazon MSK, joined with the cluster that uses it. Attribute names are those of the
providers' documentation of each resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from oncelint.formats.tree import Document, FormatError, Mapping, Node, Scalar
from oncelint.formats.tree import Sequence as SequenceNode
from oncelint.frameworks.blocks import block_of, layered, mappings
from oncelint.model.facts import Alternative, Block, ConfigFact, Home, WrittenSetting
from oncelint.model.layers import Layer
from oncelint.model.values import Known, Origin, Unknown
from oncelint.model.values import Scalar as Value
from oncelint.text import SourceText, Text


@dataclass(frozen=True, slots=True)
class _Topic:
    """How one provider's topic resource spells a topic.

    `config` is the attribute or block with the topic's own settings, which `snake` spells with
    underscores. `managed` names the service that owns the brokers.
    """

    name: str
    partitions: str
    replication: str = ""
    config: str = "config"
    snake: bool = False
    managed: str = ""
    cluster: tuple[str, ...] = ()


_TOPICS: dict[str, _Topic] = {
    "confluent_kafka_topic": _Topic(
        "topic_name",
        "partitions_count",
        managed="Confluent Cloud",
        cluster=("kafka_cluster", "id"),
    ),
    "aiven_kafka_topic": _Topic(
        "topic_name",
        "partitions",
        "replication",
        snake=True,
        managed="Aiven",
        cluster=("service_name",),
    ),
    "digitalocean_database_kafka_topic": _Topic(
        "name",
        "partition_count",
        "replication_factor",
        snake=True,
        managed="DigitalOcean",
        cluster=("cluster_id",),
    ),
    "google_managed_kafka_topic": _Topic(
        "topic_id",
        "partition_count",
        "replication_factor",
        "configs",
        managed="Google Cloud",
        cluster=("cluster",),
    ),
    # Mongey/kafka
    "kafka_topic": _Topic("name", "partitions", "replication_factor"),
}
# Aiven "Diskless topics"; KIP-1150
_DISKLESS = ("diskless.enable", "inkless.enable")
_STORED = Unknown("the copies of a diskless topic, which an object store makes")
_MSK = "aws_msk_cluster"
_MSK_CONFIGURATION = "aws_msk_configuration"
_SERVER_PROPERTIES = "server_properties"

# "Default Amazon MSK configuration": three availability zones, or two.
_MSK_DEFAULTS: dict[int, Layer] = {
    zones: Layer(
        f"set by Amazon MSK for {zones} availability zones",
        False,
        {
            "default.replication.factor": (("0", zones),),
            "min.insync.replicas": (("0", zones - 1),),
        },
    )
    for zones in (2, 3)
}


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    for root in document.roots:
        for trail, body in mappings(root):
            if len(trail) != 3 or trail[0] != "resource":
                continue
            _, kind, name = trail
            if kind in _TOPICS:
                yield _topic(kind, name, body, text)
            elif kind == _MSK_CONFIGURATION:
                fact = _msk_configuration(name, body, text)
                if fact is not None:
                    yield fact
            elif kind == _MSK:
                yield _msk_cluster(name, body, text)


def _true(setting: WrittenSetting) -> bool:
    value = setting.value
    return isinstance(value, Known) and str(value.value).lower() == "true"


def _elsewhere(setting: WrittenSetting) -> WrittenSetting:
    """The replication of a topic whose records an object store keeps says nothing about them."""
    if setting.key != "replication.factor":
        return setting
    unknown = tuple(replace(one, value=_STORED) for one in setting.alternatives)
    return replace(setting, alternatives=unknown)


def _topic(kind: str, name: str, body: Mapping, text: Text) -> ConfigFact:
    shape = _TOPICS[kind]
    counts = {shape.partitions: "partitions", shape.replication: "replication.factor"}
    sizes = _renamed(block_of(body, text, keep=lambda entry: entry.key.text in counts), counts)
    config = body.get(shape.config)
    settings: tuple[WrittenSetting, ...] = ()
    reason: str | None = None
    homes: tuple[Home, ...] = ()
    if isinstance(config, Mapping):
        block = block_of(config, text)
        written = {one.key: one.key.replace("_", ".") for one in block.settings}
        inner = _renamed(block, written) if shape.snake else block
        settings, reason = inner.settings, inner.open_reason
        style = "snake" if shape.snake else "plain"
        homes = (Home(text.span(config.start, config.end), "mapping", "", style),)
    elif config is not None or _dynamic(body, shape.config):
        reason = "a map that is computed"
    if any(one.key in _DISKLESS and _true(one) for one in settings):
        sizes = replace(sizes, settings=tuple(_elsewhere(one) for one in sizes.settings))
    label = next(iter(body.entries), None)
    span = text.span(body.start, body.start + 1)
    title = body.get(shape.name)
    known = title.text if isinstance(title, Scalar) and "${" not in title.text else ""
    if isinstance(title, Scalar):
        span = text.span(title.start, title.end)
    elif label is not None:
        span = text.span(label.key.start, label.key.end)
    details = {"resource": f"{kind}.{name}"}
    if shape.managed:
        details["managed"] = shape.managed
    cluster = _text(body, shape.cluster)
    if cluster:
        details["cluster"] = cluster
    return ConfigFact(
        f"terraform {kind}",
        ("java",),
        "topic",
        Block((*sizes.settings, *settings), reason, (), homes),
        span,
        name=known,
        details=details,
    )


def _renamed(block: Block, names: dict[str, str]) -> Block:
    """A block with other keys for its settings, which stay spelled as the file has them."""
    return replace(
        block,
        settings=tuple(
            replace(one, key=names[one.key], shown=one.key) if one.key in names else one
            for one in block.settings
        ),
    )


def _dynamic(body: Mapping, name: str) -> bool:
    """Whether a block is made by a `dynamic` one."""
    return any(
        entry.key.text == "dynamic" and isinstance(entry.value, Mapping) and entry.value.get(name)
        for entry in body.entries
    )


def _text(body: Mapping, way: tuple[str, ...]) -> str:
    node: Node | None = body
    for key in way:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node.text if way and isinstance(node, Scalar) else ""


def _msk_configuration(name: str, body: Mapping, text: Text) -> ConfigFact | None:
    """What an MSK cluster's brokers are given, which stands in a heredoc or a text."""
    from oncelint.formats import read
    from oncelint.formats.hosts.hcl import heredoc_region

    written = body.get(_SERVER_PROPERTIES)
    if not isinstance(written, Scalar):
        return None
    region = heredoc_region(written, text)
    span = text.span(written.start, written.start + 1)
    entry = next(one for one in body.entries if one.key.text == _SERVER_PROPERTIES)
    span = text.span(entry.key.start, entry.key.end)
    details = {"managed": "Amazon MSK", "resource": f"{_MSK_CONFIGURATION}.{name}"}
    block = Block((), "properties that are computed")
    if region is not None:
        try:
            root = read("properties", region).roots[0]
        except FormatError:
            return None
        if isinstance(root, Mapping):
            block = block_of(root, region)
            if any(one.key.startswith(("%{", "${")) for one in block.settings):
                block = replace(block, open_reason="lines that a template makes")
    return ConfigFact(
        f"terraform {_MSK_CONFIGURATION}",
        ("java",),
        "broker",
        block,
        span,
        name=name,
        instances=None,
        details=details,
    )


def _msk_cluster(name: str, body: Mapping, text: Text) -> ConfigFact:
    """An MSK cluster: how many brokers, in how many zones, and whose configuration."""
    number = body.get("number_of_broker_nodes")
    instances: int | None = None
    details = {
        "managed": "Amazon MSK",
        "resource": f"{_MSK}.{name}",
        "cluster": f"{_MSK}.{name}",
        "number": number.text if isinstance(number, Scalar) else "",
    }
    if isinstance(number, Scalar) and isinstance(number.value, int):
        instances = number.value
    reference = _text(body, ("configuration_info", "arn"))
    configuration = re.search(rf"{_MSK_CONFIGURATION}\.([\w-]+)", reference)
    if configuration is not None:
        details["configuration"] = f"{_MSK_CONFIGURATION}.{configuration.group(1)}"
    subnets = body.get("broker_node_group_info")
    subnets = subnets.get("client_subnets") if isinstance(subnets, Mapping) else None
    zones = len(subnets.items) if isinstance(subnets, SequenceNode) else 0
    layer = _MSK_DEFAULTS.get(zones)
    reason = None
    if body.get("configuration_info") is not None:
        reason = "a configuration from elsewhere"
    title = body.get("cluster_name")
    place = title if isinstance(title, Scalar) else number
    start, end = (place.start, place.end) if place is not None else (body.start, body.start + 1)
    version = _text(body, ("kafka_version",))
    release = re.match(r"\d+\.\d+(?:\.\d+)?(?=[.\s]|$)", version)
    return ConfigFact(
        f"terraform {_MSK}",
        ("java",),
        "broker",
        Block((), reason),
        text.span(start, end),
        name=name,
        versions=(release.group(),) if release else (),
        layers=(layer,) if layer is not None else (),
        instances=instances,
        details=details,
    )


# Joining -----------------------------------------------------------------------------------------

_REFERENCE = re.compile(r"\"?\$\{\s*(var|local)\.([\w-]+)\s*\}\"?|(var|local)\.([\w-]+)")
# Where a module keeps its variables, by Terraform's "Standard Module Structure".
_FILES = ("variables.tf", "vars.tf", "inputs.tf", "locals.tf", "main.tf")
_SET = "terraform.tfvars"


@dataclass(slots=True)
class _Values:
    """The literal defaults of variables and the literal locals of one folder, each with its place.

    None where there are two, or where a tfvars file says otherwise.
    """

    known: dict[str, tuple[Value, Origin] | None] = field(default_factory=dict)

    def add(self, name: str, value: Value, origin: Origin) -> None:
        self.known[name] = None if name in self.known else (value, origin)


def assemble(
    facts: Sequence[ConfigFact], read: Callable[[str], bytes | None]
) -> Iterator[ConfigFact]:
    """Variables with one literal default are resolved, and clusters get their configuration."""
    folders: dict[str, _Values] = {}
    resolved: list[ConfigFact] = []
    for fact in facts:
        path = fact.span.path
        if path.endswith(".tf") and _refers(fact):
            folder = path.rpartition("/")[0]
            if folder not in folders:
                own = [one.span.path for one in facts if one.span.path.startswith(folder)]
                folders[folder] = _values(folder, own, read)
            fact = _resolved(fact, folders[folder])
        resolved.append(fact)
    yield from _clusters(resolved)


def _refers(fact: ConfigFact) -> bool:
    if _REFERENCE.fullmatch(fact.details.get("number", "")):
        return True
    return any(
        isinstance(one.value, Unknown)
        for setting in fact.block.settings
        for one in setting.alternatives
    )


def _values(folder: str, own: Iterable[str], read: Callable[[str], bytes | None]) -> _Values:
    found = _Values()
    if re.search(r"(?:^|/)modules?(?:/|$)", folder):
        return found  # a module's caller says what its variables are
    prefix = f"{folder}/" if folder else ""
    here = [path for path in own if path.rpartition("/")[0] == folder]
    for path in dict.fromkeys([*(prefix + name for name in _FILES), *here]):
        root, text = _root(path, read)
        if root is None or text is None:
            continue
        for entry in root.entries:
            if entry.key.text == "variable" and isinstance(entry.value, Mapping):
                for named in entry.value.entries:
                    default = (
                        named.value.get("default") if isinstance(named.value, Mapping) else None
                    )
                    _note(found, f"var.{named.key.text}", default, text)
            elif entry.key.text == "locals" and isinstance(entry.value, Mapping):
                for named in entry.value.entries:
                    _note(found, f"local.{named.key.text}", named.value, text)
    root, text = _root(prefix + _SET, read)
    for entry in root.entries if root is not None else ():
        name = f"var.{entry.key.text}"
        literal = found.known.get(name)
        same = isinstance(entry.value, Scalar) and literal and entry.value.value == literal[0]
        if not same:
            found.known[name] = None
    return found


def _root(
    path: str, read: Callable[[str], bytes | None]
) -> tuple[Mapping, SourceText] | tuple[None, None]:
    from oncelint.formats import read as parse

    data = read(path)
    if data is None:
        return None, None
    try:
        text = SourceText.decode(path, data)
        root = parse("hcl", text).roots[0]
    except (FormatError, ValueError):
        return None, None
    return (root, text) if isinstance(root, Mapping) else (None, None)


def _note(found: _Values, name: str, node: Node | None, text: SourceText) -> None:
    if not isinstance(node, Scalar) or node.style == "block" or "${" in node.text:
        return
    if node.value is None:
        return
    shown = text.text[node.start : node.end]
    origin = Origin("file", shown, text.span(node.start, node.end), f"the value of {name}")
    found.add(name, node.value, origin)


def _resolved(fact: ConfigFact, values: _Values) -> ConfigFact:
    settings = tuple(
        replace(one, alternatives=tuple(_alternative(each, values) for each in one.alternatives))
        for one in fact.block.settings
    )
    instances = fact.instances
    number = _lookup(fact.details.get("number", ""), values)
    if instances is None and number is not None and isinstance(number[0], int):
        instances = number[0]
    return replace(fact, block=replace(fact.block, settings=settings), instances=instances)


def _alternative(one: Alternative, values: _Values) -> Alternative:
    if not isinstance(one.value, Unknown) or not one.origins:
        return one
    found = _lookup(one.origins[0].value, values)
    if found is None:
        return one
    value, origin = found
    return replace(one, value=Known(value), origins=(origin, *one.origins))


def _lookup(written: str, values: _Values) -> tuple[Value, Origin] | None:
    match = _REFERENCE.fullmatch(written.strip())
    if match is None:
        return None
    return values.known.get(
        f"{match.group(1) or match.group(3)}.{match.group(2) or match.group(4)}"
    )


def _clusters(facts: Sequence[ConfigFact]) -> Iterator[ConfigFact]:
    """MSK clusters with the configurations they refer to, and everything else as it is."""
    configurations = {
        (_folder(one), one.details["resource"]): one
        for one in facts
        if one.placement == f"terraform {_MSK_CONFIGURATION}"
    }
    users: dict[tuple[str, str], list[ConfigFact]] = {}
    for one in facts:
        key = (_folder(one), one.details.get("configuration", ""))
        if one.placement == f"terraform {_MSK}" and key in configurations:
            users.setdefault(key, []).append(one)
    for one in facts:
        key = (_folder(one), one.details.get("configuration", ""))
        if one.placement == f"terraform {_MSK}" and key in configurations:
            configuration = configurations[key]
            block = layered(replace(one.block, open_reason=None), configuration.block)
            yield replace(one, block=block, span=configuration.span)
        elif (_folder(one), one.details.get("resource", "")) not in users:
            yield one


def _folder(fact: ConfigFact) -> str:
    return fact.span.path.rpartition("/")[0]
