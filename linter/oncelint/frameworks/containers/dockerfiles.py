"""The image that a Dockerfile makes: what it is built on, and the environment it sets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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
from oncelint.frameworks.containers.services import ROLE, SEPARATOR
from oncelint.model.facts import Block, ConfigFact
from oncelint.text import SourceText, Text, TextError

PLACEMENT = "Dockerfile"

_FLAGS = re.compile(r"--[\w-]+(?:=\S*)?")
# the files in shell commands that the images are started with
_EDITED = re.compile(r"[\w./${}-]*\b(?:server|broker|connect-distributed)\.properties\b")


@dataclass(frozen=True, slots=True)
class Image:
    """What a Dockerfile makes.

    `name` is the image that it is built on in the end, `variables` is the environment that is set
    on the way. `files` are the places that something is copied to that may be read instead of the
    image's own configuration; `entrypoint` and `command` what it is started with, as written.
    """

    name: str
    variables: Block
    files: tuple[str, ...] = ()
    entrypoint: str = ""
    command: str = ""


def of_dockerfile(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    """A fact for the image that a Dockerfile makes."""
    made = image_of(document, text, {}, "")
    if made is not None:
        block = made.variables
        first = next((one.key_span for one in block.settings), None)
        span = first or text.span(document.roots[-1].start, document.roots[-1].start)
        details = {"file": path, "image": made.name, "kind": PLACEMENT}
        started = f"{made.entrypoint} {made.command}".strip()
        details |= {"started": started, "files": SEPARATOR.join(made.files)}
        yield ConfigFact(PLACEMENT, ("java",), ROLE, block, span, details=details)


def image_of(
    document: Document, text: Text, arguments: Mapping[str, str], target: str
) -> Image | None:
    """The image that the last stage (or `target`) makes.

    None when that is not known. `arguments` are those of the build.
    """
    known: dict[str, str] = {}
    stages: dict[str, Image] = {}
    result: Image | None = None
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
        before = stages.get(image or base.text) or Image(image or base.text, Block(()))
        here = Variables(lambda path: None, "", {**known, **_arguments(root, arguments)})
        own = [
            settled(block_of(entry.value, text), here)
            for entry in root.entries
            if entry.key.text == "ENV" and isinstance(entry.value, MappingNode)
        ]
        entrypoint, command = _started(root, before)
        files = (*before.files, *_files(root, here))
        variables_ = layered(before.variables, *own)
        result = Image(before.name, variables_, files, entrypoint, command)
        name = _stage_name(text, base)
        if name:
            stages[name] = result
            if name == target:
                break
    return result


def _started(root: MappingNode, before: Image) -> tuple[str, str]:
    """The ENTRYPOINT and CMD of a stage; the one takes away the other of what it is built on
    (Dockerfile reference, "Understand how CMD and ENTRYPOINT interact")."""
    own = {
        entry.key.text: _words(entry.value.text)
        for entry in root.entries
        if entry.key.text in ("ENTRYPOINT", "CMD") and isinstance(entry.value, Scalar)
    }
    entrypoint = own.get("ENTRYPOINT", before.entrypoint)
    return entrypoint, own.get("CMD", "" if "ENTRYPOINT" in own else before.command)


def _words(written: str) -> str:
    """The words of an instruction, however it is written: as a JSON array, on several lines."""
    plain = re.sub(r"[\\`]\s*\n", " ", written).strip()
    if plain.startswith("["):
        plain = re.sub(r'[\[\]",]+', " ", plain)
    return " ".join(plain.split())


def _files(root: MappingNode, variables: Variables) -> Iterator[str]:
    """Where COPY and ADD put properties, or folders with who knows what, and the files of an image
    that RUN has to do with."""
    folder = ""
    for entry in root.entries:
        word, value = entry.key.text, entry.value
        if word in ("COPY", "ADD") and isinstance(value, MappingNode):
            yield from (_in(folder, one.key.text, variables) for one in value.entries)
        elif not isinstance(value, Scalar):
            continue
        elif word == "WORKDIR":
            folder = _in(folder, value.text.strip(), variables)
        elif word == "RUN":
            yield from (_in(folder, one, variables) for one in _EDITED.findall(value.text))
        elif word in ("COPY", "ADD"):
            *sources, target = _words(_FLAGS.sub(" ", value.text)).split() or [""]
            names = [target] if "." in _name(target).strip(".") else sources
            if any(_may_configure(_name(one)) for one in names):
                yield _in(folder, target, variables)


def _name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _may_configure(name: str) -> bool:
    """Whether what is copied can be a broker's or a worker's file: other files have an ending of
    their own, and so have those for logs a name."""
    if "log4j" in name or "logging" in name:
        return False
    return name.endswith(".properties") or "." not in name.strip(".") or "*" in name


def _in(folder: str, written: str, variables: Variables) -> str:
    """A path of the image, from the folder that commands are run in."""
    path = (filled(written, variables) or written).rstrip("/")
    return path if path.startswith(("/", "$")) or not folder else f"{folder}/{path}"


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


def built(read: Read, path: str, arguments: Mapping[str, str], target: str) -> Image | None:
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
