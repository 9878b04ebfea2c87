"""Placement: the configuration of Flink's jobs.

flink-conf.yaml and config.yaml (flat, or nested from Flink 1.19 on), the `flinkConfiguration` of a
FlinkDeployment, and the variable FLINK_PROPERTIES of Flink's image, whose lines go to the end of the
image's own file.

Flink: documentation, "Configuration", "Docker Setup"; Flink Kubernetes Operator, "Custom Resource
Definition"; the image's docker-entrypoint.sh.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from oncelint.formats.tree import Document, Entry, Mapping, Node, Scalar, Sequence
from oncelint.frameworks.blocks import block_of, keys_of, mappings, span_of
from oncelint.frameworks.flink import DIALECT, JOB, JOB_KEYS
from oncelint.model.facts import Block, ConfigFact
from oncelint.text import Region, Text

PROPERTIES = "FLINK_PROPERTIES"
_DEPLOYMENTS = frozenset({"FlinkDeployment", "FlinkSessionJob"})
_IMAGE = re.compile(r"(?:docker\.io/)?(?:library/|apache/)?flink(?::([\w.-]+))?(?:@.*)?")
_VERSION = re.compile(r"(\d+\.\d+(?:\.\d+)?)")
_OPEN = "the rest of the configuration is not seen"


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    for root in document.roots:
        if not isinstance(root, Mapping):
            continue
        services = root.get("services")
        if isinstance(services, Mapping):
            yield from _compose(services, text, path)
        elif _word(root, "kind") in _DEPLOYMENTS:
            yield from _deployment(root, text, path)
        else:
            yield from _file(root, text, path)


def _word(mapping: Mapping, key: str) -> str:
    found = mapping.get(key)
    return found.text if isinstance(found, Scalar) else ""


def _file(root: Mapping, text: Text, path: str) -> Iterator[ConfigFact]:
    block = job_block(root, text)
    if block.settings:
        yield ConfigFact(
            "flink conf", DIALECT, JOB, block, block.settings[0].key_span, details={"file": path}
        )


def job_block(root: Mapping, text: Text) -> Block:
    """The settings of a job in a mapping, flat or nested; what else is configured is not known."""
    flat = _flat(root)
    block = block_of(flat, text, keep=lambda entry: entry.key.text.startswith(JOB_KEYS))
    return replace(block, open_reason=_OPEN, homes=())


def _flat(root: Mapping) -> Mapping:
    """The entries below `execution`, each under its whole name, where they are nested."""
    entries: list[Entry] = []
    for entry in root.entries:
        if entry.key.text.startswith("execution"):
            entries.extend(_named(entry.key, entry.value, entry.key.text))
    return Mapping(root.start, root.end, tuple(entries))


def _named(key: Scalar, value: Node, name: str) -> Iterator[Entry]:
    if not isinstance(value, Mapping):
        yield Entry(Scalar(key.start, key.end, name, name, key.style), value)
        return
    for entry in value.entries:
        yield from _named(entry.key, entry.value, f"{name}.{entry.key.text}")


def _deployment(root: Mapping, text: Text, path: str) -> Iterator[ConfigFact]:
    spec = root.get("spec")
    configuration = spec.get("flinkConfiguration") if isinstance(spec, Mapping) else None
    if not isinstance(configuration, Mapping) or not isinstance(spec, Mapping):
        return
    block = job_block(configuration, text)
    found = re.fullmatch(r"v(\d+)_(\d+)", _word(spec, "flinkVersion"))
    versions = (f"{found[1]}.{found[2]}.0",) if found else ()
    span = block.settings[0].key_span if block.settings else span_of(configuration, text)
    yield ConfigFact(
        "flink deployment", DIALECT, JOB, block, span, versions=versions, details={"file": path}
    )


def _compose(services: Mapping, text: Text, path: str) -> Iterator[ConfigFact]:
    """The job manager's variable, or that of the only service that has one."""
    found: list[tuple[Mapping, Entry | None, Block, int]] = []
    for entry in services.entries:
        service = entry.value
        if not isinstance(service, Mapping):
            continue
        environment = service.get("environment")
        written = _properties(environment, text) if environment is not None else None
        if written is not None:
            found.append((service, entry, *written))
    managers = [one for one in found if _manages(one[0])]
    for service, _, block, place in managers or found[:1]:
        image = _IMAGE.fullmatch(_word(service, "image"))
        version = _VERSION.match(image[1] or "") if image else None
        details = {"file": path}
        if image is not None and not {"volumes", "build", "entrypoint"} & keys_of(service):
            details["complete"] = "yes"
        span = (
            block.settings[0].key_span
            if block.settings
            else text.span(place, place + len(PROPERTIES))
        )
        yield ConfigFact(
            "flink compose",
            DIALECT,
            JOB,
            block,
            span,
            versions=_release(version[1]) if version else (),
            details=details,
        )


def _release(version: str) -> tuple[str, ...]:
    return (version if version.count(".") == 2 else f"{version}.0",)


def _manages(service: Mapping) -> bool:
    command = service.get("command")
    words = [command] if isinstance(command, Scalar) else []
    if isinstance(command, Sequence):
        words = [item for item in command.items if isinstance(item, Scalar)]
    return any("jobmanager" in word.text or "standalone-job" in word.text for word in words)


def _properties(environment: Node, text: Text) -> tuple[Block, int] | None:
    """The lines of FLINK_PROPERTIES, and where it stands; of a map, or of a list's item."""
    from oncelint.formats import read
    from oncelint.formats.hosts.yaml import scalar_region
    from oncelint.formats.tree import FormatError

    for scalar, place in _values(environment):
        region = scalar_region(scalar, text)
        if region is None:
            continue
        part = _behind_name(region)
        try:
            document = read("yaml", part)
        except FormatError:
            continue
        for _, mapping in mappings(document.roots[0]) if document.roots else ():
            return job_block(mapping, part), place
    return None


def _values(environment: Node) -> Iterator[tuple[Scalar, int]]:
    if isinstance(environment, Mapping):
        for entry in environment.entries:
            if entry.key.text == PROPERTIES and isinstance(entry.value, Scalar):
                yield entry.value, entry.key.start
    elif isinstance(environment, Sequence):
        for item in environment.items:
            if isinstance(item, Scalar) and item.text.lstrip().startswith(PROPERTIES):
                yield item, item.start


def _behind_name(region: Region) -> Region:
    """The lines behind `FLINK_PROPERTIES=` in a list's item: the name is blanked out, place by
    place, with line ends, since the first key may follow it on its line and begins a line then."""
    name = re.match(rf"\s*{PROPERTIES}\s*=", region.text)
    if name is None:
        return region
    blank = "\n" * len(name[0])
    return replace(region, text=blank + region.text[len(name[0]) :])
