"""Variables of containers that a Spring application reads: the uppermost of its property sources.

Source: Spring Boot reference, "Externalized Configuration" (variables of the environment lie above
all files) and "Binding From Environment Variables".
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from oncelint.frameworks.applications.files import ROLE
from oncelint.frameworks.applications.relaxed import environment
from oncelint.model.facts import Block, ConfigFact

WORKLOAD = "workload"
"""The role of a fact that tells of a container and its variables."""

_ABOVE_FILES = "0900"


def variables_of(
    facts: Sequence[ConfigFact], modules: Collection[str], placement: str
) -> list[ConfigFact]:
    """A document of properties for each container with variables of Spring's.

    It belongs to the one of the `modules` (folders of applications) that the container is built in,
    or that is called like its image; where there is none it stands for an application of its own.
    """
    found = []
    for number, fact in enumerate(one for one in facts if one.role == WORKLOAD):
        settings = tuple(
            replace(one, key=name, shown=one.key)
            for one in fact.block.settings
            if (name := environment(one.key)) is not None
        )
        if not settings:
            continue
        details = {
            "module": _module(fact, modules) or f"{fact.span}#{number}",
            "app": "application",
            "named": "yes",
            "profile": "",
            "rank": f"{_ABOVE_FILES}.{number:04}",
            "file": fact.span.path,
            "variables": "yes",
        }
        block = Block(settings, fact.block.open_reason)
        found.append(
            ConfigFact(placement, ("java",), ROLE, block, settings[0].key_span, details=details)
        )
    return found


def _module(fact: ConfigFact, modules: Collection[str]) -> str | None:
    folder = fact.details.get("folder")
    if folder in modules:
        return folder
    image = fact.details.get("image", "").partition("@")[0].rpartition("/")[2].partition(":")[0]
    named = [one for one in modules if image and one.rpartition("/")[2] == image]
    return named[0] if len(named) == 1 else None
