"""Recognises files that are no configuration yet: templates another program fills in first.

A name decides (`server.properties.j2`), or a delimiter where the format would not have one. No
template: `${VAR}`, which Spring, compose and Quarkus resolve themselves and which only a name such
as `x.env.template` makes an envsubst template, and delimiters that stand merely inside quotes,
block scalars or comments, for these texts are read as they are: GitHub's `${{ x }}`, Prometheus'
"{{ $labels.topic }}", Ansible's "{{ kafka_host }}". A properties or INI file has no quotes, so
that a delimiter anywhere but in a comment counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BY_SUFFIX = {
    "j2": "Jinja template",
    "jinja": "Jinja template",
    "jinja2": "Jinja template",
    "erb": "ERB template",
    "mustache": "Mustache template",
    "hbs": "Handlebars template",
    "gotmpl": "Go template",
}
_UNSPECIFIC_SUFFIXES = {"tmpl", "tpl", "template"}
_QUOTING_SUFFIXES = {"yaml", "yml", "json", "toml", "env"}
_PLAIN_SUFFIXES = {"properties", "ini", "cfg", "cnf", "conf", "sql", "ksql"}

_DELIMITER = r"(?<!\$)\{\{|\{%[-+]?\s|<%[-=#\s]"
# Compiled on use: most files hold no delimiter at all.
_PLAIN_TOKEN = rf"(?P<comment>^[ \t]*(?:[#!;]|--)[^\r\n]*)|(?P<delimiter>{_DELIMITER})"
# A quote opens a string only where a value may begin: `don't` holds an apostrophe.
_QUOTING_TOKEN = (
    r"(?P<comment>(?:^|(?<=\s))#[^\r\n]*)"
    r"|(?:^|(?<=[\s\[{,:=(]))(?:'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<block>(?<=[ \t])[|>][-+0-9]*[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|\Z))"
    rf"|(?P<delimiter>{_DELIMITER})"
)
_LINE = re.compile(r"[\r\n]+(?P<indent>[ ]*)(?P<content>[^\r\n]*)")
_BLOCK_OWNER = re.compile(r"[ ]*(?:[-?][ ]+)*")
_WINDOW = 200_000
_HELM = re.compile(r"\{\{-?\s*(?:\.(?:Values|Release|Chart|Capabilities|Files)\b|include\b|tpl\b)")
_HELM_LOGIC = re.compile(
    r"\{\{-?\s*(?:if|range|with|toYaml)\b[^}\r\n]{0,200}?\.(?:Values|Release|Chart|Capabilities)\b"
)
_GO = re.compile(
    r"\{\{-?\s*(?:[.$]|(?:if|range|with|define|template|block)\s+[^}\r\n]{0,200}?[.$\"]|/\*|end\s*-?\}\})"
)
_ENVSUBST = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


def template_kind(text: str, path: str) -> str | None:
    """What kind of template a file is, for instance "Helm template"; None when it is none.

    `path` decides how `text` is looked at: which suffix, and whether it lies in a Helm chart's
    `templates/` folder.
    """
    name = path.rsplit("/", 1)[-1].lower()
    suffix = name.rsplit(".", 1)[-1] if "." in name else ""
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if suffix in _UNSPECIFIC_SUFFIXES:
        return _kind_of_delimiters(text)
    if name == ".env" or name.startswith(".env."):
        suffix = "env"
    if suffix not in _QUOTING_SUFFIXES | _PLAIN_SUFFIXES:
        return None
    if "{{" not in text and "{%" not in text and "<%" not in text:
        return None
    in_chart = "/templates/" in f"/{path}" and suffix in ("yaml", "yml")
    if in_chart and _is_helm(text):
        # A chart fills in quoted and block text as well.
        return "Helm template"
    places = _quoting_places(text) if suffix in _QUOTING_SUFFIXES else _plain_places(text)
    first = next(places, None)
    return None if first is None else _kind_at(text, first)


def _kind_of_delimiters(text: str) -> str:
    """The kind of a file that its name calls a template."""
    places = [text.find(opening) for opening in ("{{", "{%", "<%")]
    found = [place for place in places if place >= 0]
    if found:
        return _kind_at(text, min(found))
    return "envsubst template" if _ENVSUBST.search(text) else "template"


def _kind_at(text: str, place: int) -> str:
    """The kind of the template whose first delimiter stands at `place`."""
    if text.startswith("<%", place):
        return "ERB template"
    if _is_helm(text):
        return "Helm template"
    if "{%" not in text and _GO.match(text, place):
        return "Go template"
    return "Jinja template"


def _is_helm(text: str) -> bool:
    # The beginning is enough to tell, and looking for what is missing costs time.
    return bool(_HELM.search(text, 0, _WINDOW) or _HELM_LOGIC.search(text, 0, _WINDOW))


def _plain_places(text: str) -> Iterator[int]:
    """Delimiters outside comment lines."""
    for match in re.finditer(_PLAIN_TOKEN, text, re.MULTILINE):
        if match.group("delimiter"):
            yield match.start()


def _quoting_places(text: str) -> Iterator[int]:
    """Delimiters outside quotes, block scalars and comments."""
    token = re.compile(_QUOTING_TOKEN, re.MULTILINE | re.DOTALL)
    place = 0
    while match := token.search(text, place):
        place = match.end()
        if match.group("delimiter"):
            yield match.start()
        elif match.group("block"):
            place = _behind_block(text, match)


def _behind_block(text: str, header: re.Match[str]) -> int:
    """The end of the block scalar whose header was matched: where a line is indented less."""
    line_start = max(text.rfind("\n", 0, header.start()), text.rfind("\r", 0, header.start())) + 1
    owner = _BLOCK_OWNER.match(text, line_start)
    indent = owner.end() - line_start if owner else 0
    if line_start + indent == header.start():
        # `- |`: the item's dash owns the block
        indent = max(text.rfind(character, line_start, header.start()) for character in "-?")
        indent = max(indent - line_start, 0)
    place = header.end()
    for line in _LINE.finditer(text, place):
        if line.group("content").strip() and len(line.group("indent")) <= indent:
            break
        place = line.end()
    return place
