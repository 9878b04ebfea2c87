"""What the container files of a project configure together."""

from __future__ import annotations

from collections.abc import Mapping

from oncelint.discover import kind_of
from oncelint.extract import recognised
from oncelint.formats import read
from oncelint.frameworks.containers.joining import assemble
from oncelint.model.facts import ConfigFact
from oncelint.model.values import Known
from oncelint.text import SourceText


def facts(files: Mapping[str, str]) -> list[ConfigFact]:
    """The configurations of compose files and Dockerfiles, joined over all of them."""
    found: list[ConfigFact] = []
    for path, body in files.items():
        kind = kind_of(path)
        if kind in ("yaml", "dockerfile"):
            text = SourceText(path, body)
            found.extend(recognised(kind, read(kind, text), text, path))

    def content(path: str) -> bytes | None:
        return files[path].encode() if path in files else None

    return assemble(found, content)


def settings(fact: ConfigFact) -> dict[str, object]:
    """The settings of a configuration; what is not known stays as it is."""
    return {
        one.key: one.value.value if isinstance(one.value, Known) else one.value
        for one in fact.block.settings
    }
