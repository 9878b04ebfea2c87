"""Workloads: which programs run how often, with which variables and files.

A container of a Deployment, a StatefulSet or a kin is a fact of role "workload": its variables are
the block, its image is a detail. Facts of the roles below are only joined and never leave `assemble`:
a ConfigMap's data, and what scales a workload. Defaults are those of the API reference (replicas 1,
parallelism 1); a DaemonSet runs on as many nodes as there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from oncelint.formats.tree import Entry, Mapping, Node, Scalar, Sequence
from oncelint.formats.views import named_values
from oncelint.frameworks.blocks import block_of
from oncelint.frameworks.kubernetes.resources import Resource, at, given, items, number, string
from oncelint.model.facts import Alternative, Block, ConfigFact, Home, WrittenSetting
from oncelint.model.values import Computed, Origin, Unknown, Value
from oncelint.text import Text

ROLE = "workload"
CONFIG_MAP = "config map"
SCALER = "scaler"
_KINDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("apps", "Deployment"): ("template", "spec"),
    ("apps", "StatefulSet"): ("template", "spec"),
    ("apps", "ReplicaSet"): ("template", "spec"),
    ("apps", "DaemonSet"): ("template", "spec"),
    ("apps.openshift.io", "DeploymentConfig"): ("template", "spec"),
    ("argoproj.io", "Rollout"): ("template", "spec"),
    ("batch", "Job"): ("template", "spec"),
    ("batch", "CronJob"): ("jobTemplate", "spec", "template", "spec"),
    ("", "Pod"): (),
    ("", "ReplicationController"): ("template", "spec"),
}


def facts(resource: Resource, text: Text) -> Iterator[ConfigFact]:
    """The workload of a resource by container, the data of a ConfigMap, the bounds of a scaler."""
    way = _KINDS.get((resource.group, resource.kind))
    if way is not None:
        pod = at(resource.spec, *way) if way else resource.spec
        for container in items(pod.get("containers")) if pod is not None else ():
            assert pod is not None
            yield _container(resource, pod, container, text)
    elif resource.kind in ("ConfigMap", "Secret") and not resource.group:
        yield from _data(resource, text)
    elif resource.kind in ("HorizontalPodAutoscaler", "ScaledObject"):
        yield from _scaler(resource)


def _container(resource: Resource, pod: Mapping, container: Mapping, text: Text) -> ConfigFact:
    image = string(container.get("image"))
    details = {
        "resource": f"{resource.kind} {resource.full_name}",
        "kind": resource.kind,
        "container": string(container.get("name")),
        "maps": " ".join(_maps(pod)),
        "from": " ".join(_sources(container)),
        "command": " ".join(_words(container)),
        "mounts": " ".join(
            string(mount.get("mountPath")) for mount in items(container.get("volumeMounts"))
        ),
    }
    if given(image):
        details["image"] = image
    return ConfigFact(
        f"kubernetes {resource.kind}",
        ("java",),
        ROLE,
        _variables(container.get("env"), text),
        resource.span,
        name=given(resource.name),
        instances=_replicas(resource),
        details={key: value for key, value in details.items() if value},
    )


def _words(container: Mapping) -> Iterator[str]:
    """The command of a container, where it is not the image's own."""
    command = container.get("command")
    if isinstance(command, Sequence):
        for field in (command, container.get("args")):
            if isinstance(field, Sequence):
                yield from map(string, field.items)


def _replicas(resource: Resource) -> int | None:
    if resource.kind == "DaemonSet":
        return None
    field = "parallelism" if resource.kind == "Job" else "replicas"
    written = resource.spec.get(field)
    return 1 if written is None else number(written)


def _maps(pod: Mapping) -> Iterator[str]:
    """The ConfigMaps and Secrets that a pod mounts."""
    for volume in items(pod.get("volumes")):
        sources = [volume, *_projected(volume)]
        for source in sources:
            for kind, field in (("configMap", "name"), ("secret", "secretName")):
                node = at(source, kind)
                if node is not None:
                    yield string(node.get(field)) or string(node.get("name"))


def _projected(volume: Mapping) -> Iterator[Mapping]:
    projected = at(volume, "projected")
    if projected is not None:
        yield from items(projected.get("sources"))


def _sources(container: Mapping) -> Iterator[str]:
    """The ConfigMaps and Secrets whose data become variables, without a prefix."""
    for source in items(container.get("envFrom")):
        for kind in ("configMapRef", "secretRef"):
            node = at(source, kind)
            if node is not None and not string(source.get("prefix")):
                yield string(node.get("name"))


def _variables(node: Node | None, text: Text) -> Block:
    """The variables of a container as a block; a list takes more of them."""
    view = named_values(node) if isinstance(node, Sequence) else None
    if view is None:
        return Block(())
    block = block_of(view, text)
    settings = list(block.settings)
    for entry in view.entries:
        if isinstance(entry.value, Mapping):
            settings = [one for one in settings if one.key != entry.key.text]
            settings.append(_from_elsewhere(entry, entry.value, text))
    home = Home(text.span(view.start, view.end), "mapping", "", "text")
    return Block(tuple(settings), view.open_reason, block.duplicates, (home,))


def _from_elsewhere(entry: Entry, source: Mapping, text: Text) -> WrittenSetting:
    """A variable with a `valueFrom`; a ConfigMap's is found when the project is joined."""
    span = text.span(source.start, source.end)
    field = at(source, "fieldRef")
    reference = at(source, "configMapKeyRef")
    value: Value = Unknown("a variable that the cluster gives", present=True)
    note = ""
    if field is not None and string(field.get("fieldPath")) == "metadata.name":
        value = Computed("{metadata.name}", frozenset(("host",)))
    elif reference is not None:
        note = f"{string(reference.get('name'))}/{string(reference.get('key'))}"
        value = Unknown(f"the ConfigMap's {note}", present=True)
    origin = Origin("environment", note, span, "configMapKeyRef" if note else "")
    key_span = text.span(entry.key.start, entry.key.end)
    return WrittenSetting(entry.key.text, key_span, (Alternative(value, (), span, (origin,)),))


def _data(resource: Resource, text: Text) -> Iterator[ConfigFact]:
    field = "data" if resource.kind == "ConfigMap" else "stringData"
    data = at(resource.node, field)
    if data is None:
        return
    block = block_of(data, text, keep=lambda entry: isinstance(entry.value, Scalar))
    home = Home(text.span(data.start, data.end), "mapping", "", "text")
    yield ConfigFact(
        f"kubernetes {resource.kind}",
        ("java",),
        CONFIG_MAP,
        replace(block, homes=(home,)),
        text.span(data.start, data.end),
        name=resource.name,
        details={"resource": f"{resource.kind} {resource.full_name}"},
    )


def _scaler(resource: Resource) -> Iterator[ConfigFact]:
    target = at(resource.spec, "scaleTargetRef")
    if target is None:
        return
    most = resource.spec.get("maxReplicas") or resource.spec.get("maxReplicaCount")
    kind = string(target.get("kind")) or "Deployment"
    yield ConfigFact(
        f"kubernetes {resource.kind}",
        ("java",),
        SCALER,
        Block(()),
        resource.span,
        name=resource.name,
        instances=number(most),
        details={
            "resource": f"{resource.kind} {resource.full_name}",
            "target": f"{kind} {resource.namespace}/{string(target.get('name'))}",
        },
    )
