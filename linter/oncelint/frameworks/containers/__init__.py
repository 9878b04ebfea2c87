"""Placement: docker compose files, and the environment that a Dockerfile sets.

Which image's variables mean what is in `images.py`; other placements of containers (a pod's `env:`)
hand their variables to `configurations` there.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.formats.tree import Document, Mapping
from oncelint.frameworks.containers.dockerfiles import of_dockerfile
from oncelint.frameworks.containers.joining import assemble
from oncelint.frameworks.containers.services import of_services
from oncelint.model.facts import ConfigFact
from oncelint.text import Text


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    """A fact of the role "container" for each service or image; `assemble` makes of them what is
    configured by them."""
    if any(isinstance(root, Mapping) and root.get("FROM") is not None for root in document.roots):
        yield from of_dockerfile(document, text, path)
    else:
        yield from of_services(document, text, path)


__all__ = ["assemble", "recognise"]
