"""Texts in Terraform: heredocs whose attribute or marker tells what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from oncelint.formats.hcl import heredoc
from oncelint.formats.hosts import Embedded
from oncelint.formats.tree import Document, Mapping, Scalar, walk
from oncelint.text import Piece, Region, Text

# aws_msk_configuration, aws_mskconnect_worker_configuration and kubectl_manifest, by the Terraform
# providers' pages
_ATTRIBUTES: dict[str, tuple[str, str]] = {
    "server_properties": ("properties", "msk-configuration.properties"),
    "properties_file_content": ("properties", "connect-worker.properties"),
    "yaml_body": ("yaml", "manifest.yaml"),
}
_FILE_NAME = re.compile(r"[\w./-]*\.(properties|ya?ml|json|toml|ini|env|sh|sql)")
_KINDS = {"yml": "yaml", "env": "dotenv", "sh": "shell"}
_MARKERS = {
    "PROPERTIES": "properties",
    "JSON": "json",
    "YAML": "yaml",
    "YML": "yaml",
    "SQL": "sql",
    "BASH": "shell",
    "SH": "shell",
    "SHELL": "shell",
}


def find(document: Document, text: Text) -> Iterator[Embedded]:
    for root in document.roots:
        for node in walk(root):
            if not isinstance(node, Mapping):
                continue
            for entry in node.entries:
                value = entry.value
                if isinstance(value, Scalar) and value.style == "block":
                    told = _told(entry.key.text, value, text)
                    region = heredoc_region(value, text)
                    if told is not None and region is not None:
                        yield Embedded(*told, region)


def _told(attribute: str, scalar: Scalar, text: Text) -> tuple[str, str] | None:
    """The kind and the name of what a heredoc holds; None where neither key nor marker tells."""
    if attribute in _ATTRIBUTES:
        return _ATTRIBUTES[attribute]
    name = _FILE_NAME.fullmatch(attribute)
    if name is not None:
        kind = name.group(1)
        return _KINDS.get(kind, kind), attribute
    found = heredoc(text.text, scalar)
    marker = found.marker.strip('"').upper() if found else ""
    kind = next((one for word, one in _MARKERS.items() if marker.endswith(word)), "")
    if not kind and attribute == "user_data" and scalar.text.startswith("#!"):
        kind = "shell"
    if not kind and attribute == "command":  # of a local-exec provisioner
        kind = "shell"
    return (kind, f"{attribute}.{kind}") if kind else None


def heredoc_region(scalar: Scalar, text: Text) -> Region | None:
    """The text of a heredoc as a region of its host; None for other scalars.

    An edit is indented as the heredoc's lines are (`<<-` takes their common margin off), and a
    `${` or `%{` in it is doubled.
    """
    found = heredoc(text.text, scalar)
    if found is None or found.end <= found.start:
        return None
    pieces: list[Piece] = []
    parts: list[str] = []
    host, own = found.start, 0
    for line in text.text[found.start : found.end].splitlines(keepends=True):
        cut = min(found.indent, len(line) - len(line.lstrip(" \t")))
        content = line[cut:]
        if content:
            pieces.append(Piece(own, len(content), host + cut, len(content)))
            parts.append(content)
            own += len(content)
        host += len(line)
    first = text.text[found.start : found.end].lstrip("\r\n")
    margin = first[: found.indent]

    def encode(edit: str) -> str:
        literal = re.sub(r"([$%])\{", r"\1\1{", edit)
        return re.sub(r"\n(?!\Z)", lambda _: "\n" + margin, literal)

    return Region("".join(parts), text, tuple(pieces), encode)
