"""The image that a Dockerfile makes: what it is built on, and the environment it sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from oncelint.formats import read as parse
from oncelint.formats.tree import Document, FormatError, Scalar
from oncelint.formats.tree import Mapping as MappingNode
from oncelint.frameworks.blocks import layered
from oncelint.frameworks.containers.environment import (
    Read,
    Variables,
    block_of,
    filled,
    settled,
)
from oncelint.frameworks.containers.services import ROLE
from oncelint.model.facts import Block, ConfigFact
from oncelint.text import SourceText, Text, TextError

PLACEMENT = "Dockerfile"


def of_dockerfile(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    """A fact for the image that a Dockerfile makes."""
    made = image_of(document, text, {}, "")
    if made is not None:
        image, block = made
        first = next((one.key_span for one in block.settings), None)
        span = first or text.span(document.roots[-1].start, document.roots[-1].start)
        details = {"file": path, "image": image, "kind": PLACEMENT}
        yield ConfigFact(PLACEMENT, ("java",), ROLE, block, span, details=details)


def image_of(
    document: Document, text: Text, arguments: Mapping[str, str], target: str
) -> tuple[str, Block] | None:
    """What the last stage (or `target`) is built on in the end, and all variables on the way.

    None when that is not known. `arguments` are those of the build.
    """
    known: dict[str, str] = {}
    stages: dict[str, tuple[str, Block]] = {}
    result: tuple[str, Block] | None = None
    for root in document.roots:
        if not isinstance(root, MappingNode):
            continue
        base = root.get("FROM")
        if not isinstance(base, Scalar):
            known.update(_arguments(root, arguments))
            continue
        variables = Variables(lambda path: None, "", known)
        image = filled(base.text, variables)
        # an image that is not known is still one, and another stage may be wanted
        before, blocks = stages.get(image or base.text, (image or base.text, Block(())))
        here = Variables(lambda path: None, "", {**known, **_arguments(root, arguments)})
        own = [
            settled(block_of(entry.value, text), here)
            for entry in root.entries
            if entry.key.text == "ENV" and isinstance(entry.value, MappingNode)
        ]
        result = before, layered(blocks, *own)
        name = _stage_name(text, base)
        if name:
            stages[name] = result
            if name == target:
                break
    return result


def _arguments(root: MappingNode, given: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in root.entries:
        if entry.key.text == "ARG" and isinstance(entry.value, MappingNode):
            for one in entry.value.entries:
                if one.key.text in given:
                    found[one.key.text] = given[one.key.text]
                elif isinstance(one.value, Scalar) and one.value.value is not None:
                    found[one.key.text] = one.value.text
    return found


def _stage_name(text: Text, base: Scalar) -> str:
    words = text.text[base.end :].split("\n", 1)[0].split()
    return words[1] if len(words) > 1 and words[0].upper() == "AS" else ""


def built(
    read: Read, path: str, arguments: Mapping[str, str], target: str
) -> tuple[str, Block] | None:
    """`image_of` for a Dockerfile of the project."""
    data = read(path)
    if data is None:
        return None
    try:
        text = SourceText.decode(path, data)
        document = parse("dockerfile", text)
    except (TextError, FormatError):
        return None
    return image_of(document, text, arguments, target)
