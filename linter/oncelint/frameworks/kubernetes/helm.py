"""Placement: values of Helm charts whose structure is known.

What a value means the chart's templates decide, so only those of known charts are read, where a
Chart.yaml (or Helm 2's requirements.yaml) beside the values depends on the chart; and containers
whose image is known, in a chart of the project's own. Sources: the values.yaml of bitnami/kafka
(`replicaCount`, `offsetsTopicReplicationFactor` and kin up to 23; `controller.replicaCount`,
`broker.replicaCount`, `extraConfig`, `overrideConfiguration` since) and of Confluent's
cp-helm-charts (`configurationOverrides`, `brokers`). What is not written the chart may set itself.
Templates are not analysed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from oncelint.formats.tree import Document, FormatError, Mapping, Node, Scalar
from oncelint.formats.tree import Sequence as Items
from oncelint.formats.views import named_values
from oncelint.frameworks.blocks import block_of, layered, mappings
from oncelint.frameworks.kubernetes.kustomize import Read
from oncelint.frameworks.kubernetes.resources import (
    Resource,
    at,
    fields_of,
    items,
    number,
    string,
)
from oncelint.model.facts import Block, ConfigFact, Home
from oncelint.model.values import Span
from oncelint.text import SourceText, Text, TextError

VALUES = "values"
"""The detail that tells the trail of keys to a fact of a values file; gone once it is proven."""
_FILE = re.compile(r"(?:.*[-._])?values(?:[-._].*)?\.ya?ml")
_OPEN = "what the chart sets itself"
_FIELDS = {
    "defaultReplicationFactor": "default.replication.factor",
    "offsetsTopicReplicationFactor": "offsets.topic.replication.factor",
    "transactionStateLogReplicationFactor": "transaction.state.log.replication.factor",
    "transactionStateLogMinIsr": "transaction.state.log.min.isr",
}
_MAPS = ("overrideConfiguration", "extraConfigYaml")
_ENVIRONMENTS = ("env", "environment", "extraEnv", "extraEnvVars", "envVars")
_ANY = "*"


@dataclass(frozen=True, slots=True)
class Dependency:
    """A chart that another one depends on, under the key of its values."""

    name: str
    key: str
    repository: str


def is_values(path: str) -> bool:
    """Whether a file is one of values, by its name or its folder's."""
    folder, name = posixpath.split(path)
    return _FILE.fullmatch(name) is not None or posixpath.basename(folder) == "values"


def facts(document: Document, text: Text) -> Iterator[ConfigFact]:
    """What may be configured in a values file; which of it is, `proven` says."""
    for root in document.roots:
        for trail, mapping in mappings(root):
            if 0 < len(trail) <= 2 and trail[-1] in ("cp-kafka", "cp-kafka-connect"):
                yield from _confluent(trail, mapping, text)
            elif len(trail) == 1:
                yield from _bitnami(trail, mapping, text)
            yield from _containers(trail, mapping, text)


def released(resource: Resource, text: Text) -> Iterator[ConfigFact]:
    """What a resource that installs a chart configures: Flux's HelmRelease (`chart.spec`, `values`)
    and Argo CD's Application (`source.chart`, `helm.valuesObject`)."""
    spec = resource.spec
    if resource.kind == "HelmRelease":
        chart = at(spec, "chart", "spec")
        source = at(chart, "sourceRef") if chart is not None else None
        repository, values = string(source.get("name")) if source else "", at(spec, "values")
    else:
        chart = at(spec, "source")
        repository = string(chart.get("repoURL")) if chart is not None else ""
        values = at(chart, "helm", "valuesObject") if chart is not None else None
    if chart is None or values is None or "bitnami" not in repository.lower():
        return
    if string(chart.get("chart")) == "kafka":
        for fact in _bitnami((), values, text):
            name = f"{resource.kind} {resource.full_name}"
            yield replace(fact, details={"cluster": name, "resource": name})


def _details(chart: str, trail: Sequence[str]) -> dict[str, str]:
    return {VALUES: ".".join(trail), "chart": chart}


