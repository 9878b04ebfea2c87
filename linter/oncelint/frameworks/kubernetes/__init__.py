"""Placement: manifests of Kubernetes: operators' resources, workloads, values of Helm charts,
and what kustomize makes of them.

A manifest may be whole or a patch of another one: what lacks the fields that its schema requires is
open, and `assemble` lays patches over the resources that a kustomization applies them to.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence

from oncelint.formats.tree import Document
from oncelint.frameworks.kubernetes import confluent, helm, strimzi, workloads
from oncelint.frameworks.kubernetes.clusters import clustered
from oncelint.frameworks.kubernetes.environments import deployed
from oncelint.frameworks.kubernetes.kustomize import NAMES
from oncelint.frameworks.kubernetes.overlays import KUSTOMIZATION, RESOURCE, kustomized
from oncelint.frameworks.kubernetes.resources import resources
from oncelint.model.facts import Block, ConfigFact
from oncelint.text import Text


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    if posixpath.basename(path) in NAMES:
        yield ConfigFact("kustomization", ("java",), KUSTOMIZATION, Block(()), text.span(0, 0))
        return
    if helm.is_values(path):
        yield from helm.facts(document, text)
    for resource in resources(document, text):
        if resource.group == strimzi.GROUP:
            yield from strimzi.facts(resource, text)
        elif resource.group == confluent.GROUP:
            yield from confluent.facts(resource, text)
        elif resource.kind in ("HelmRelease", "Application"):
            yield from helm.released(resource, text)
        else:
            yield from workloads.facts(resource, text)


def assemble(facts: Sequence[ConfigFact], read: Callable[[str], bytes | None]) -> list[ConfigFact]:
    """The facts of a project with patches laid over what they are for and clusters told apart."""
    facts = helm.proven(facts, read)
    if not any(RESOURCE in fact.details or fact.role == KUSTOMIZATION for fact in facts):
        return list(facts)
    return clustered(deployed(kustomized(_once(facts), read)))


def _once(facts: Sequence[ConfigFact]) -> list[ConfigFact]:
    """Facts without those that others make of a resource's own mapping: a `config` that repeats its
    `connector.class` looks like a connector's file."""
    own = {home.span for fact in facts if "operator" in fact.details for home in fact.block.homes}
    return [
        fact
        for fact in facts
        if "operator" in fact.details or not any(home.span in own for home in fact.block.homes)
    ]
