"""The services of a docker compose file, one fact each, as they are written.

What a service is, and what its environment comes to, is known only when all files are: its `.env`,
its `env_file`s, the Dockerfile it is built from, the override beside it (`joining.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from oncelint.formats.tree import Document, Mapping, Node, Scalar, Sequence
from oncelint.formats.yaml import tag_of
from oncelint.frameworks.containers.environment import block_of
from oncelint.model.facts import Block, ConfigFact
from oncelint.text import Text

ROLE = "container"
"""The role of a fact that is still to be joined."""

SEPARATOR = "\n"

# What a service says by attribute (Compose specification, "Merge"): the details that hold it.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "environment": (),
    "env_file": ("env_file",),
    "command": ("command",),
    "entrypoint": ("entrypoint",),
    "image": ("image",),
    "build": ("build", "dockerfile", "target", "args"),
    "volumes": ("mounts",),
    "scale": ("replicas",),
    "deploy": ("replicas",),
    "profiles": ("apart",),
    "extends": ("extends", "extends_file"),
}
APPENDED = ("env_file", "mounts", "args")
"""Details that are lists: a file on top of another one adds to them."""


def of_services(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    """A fact for each service of a compose file."""
    for root in document.roots:
        found = root.get("services") if isinstance(root, Mapping) else None
        if isinstance(root, Mapping) and found is None and _is_first_version(root):
            found = root
        if not isinstance(found, Mapping):
            continue
        included = isinstance(root, Mapping) and root.get("include") is not None
        apart = {"apart": "other files are included"} if included else {}
        for entry in found.entries:
            span = text.span(entry.key.start, entry.key.end)
            if tag_of(entry, text) == "reset":
                gone = {"tags": "=reset", "file": path}
                yield ConfigFact(
                    "docker-compose", ("java",), ROLE, Block(()), span, entry.key.text, details=gone
                )
            elif isinstance(entry.value, Mapping) and not entry.merged and _is_service(entry.value):
                details = _details(entry.value, path.rpartition("/")[0])
                tags = {"": tag_of(entry, text), **_tags(entry.value, text)}
                block, reset = _environment(entry.value, text)
                marks = {
                    "tags": SEPARATOR.join(f"{key}={tag}" for key, tag in tags.items() if tag),
                    "reset": SEPARATOR.join(reset),
                }
                details.update((key, value) for key, value in marks.items() if value)
                yield ConfigFact(
                    "docker-compose",
                    ("java",),
                    ROLE,
                    block,
                    span,
                    entry.key.text,
                    details={**details, **apart, "file": path},
                )


def _tags(service: Mapping, text: Text) -> dict[str, str]:
    """How attributes of a service are meant where another file stands below: `override` takes that
    one's place, `reset` leaves nothing."""
    found = {
        entry.key.text: tag_of(entry, text)
        for entry in service.entries
        if entry.key.text in ATTRIBUTES
    }
    return {key: tag for key, tag in found.items() if tag in ("override", "reset")}


def _environment(service: Mapping, text: Text) -> tuple[Block, tuple[str, ...]]:
    """The variables of a service, and the names of those that are reset."""
    node = service.get("environment")
    block = block_of(node, text)
    if not isinstance(node, Mapping):
        return block, ()
    reset = {entry.key.text for entry in node.entries if tag_of(entry, text) == "reset"}
    kept = tuple(one for one in block.settings if one.key not in reset)
    return replace(block, settings=kept), tuple(sorted(reset))


def _is_first_version(root: Mapping) -> bool:
    """The first version of the format had the services at the top."""
    services = [entry.value for entry in root.entries if isinstance(entry.value, Mapping)]
    return bool(services) and all(
        isinstance(one.get("image"), Scalar) or one.get("build") is not None for one in services
    )


def _is_service(mapping: Mapping) -> bool:
    """Whether a mapping can be a service: Kubernetes' `services:` and others are lists or have
    none of these keys."""
    keys = {entry.key.text for entry in mapping.entries}
    return bool(keys & {"image", "build", "environment", "env_file", "extends", "deploy"})


def _details(service: Mapping, folder: str) -> dict[str, str]:
    """What a service says besides its variables; paths start at the project's root."""
    build = service.get("build")
    deploy = service.get("deploy")
    extends = service.get("extends")
    found = {
        "image": _text(service.get("image")),
        "build": _text(build),
        "command": _words(service.get("command")),
        "entrypoint": _words(service.get("entrypoint")),
        "replicas": _text(service.get("scale")),
        "env_file": SEPARATOR.join(_env_files(service.get("env_file"), folder)),
        "mounts": SEPARATOR.join(_mounts(service.get("volumes"))),
        "extends": _text(extends),
    }
    if isinstance(build, Mapping):
        found["build"] = _text(build.get("context")) or "."
        found["dockerfile"] = _text(build.get("dockerfile"))
        found["target"] = _text(build.get("target"))
        arguments = build.get("args")
        if isinstance(arguments, Mapping):
            found["args"] = SEPARATOR.join(
                f"{entry.key.text}={_text(entry.value)}" for entry in arguments.entries
            )
        elif isinstance(arguments, Sequence):
            found["args"] = SEPARATOR.join(_text(item) for item in arguments.items)
        if build.get("dockerfile_inline") is not None:
            found["dockerfile"] = "?"
    if found["build"]:
        found["build"] = f"{folder}/{found['build']}"
    if isinstance(service.get("profiles"), Sequence):
        found["apart"] = "it runs with a profile only"
    if isinstance(deploy, Mapping):
        found["replicas"] = _text(deploy.get("replicas")) or found["replicas"]
    if isinstance(extends, Mapping):
        found["extends"] = _text(extends.get("service"))
        found["extends_file"] = _text(extends.get("file"))
    return {key: value for key, value in found.items() if value}


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and node.value is not None else ""


def _words(node: Node | None) -> str:
    if isinstance(node, Sequence):
        return " ".join(_text(item) for item in node.items)
    return _text(node)


def _env_files(node: Node | None, folder: str) -> Iterator[str]:
    """The environment files in order; one that need not be there has a `?` before it."""
    if isinstance(node, Scalar):
        yield f"{folder}/{node.text}"
    elif isinstance(node, Sequence):
        for item in node.items:
            if isinstance(item, Mapping):
                required = item.get("required")
                optional = isinstance(required, Scalar) and required.value is False
                yield ("?" if optional else "") + f"{folder}/{_text(item.get('path'))}"
            else:
                yield f"{folder}/{_text(item)}"


def _mounts(node: Node | None) -> Iterator[str]:
    """The places in the container where something is mounted."""
    for item in node.items if isinstance(node, Sequence) else ():
        if isinstance(item, Mapping):
            yield _text(item.get("target"))
        else:
            parts = _text(item).split(":")
            if len(parts) > 1:
                yield parts[1]
