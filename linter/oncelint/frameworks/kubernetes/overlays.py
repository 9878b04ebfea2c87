"""Laying patches over the resources that a kustomization applies them to.

A patch is no resource of its own. Where the project has the kustomization and the base, the base's
facts are replaced by what each kustomization makes of them; where it has not, a patch stays what it
is, a part of something unknown.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from oncelint.formats.tree import Scalar
from oncelint.frameworks.blocks import layered, value_of
from oncelint.frameworks.kubernetes.kustomize import (
    Kustomization,
    Operation,
    Patch,
    Read,
    kustomization,
)
from oncelint.frameworks.kubernetes.resources import number, opened
from oncelint.model.facts import Alternative, Block, ConfigFact, WrittenSetting
from oncelint.model.values import Known, Origin, Span

RESOURCE = "resource"
"""The detail that tells a resource: its kind, namespace and name."""
KUSTOMIZATION = "kustomization"
"""The role of a fact that only says that there is a kustomization in its folder."""
# what kustomize's `replicas` field changes
_SCALED = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController")


def kustomized(facts: Sequence[ConfigFact], read: Read) -> list[ConfigFact]:
    """The facts of a project with its kustomizations carried out."""
    project = _Project(facts, read)
    tops = project.tops()
    if not tops:
        return [fact for fact in facts if fact.role != KUSTOMIZATION]
    rendered = {top: project.rendered(top) for top in tops}
    used = project.used
    kept = [
        fact
        for fact in facts
        if fact.role != KUSTOMIZATION and not (RESOURCE in fact.details and fact.span.path in used)
    ]
    # what two kustomizations make alike counts once
    seen: dict[tuple[Span, str, str], list[ConfigFact]] = {}
    clusters: dict[str, list[ConfigFact]] = {}
    for top, made in rendered.items():
        for fact in _apart(top, made, clusters):
            alike = seen.setdefault((fact.span, fact.role, fact.placement), [])
            if fact not in alike:
                alike.append(fact)
    return [*kept, *(fact for alike in seen.values() for fact in alike)]


def _apart(
    top: str, made: Iterable[ConfigFact], clusters: dict[str, list[ConfigFact]]
) -> Iterator[ConfigFact]:
    """One cluster that several kustomizations make differently is as many clusters."""
    groups: dict[str, list[ConfigFact]] = {}
    for fact in made:
        groups.setdefault(fact.details.get("cluster", ""), []).append(fact)
    for name, group in groups.items():
        if not name or clusters.setdefault(name, group) == group:
            yield from group
            continue
        for fact in group:
            yield replace(fact, details={**fact.details, "cluster": f"{name} of {top}"})


@dataclass(slots=True)
class _Project:
    """The kustomizations that stand in the folders of facts and above, and what they make."""

    facts: Sequence[ConfigFact]
    read: Read
    used: set[str] = field(default_factory=set)
    by_folder: dict[str, Kustomization | None] = field(default_factory=dict)
    by_path: dict[str, list[ConfigFact]] = field(default_factory=dict)
    made: dict[str, list[ConfigFact]] = field(default_factory=dict)

    def tops(self) -> list[str]:
        """The folders whose kustomization no other one takes."""
        for fact in self.facts:
            if fact.role == KUSTOMIZATION:
                self._at(posixpath.dirname(fact.span.path))
            elif RESOURCE in fact.details:
                self.by_path.setdefault(fact.span.path, []).append(fact)
                folder = posixpath.dirname(fact.span.path)
                while self._at(folder) is None and folder:
                    folder = posixpath.dirname(folder)
        for one in list(self.by_folder.values()):
            for name in one.resources if one is not None else ():
                self._at(name)
        found = [one for one in self.by_folder.values() if one is not None]
        taken = {name for one in found for name in one.resources}
        return sorted(one.folder for one in found if one.folder not in taken)

    def _at(self, folder: str) -> Kustomization | None:
        if folder not in self.by_folder:
            is_file = folder.endswith((".yaml", ".yml", ".json"))
            self.by_folder[folder] = None if is_file else kustomization(folder, self.read)
        return self.by_folder[folder]

    def rendered(self, folder: str) -> list[ConfigFact]:
        """What the kustomization of a folder makes."""
        known = self.made.get(folder)
        if known is not None:
            return known
        self.made[folder] = []  # where kustomizations name each other
        one = self._at(folder)
        if one is None:
            return []
        found: list[ConfigFact] = []
        for name in one.resources:
            if name in self.by_path:
                self.used.add(name)
                found.extend(self.by_path[name])
            elif self._at(name) is not None:
                found.extend(self.rendered(name))
        found = [fact for fact in found if not _derived(fact)]
        for patch in one.patches:
            found = self._patched(found, patch)
        for name, count in one.replicas:
            found = [
                replace(fact, instances=count) if _scaled(fact, name) else fact for fact in found
            ]
        self.made[folder] = [made for fact in found for made in _with_clients(fact)]
        return self.made[folder]

    def _patched(self, facts: list[ConfigFact], patch: Patch) -> list[ConfigFact]:
        if patch.operations:
            return [
                _operated(fact, patch.operations) if patch.selects(*_kind_and_name(fact)) else fact
                for fact in facts
            ]
        if patch.inline is not None:
            from oncelint.frameworks.kubernetes import recognise

            document, text = patch.inline
            parts = list(recognise(document, text, ""))
        else:
            parts = self.by_path.get(patch.path, [])
            self.used.add(patch.path)
        parts = [part for part in parts if not _derived(part)]
        result = list(facts)
        for part in parts:
            result = _merged(result, part, patch)
        return result


def _derived(fact: ConfigFact) -> bool:
    """Whether a fact is a worker's client, which has what its worker has."""
    return "worker" in fact.details and fact.role != "connect-worker"