def _place(block: Block, mapping: Mapping, text: Text) -> Span:
    if block.settings:
        return block.settings[0].key_span
    return text.span(mapping.start, mapping.start)


def _bitnami(trail: Sequence[str], mapping: Mapping, text: Text) -> Iterator[ConfigFact]:
    blocks = [fields_of(mapping, text, _FIELDS)]
    for name in _MAPS:
        node = at(mapping, name)
        if node is not None:
            blocks.append(block_of(node, text))
    extra = mapping.get("extraConfig")
    if isinstance(extra, Scalar):
        blocks.append(_properties(extra, text))
    block = layered(*blocks)
    if not block.settings:
        return
    yield ConfigFact(
        "helm bitnami/kafka",
        ("java",),
        "broker",
        replace(block, open_reason=_OPEN),
        _place(block, mapping, text),
        instances=_brokers(mapping),
        details=_details("kafka", trail),
    )


def _properties(scalar: Scalar, text: Text) -> Block:
    from oncelint.formats import read as parse
    from oncelint.formats.hosts.yaml import scalar_region

    region = scalar_region(scalar, text)
    try:
        document = parse("properties", region) if region is not None else None
    except FormatError:
        document = None
    root = document.roots[0] if document is not None and document.roots else None
    return block_of(root, region) if isinstance(root, Mapping) and region else Block(())


def _brokers(mapping: Mapping) -> int | None:
    """How many brokers the values ask for, where both sorts of nodes are told."""
    controllers, brokers = at(mapping, "controller"), at(mapping, "broker")
    if controllers is None and brokers is None:
        return number(mapping.get("replicaCount"))
    only = controllers.get("controllerOnly") if controllers is not None else None
    counts = [number(one.get("replicaCount")) if one else None for one in (controllers, brokers)]
    if isinstance(only, Scalar) and only.value is True:
        return counts[1]
    if counts[0] is None:
        return None
    return counts[0] + (counts[1] or 0)


def _confluent(trail: Sequence[str], mapping: Mapping, text: Text) -> Iterator[ConfigFact]:
    overrides = at(mapping, "configurationOverrides")
    if overrides is None:
        return
    home = Home(text.span(overrides.start, overrides.end), "mapping", "", "text")
    block = replace(block_of(overrides, text), open_reason=_OPEN, homes=(home,))
    details, place = _details("cp-helm-charts", trail), _place(block, mapping, text)
    if trail[-1] == "cp-kafka":
        count = number(mapping.get("brokers"))
        placement = "helm cp-kafka"
        yield ConfigFact(
            placement, ("java",), "broker", block, place, instances=count, details=details
        )
        return
    from oncelint.frameworks.connect.worker import worker_facts  # with its tables

    yield from worker_facts(
        block,
        place,
        "helm cp-kafka-connect",
        instances=number(mapping.get("replicaCount")),
        details={**details, "mode": "distributed"},
    )


def _containers(trail: Sequence[str], mapping: Mapping, text: Text) -> Iterator[ConfigFact]:
    """A container of the chart's own: an image that makes settings of its variables."""
    image = at(mapping, "image")
    name = string(image.get("repository")) if image is not None else ""
    variables = _variables(mapping, text)
    if image is None or not name or not variables.settings:
        return
    from oncelint.frameworks.containers.images import (  # with its tables
        family_by_environment,
        family_of,
        image_facts,
    )

    tag = string(image.get("tag"))
    full = f"{name}:{tag}" if tag else name
    names = frozenset(one.key for one in variables.settings)
    if family_of(full) is None and family_by_environment(names) is None:
        return
    count = mapping.get("replicaCount") or mapping.get("replicas")
    yield from image_facts(
        full,
        replace(variables, open_reason=_OPEN),
        _place(variables, mapping, text),
        "helm values",
        instances=number(count),
        details=_details(_ANY, trail),
    )


