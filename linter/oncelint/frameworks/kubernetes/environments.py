"""Joining workloads with what they take from ConfigMaps, and with what their images make of it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from oncelint.frameworks.blocks import layered
from oncelint.frameworks.kubernetes.workloads import CONFIG_MAP, ROLE, SCALER
from oncelint.model.facts import Block, ConfigFact, WrittenSetting

_REFERENCE = "configMapKeyRef"
# what starts an image's own program, in a command of a manifest
_STARTS = ("docker/run", "entrypoint", "start-kafka", "run.sh", "-server-start")
_IDS = frozenset({"broker.id", "node.id"})


def deployed(facts: Sequence[ConfigFact]) -> list[ConfigFact]:
    """Facts with the variables of workloads resolved, their replicas where something scales them,
    and what their images make of the variables."""
    maps = [fact for fact in facts if fact.role == CONFIG_MAP]
    scalers = [fact for fact in facts if fact.role == SCALER]
    workloads = {
        index: _scaled(_with_variables(fact, maps), scalers)
        for index, fact in enumerate(facts)
        if fact.role == ROLE
    }
    built = _built(facts)
    result: list[ConfigFact] = []
    for index, fact in enumerate(facts):
        if index in workloads:
            result.append(workloads[index])
            result.extend(_by_image(workloads[index], built))
        elif fact.role != SCALER:
            result.append(fact)
    return _side_by_side(result)


def _side_by_side(facts: list[ConfigFact]) -> list[ConfigFact]:
    """Brokers with a manifest each may be one cluster: where they do not all tell their ids, how
    many belong together is not known."""
    folders: dict[str, list[ConfigFact]] = {}
    for fact in facts:
        if _is_container_broker(fact):
            folders.setdefault(_folder(fact), []).append(fact)
    unclear = {
        folder
        for folder, group in folders.items()
        if len({one.span.path for one in group}) > 1
        and any(not _IDS & {setting.key for setting in one.block.settings} for one in group)
    }
    reason = "brokers of the manifests beside it"
    return [
        replace(fact, details={**fact.details, "open": reason})
        if _is_container_broker(fact) and _folder(fact) in unclear
        else fact
        for fact in facts
    ]


def _is_container_broker(fact: ConfigFact) -> bool:
    return fact.role == "broker" and "service" in fact.details and "resource" in fact.details


def _built(facts: Sequence[ConfigFact]) -> dict[str, str]:
    """What the project's own images are built on, by the folder of their Dockerfile: images are
    called like it. A name that two folders have tells nothing."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for fact in facts:
        if fact.role == "container" and fact.details.get("kind") == "Dockerfile":
            folder = posixpath.basename(_folder(fact))
            twice.update({folder} & set(found))
            found[folder] = fact.details["image"]
    return {name: image for name, image in found.items() if name and name not in twice}


def _by_image(fact: ConfigFact, built: Mapping[str, str]) -> Iterator[ConfigFact]:
    """What the variables of a workload come to in an image that makes settings of them; `built`
    are the project's own images."""
    from oncelint.frameworks.containers.images import (  # with its tables
        Place,
        configurations,
        family_by_environment,
        family_of,
        split,
    )

    image, command = fact.details.get("image", ""), fact.details.get("command", "")
    reason = None
    family = family_of(image)
    own = built.get(split(image)[0].rpartition("/")[2]) if family is None else None
    if own is not None and family_of(own) is not None:
        image, family = own, family_of(own)
        reason = "the environment that the image is built with"
    if family is None:
        family = family_by_environment(frozenset(one.key for one in fact.block.settings))
        reason = "the image is not known"
    if family is None:
        return
    if command:
        if not any(one in command for one in _STARTS):
            return  # the image's tools, not what it is for
        reason = "the command of the container"
    place = Place(
        fact.placement,
        fact.span,
        fact.instances,
        {
            "resource": fact.details["resource"],
            "service": fact.name,
            "image": image,
        },
        reason,
        tuple(fact.details.get("mounts", "").split()),
    )
    yield from configurations(family, image, fact.block, place)


def _with_variables(fact: ConfigFact, maps: Sequence[ConfigFact]) -> ConfigFact:
    """A workload with the data of ConfigMaps among its variables; what is written for the container
    itself counts over them."""
    reason = fact.block.open_reason
    blocks: list[Block] = []
    for name in fact.details.get("from", "").split():
        found = map_of(name, fact, maps)
        if found is None:
            reason = f"the data of {name}, which the project does not have"
        else:
            blocks.append(found.block)
    own = tuple(_resolved(one, fact, maps) for one in fact.block.settings)
    block = layered(*blocks, replace(fact.block, settings=own))
    return replace(fact, block=replace(block, open_reason=reason))


def _resolved(
    setting: WrittenSetting, fact: ConfigFact, maps: Sequence[ConfigFact]
) -> WrittenSetting:
    """A variable that takes a ConfigMap's key, with that key's value and its place."""
    origins = [origin for one in setting.alternatives for origin in one.origins]
    reference = next((one.value for one in origins if one.note == _REFERENCE), None)
    if reference is None:
        return setting
    name, _, key = reference.partition("/")
    found = map_of(name, fact, maps)
    held = next((one for one in found.block.settings if one.key == key), None) if found else None
    if held is None:
        return setting
    return replace(setting, alternatives=held.alternatives)


def map_of(name: str, fact: ConfigFact, maps: Sequence[ConfigFact]) -> ConfigFact | None:
    """The ConfigMap that a workload means: the one of its folder, or the project's only one."""
    found = [one for one in maps if one.name == name]
    near = [one for one in found if _folder(one) == _folder(fact)]
    for some in (near, found):
        if len(some) == 1:
            return some[0]
    return None


def _folder(fact: ConfigFact) -> str:
    return posixpath.dirname(fact.span.path)


def _scaled(fact: ConfigFact, scalers: Iterable[ConfigFact]) -> ConfigFact:
    for one in scalers:
        if one.details["target"] != fact.details["resource"]:
            continue
        most = one.instances
        if most is None or fact.instances is None:
            return replace(fact, instances=None)
        return replace(fact, instances=max(most, fact.instances))
    return fact