def _with_clients(fact: ConfigFact) -> Iterator[ConfigFact]:
    """A worker and, from its settings as they are now, those of its clients."""
    if fact.role != "connect-worker":
        yield fact
        return
    from oncelint.frameworks.connect.worker import worker_facts

    made = worker_facts(
        fact.block,
        fact.span,
        fact.placement,
        versions=fact.versions,
        instances=fact.instances,
        details=fact.details,
    )
    yield from (replace(one, name=fact.name) for one in made)


def _scaled(fact: ConfigFact, name: str) -> bool:
    kind, called = _kind_and_name(fact)
    return called == name and kind in _SCALED


def _kind_and_name(fact: ConfigFact) -> tuple[str, str]:
    kind, _, full = fact.details.get(RESOURCE, "").partition(" ")
    return kind, full.partition("/")[2]


def _merged(facts: list[ConfigFact], part: ConfigFact, patch: Patch) -> list[ConfigFact]:
    """Facts with one fact of a merge patch laid over those that it is for."""
    result: list[ConfigFact] = []
    beside: ConfigFact | None = None
    found = False
    for fact in facts:
        if not _is_for(part, fact, patch):
            result.append(fact)
            continue
        beside = fact
        if _place(fact) != _place(part):
            result.append(fact)
            continue
        found = True
        result.append(_over(fact, part))
    if not found:
        # a part that the resource had not: its producers' settings, another container
        reason = beside.block.open_reason if beside is not None else part.block.open_reason
        block = replace(part.block, open_reason=reason)
        result.append(replace(part, block=block))
    return result


def _is_for(part: ConfigFact, fact: ConfigFact, patch: Patch) -> bool:
    if RESOURCE not in fact.details:
        return False
    kind, name = _kind_and_name(fact)
    if patch.name is not None or patch.kind is not None:
        return patch.selects(kind, name) and _kind_and_name(part)[0] == kind
    return _kind_and_name(part) == (kind, name)


def _place(fact: ConfigFact) -> tuple[str, ...]:
    """Which of a resource's facts one is."""
    connector = fact.details.get("connector", "") if "MirrorMaker" in fact.placement else ""
    return fact.role, connector, fact.details.get("container", "")


def _over(fact: ConfigFact, part: ConfigFact) -> ConfigFact:
    block = layered(fact.block, replace(part.block, open_reason=None))
    # null in a merge patch takes a key away
    settings = tuple(one for one in block.settings if one.value != Known(None))
    pools = {"pools": fact.details["pools"]} if "pools" in fact.details else {}
    details = {
        **fact.details,
        **{key: value for key, value in part.details.items() if key in ("image", "roles")},
        **pools,
    }
    return replace(
        fact,
        block=replace(block, settings=settings),
        span=part.span if part.block.settings else fact.span,
        name=fact.name or part.name,
        versions=part.versions or fact.versions,
        instances=part.instances if part.instances is not None else fact.instances,
        layers=part.layers or fact.layers,
        details=details,
    )


# JSON patches ---------------------------------------------------------------------------------


def _operated(fact: ConfigFact, operations: Sequence[Operation]) -> ConfigFact:
    for one in operations:
        fact = _carried_out(fact, one)
    return fact


def _carried_out(fact: ConfigFact, one: Operation) -> ConfigFact:
    path = one.path
    if path[:1] != ("spec",):
        return fact
    if path[-1] == "replicas" and len(path) in (2, 3):
        return replace(fact, instances=number(one.node.get("value")))
    if path[-2:-1] == ("config",):
        return replace(fact, block=_set(fact.block, path[-1], one))
    if "config" in path or "containers" in path or len(path) <= 2:
        return replace(fact, block=opened(fact.block, "a JSON patch of a kustomization"))
    return fact


def _set(block: Block, key: str, one: Operation) -> Block:
    """A block with one setting of a `config` replaced, added or taken away."""
    settings = [setting for setting in block.settings if setting.key != key]
    value, path = one.node.get("value"), one.node.get("path")
    if one.sort != "remove" and isinstance(value, Scalar) and isinstance(path, Scalar):
        span = one.text.span(value.start, value.end)
        shown = one.text.text[value.start : value.end][:200]
        alternative = Alternative(value_of(value), (), span, (Origin("file", shown, span),))
        key_span = one.text.span(path.start, path.end)
        settings.append(WrittenSetting(key, key_span, (alternative,)))
    return replace(block, settings=tuple(settings))