def _variables(mapping: Mapping, text: Text) -> Block:
    blocks: list[Block] = []
    for name in _ENVIRONMENTS:
        node: Node | None = mapping.get(name)
        view = named_values(node) if isinstance(node, Items) else node
        if isinstance(view, Mapping):
            home = Home(text.span(view.start, view.end), "mapping", "", "text")
            blocks.append(replace(block_of(view, text), homes=(home,)))
    return layered(*blocks)


# Which of them are values of a known chart ----------------------------------------------------


def proven(found: Sequence[ConfigFact], read: Read) -> list[ConfigFact]:
    """Facts without those of values that no chart of the project takes, the values of one
    environment laid over the chart's own."""
    values = [fact for fact in found if VALUES in fact.details]
    if not values:
        return list(found)
    charts: dict[str, tuple[Dependency, ...] | None] = {}
    taken = [fact for fact in values if _is_taken(fact, charts, read)]
    kept = [fact for fact in found if VALUES not in fact.details]
    return [*kept, *(one for fact in taken for one in _over_defaults(fact, taken))]


def _over_defaults(fact: ConfigFact, taken: Sequence[ConfigFact]) -> Iterator[ConfigFact]:
    def same(one: ConfigFact) -> bool:
        return (
            one.placement == fact.placement
            and one.details[VALUES] == fact.details[VALUES]
            and _chart_folder(one.span.path) == _chart_folder(fact.span.path)
        )

    others = [one for one in taken if one is not fact and same(one)]
    if _is_default(fact.span.path):
        # what is deployed is one of the environments'
        if not any(not _is_default(one.span.path) for one in others):
            yield _told(fact)
        return
    base = next((one for one in others if _is_default(one.span.path)), None)
    if base is None:
        yield _told(fact)
        return
    block = layered(base.block, fact.block)
    count = fact.instances if fact.instances is not None else base.instances
    yield _told(replace(fact, block=block, instances=count))


def _told(fact: ConfigFact) -> ConfigFact:
    details = {key: value for key, value in fact.details.items() if key not in (VALUES, "chart")}
    if fact.role == "broker":
        details["cluster"] = f"{fact.details[VALUES]} of {fact.span.path}"
    return replace(fact, details=details)


def _is_default(path: str) -> bool:
    return posixpath.basename(path) in ("values.yaml", "values.yml")


def _chart_folder(path: str) -> str:
    folder = posixpath.dirname(path)
    return posixpath.dirname(folder) if posixpath.basename(folder) == "values" else folder


def _is_taken(
    fact: ConfigFact, charts: dict[str, tuple[Dependency, ...] | None], read: Read
) -> bool:
    folder = _chart_folder(fact.span.path)
    if folder not in charts:
        charts[folder] = _dependencies(folder, read)
    dependencies = charts[folder]
    if dependencies is None:
        return False
    chart = fact.details["chart"]
    if chart == _ANY:
        return True
    first = fact.details[VALUES].split(".")[0]
    for one in dependencies:
        if one.key != first:
            continue
        if chart == "kafka":
            return one.name == "kafka" and "bitnami" in one.repository
        return one.name in (chart, "cp-kafka", "cp-kafka-connect")
    return False


def _dependencies(folder: str, read: Read) -> tuple[Dependency, ...] | None:
    """What the chart of a folder depends on; None where there is no chart."""
    chart = _root(posixpath.join(folder, "Chart.yaml"), read)
    if chart is None:
        return None
    needed = [*items(chart.get("dependencies"))]
    second = _root(posixpath.join(folder, "requirements.yaml"), read)
    if second is not None:
        needed.extend(items(second.get("dependencies")))
    return tuple(
        Dependency(
            string(one.get("name")),
            string(one.get("alias")) or string(one.get("name")),
            string(one.get("repository")),
        )
        for one in needed
    )


def _root(path: str, read: Read) -> Mapping | None:
    from oncelint.formats import read as parse

    data = read(path)
    if data is None:
        return None
    try:
        roots = parse("yaml", SourceText.decode(path, data)).roots
    except (TextError, FormatError):
        return None
    return roots[0] if roots and isinstance(roots[0], Mapping) else None
