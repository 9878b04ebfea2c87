"""Documents inside documents: which parts of a file are a text of another format.

A ConfigMap's `application.properties: |`, the script of a `command:`, the JSON of a heredoc. A host
is a module here that `HOSTS` names by the format it stands in; its `find(document, text)` yields what
is embedded. What is found is read like a file of its own, with places in the file it stands in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module

from oncelint.formats.conf import conf_kind
from oncelint.formats.tree import Document
from oncelint.patches import Patch, apply
from oncelint.text import Region, Text

HOSTS: dict[str, str] = {
    "yaml": "oncelint.formats.hosts.yaml",
    "shell": "oncelint.formats.hosts.shell",
    "markdown": "oncelint.formats.hosts.markdown",
    "dockerfile": "oncelint.formats.hosts.dockerfile",
    "hcl": "oncelint.formats.hosts.hcl",
    "json": "oncelint.formats.hosts.json",
}


@dataclass(frozen=True, slots=True)
class Embedded:
    """A text of format `kind` in a host. `name` is what it would be called as a file."""

    kind: str
    name: str
    region: Region


def embedded(kind: str, document: Document, text: Text) -> Iterator[Embedded]:
    """What stands in a document of format `kind`, outermost first; not what stands in that."""
    module = HOSTS.get(kind)
    if module is None:
        return
    for one in import_module(module).find(document, text):
        if one.kind == "conf":
            one = replace(one, kind=conf_kind(one.region.text))
        yield one


def hosted(patches: Sequence[Patch], text: Text) -> list[Patch]:
    """Patches of a text as patches of the file that it is embedded in, if it is."""
    while isinstance(text, Region):
        if text.margin is None:
            patches = [_placed(one, text) for one in patches]
        else:
            patches = [_lines(group, text, text.margin) for group in _groups(patches, text.text)]
        text = text.host
    return list(patches)


def _placed(patch: Patch, region: Region) -> Patch:
    inserts = patch.start == patch.end
    last = inserts and patch.start == len(region.text)
    start = region.host_offset(patch.start, end=last)
    end = start if inserts else region.host_offset(patch.end, end=True)
    return Patch(start, end, region.encode(patch.replacement))


def _groups(patches: Sequence[Patch], text: str) -> Iterator[list[Patch]]:
    """Patches by the lines they change, together where they change the same or neighbouring ones."""
    group: list[Patch] = []
    for patch in sorted(patches):
        if group and _begin(text, patch.start) > _end(text, group[-1].end):
            yield group
            group = []
        group.append(patch)
    if group:
        yield group


def _begin(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _end(text: str, offset: int) -> int:
    """Where the line that an offset stands in ends, with its line end."""
    found = text.find("\n", offset)
    return len(text) if found < 0 else found + 1


def _lines(patches: Sequence[Patch], region: Region, margin: str) -> Patch:
    """What becomes of the host's lines when the region's lines change; the lines' own beginnings
    and ends that stay are left out of the patch."""
    text, host = region.text, region.host.text
    begin, end = _begin(text, patches[0].start), _end(text, patches[-1].end)
    inside = [Patch(p.start - begin, p.end - begin, p.replacement) for p in patches]
    after = apply(text[begin:end], inside)
    first = host.rfind("\n", 0, region.host_offset(begin, end=begin == len(text))) + 1
    if begin == len(text):  # behind the last line
        first = region.host_offset(begin, end=True)
    last = region.host_offset(end, end=True)
    lines = after.splitlines(keepends=True)
    written = "".join(margin + line if line.strip("\r\n") else line for line in lines)
    return _trimmed(Patch(first, last, written), host)


def _trimmed(patch: Patch, host: str) -> Patch:
    old, new = host[patch.start : patch.end], patch.replacement
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    tail = 0
    while tail < min(len(old), len(new)) - same and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return Patch(patch.start + same, patch.end - tail, new[same : len(new) - tail])
