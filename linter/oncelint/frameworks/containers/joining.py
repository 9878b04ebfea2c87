"""From the services of compose files and the images of Dockerfiles to who is configured by them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from oncelint.formats import read as parse
from oncelint.formats.tree import FormatError
from oncelint.frameworks.blocks import layered
from oncelint.frameworks.containers.dockerfiles import PLACEMENT, Image, built
from oncelint.frameworks.containers.environment import (
    Read,
    Variables,
    file_block,
    filled,
    joined,
    settled,
)
from oncelint.frameworks.containers.images import (
    BROKER,
    Family,
    Place,
    configurations,
    family_by_environment,
    family_of,
)
from oncelint.frameworks.containers.services import (
    APPENDED,
    ATTRIBUTES,
    ROLE,
    SEPARATOR,
    of_services,
)
from oncelint.model.facts import Block, ConfigFact
from oncelint.model.values import Known
from oncelint.text import SourceText, TextError

_MAIN = re.compile(r"(?:docker-)?compose\.ya?ml")
_OVERRIDE = re.compile(r"(?:docker-)?compose\.override\.ya?ml")
_OVERRIDES = tuple(
    f"{name}.override.{ending}"
    for name in ("docker-compose", "compose")
    for ending in ("yml", "yaml")
)
_MAINS = tuple(f"{name}.{end}" for name in ("docker-compose", "compose") for end in ("yml", "yaml"))
_ABOVE = 3
"""How many folders above a Dockerfile's a compose file is looked for."""
_AT_RUN = "what the container is started with"

# What an image's own start script is called, in the image's families.
_STARTS = re.compile(
    r"docker/run\b|docker/launch\b|entrypoint\.sh|/run\.sh|start-kafka|kafka-server-start"
    r"|connect-distributed|connect-standalone|ksql-server-start|ksqldb-server|kafka-rest-start"
    r"|^\s*start\s*$"
)
_OWN_FILE = re.compile(
    r"(?:kafka-server-start|connect-distributed|connect-standalone|ksql-server-start)(?:\.sh)?"
    r"[^;&|]*?\s(\S+\.properties)"
)
# How the images themselves are started, whatever else is done before.
_IMAGES_OWN = re.compile(
    r"/docker/(?:run|launch)\b|/scripts/[\w-]+/(?:entrypoint|run)\.sh\b|start-kafka\.sh"
    r"|/docker-entrypoint\.sh|^\s*start\s*$"
)
# What a container does that is started for one errand.
_ERRANDS = re.compile(
    r"kafka-(?:topics|configs|acls|console|storage|metadata|reassign|consumer|producer|avro)"
    r"|create[-_]topics?\b|\b(?:tail|curl|nc|kcat|kafkacat|tree)\s|\bcub kafka-ready|sleep infinity"
    r"|ksql(?:db)?-?(?:cli)?\s+http|--list\b|--create\b"
)


def assemble(facts: Sequence[ConfigFact], read: Read) -> list[ConfigFact]:
    """Everything that is no container as it was, and in place of these what is configured by them."""
    containers = [fact for fact in facts if fact.role == ROLE]
    if not containers:
        return list(facts)
    found = list(_Project(containers, read).configurations())
    return [*(fact for fact in facts if fact.role != ROLE), *_told_apart(found)]


class _Project:
    def __init__(self, containers: Sequence[ConfigFact], read: Read) -> None:
        self.read = read
        self.variables: dict[str, Variables] = {}
        self.images = [one for one in containers if one.details.get("kind") == PLACEMENT]
        self.services = [one for one in containers if one.details.get("kind") != PLACEMENT]
        self.services += self._unasked_builders()
        self.services += self._unasked_overrides()
        self.by_name = {(one.details["file"], one.name): one for one in self.services}
        self.absorbed: set[str] = set()

    def configurations(self) -> Iterator[ConfigFact]:
        overridden = self._overridden()
        overrides = {id(one) for one in overridden.values()}
        for service in self.services:
            if id(service) in overrides:
                continue
            above = overridden.get((service.details["file"], service.name))
            merged = service if above is None else _on_top(service, above)
            if merged is not None:
                yield from self._of_service(merged)
        for image in self.images:
            if image.details["file"] not in self.absorbed:
                yield from self._of_image(image)

    def _unasked_overrides(self) -> Iterator[ConfigFact]:
        """The services of overrides that say nothing by themselves that anybody knows Kafka by."""
        files = {one.details["file"] for one in self.services}
        folders = {_folder(path) for path in files if _MAIN.fullmatch(_file(path))}
        for folder in sorted(folders):
            for name in _OVERRIDES:
                path = joined(folder, name)
                if path not in files:
                    yield from _services_of(self.read, path)

    def _unasked_builders(self) -> Iterator[ConfigFact]:
        """The services that are built from one of the images, in files that say nothing by
        themselves that anybody knows Kafka by."""
        files = {one.details["file"] for one in self.services}
        wanted = {
            one.details["file"]
            for one in self.images
            if family_of(one.details["image"]) is not None
        }
        folders = {folder: None for path in sorted(wanted) for folder in _around(path)}
        for path in (joined(folder, name) for folder in folders for name in _MAINS):
            for service in _services_of(self.read, path) if path not in files else ():
                if joined("", self._dockerfile(service) or "") in wanted:
                    yield service

    def _dockerfile(self, service: ConfigFact) -> str | None:
        """The Dockerfile that a service is built from; None where it is none or not known."""
        if "build" not in service.details:
            return None
        path = service.details["file"]
        variables = self.variables.setdefault(_folder(path), Variables(self.read, _folder(path)))
        context = filled(service.details["build"], variables)
        name = filled(service.details.get("dockerfile", "Dockerfile"), variables)
        return None if context is None or name is None else joined(joined("", context), name)

    def _overridden(self) -> dict[tuple[str, str], ConfigFact]:
        """The services that docker-compose.override.yml changes, with what it says of them."""
        mains = {
            (_folder(path), name): (path, name)
            for path, name in self.by_name
            if _MAIN.fullmatch(_file(path))
        }
        found: dict[tuple[str, str], ConfigFact] = {}
        for (path, name), fact in self.by_name.items():
            main = mains.get((_folder(path), name)) if _OVERRIDE.fullmatch(_file(path)) else None
            if main is not None:
                found[main] = fact
        return found

    def _of_image(self, image: ConfigFact) -> Iterator[ConfigFact]:
        name = filled(image.details["image"], Variables(lambda path: None, ""))
        family = family_of(name or image.details["image"])
        started = image.details["started"]
        if _OWN_FILE.search(started) or (_ERRANDS.search(started) and not _STARTS.search(started)):
            return
        if family is not None:
            place = Place(
                PLACEMENT,
                image.span,
                None,
                {"image": name or image.details["image"]},
                _AT_RUN,
                tuple(image.details["files"].split(SEPARATOR)),
                _own_start(started),
            )
            yield from configurations(family, name or "", image.block, place)

    def _of_service(self, service: ConfigFact) -> Iterator[ConfigFact]:
        path = service.details["file"]
        variables = self.variables.setdefault(_folder(path), Variables(self.read, _folder(path)))
        service = self._extended(service, frozenset())
        image = filled(service.details.get("image", ""), variables)
        name = image if image is not None else service.details.get("image", "")
        below: list[Block] = []
        family = family_of(name)
        made: Image | None = None
        if family is None and "build" in service.details:
            made = self._built(service, variables)
            if made is not None:
                name = made.name
                below.append(made.variables)
                family = family_of(name)
        files = list(self._files(service, variables))
        environment = layered(*below, *files, settled(service.block, variables))
        # the service's own place, else that of the file that counts most
        homes = service.block.homes or tuple(
            home for block in reversed(files) for home in block.homes
        )
        environment = replace(environment, homes=homes)
        if family is None:
            family = family_by_environment(frozenset(one.key for one in environment.settings))
            if family is None:
                if "build" in service.details:
                    yield self._program(service, environment, variables)
                return
            environment = replace(
                environment,
                open_reason=environment.open_reason or "the image is not known",
            )
        place = self._place(service, family, made or Image(name, Block(())), variables, environment)
        if place is not None:
            yield from configurations(family, name, environment, place)

    def _program(self, service: ConfigFact, environment: Block, variables: Variables) -> ConfigFact:
        """A program of the project's own, which its image or the folder it is built in is called
        like: who is configured by its variables, the program tells."""
        context = filled(service.details["build"], variables) or ""
        built = joined("", context)
        folder = built.rpartition("/")[2]
        image = filled(service.details.get("image", ""), variables)
        return replace(
            service,
            placement="docker-compose",
            role="workload",
            block=environment,
            instances=_replicas(service, variables),
            details={
                "kind": "compose service",
                "image": image or folder or service.name,
                "folder": built,
            },
        )

    def _extended(self, service: ConfigFact, seen: frozenset[str]) -> ConfigFact:
        """A service over the one that it extends."""
        base = service.details.get("extends")
        if base is None or base in seen:
            return service
        file = service.details.get("extends_file")
        path = service.details["file"]
        if file is not None:
            path = joined(_folder(path), file)
        below = self.by_name.get((path, base))
        if below is None:
            reason = f"the service {base} that it extends"
            return replace(
                service,
                block=replace(service.block, open_reason=service.block.open_reason or reason),
            )
        merged = _merged(self._extended(below, seen | {base}), service)
        homes = service.block.homes or merged.block.homes
        details = {**merged.details, "file": service.details["file"]}
        return replace(service, block=replace(merged.block, homes=homes), details=details)

    def _built(self, service: ConfigFact, variables: Variables) -> Image | None:
        path = self._dockerfile(service)
        if path is None:
            return None
        arguments: dict[str, str] = {}
        for line in service.details.get("args", "").split(SEPARATOR):
            key, equals, value = line.partition("=")
            given = filled(value, variables) if equals else None
            if given is not None:
                arguments[key] = given
        self.absorbed.add(path)
        return built(self.read, path, arguments, service.details.get("target", ""))

    def _files(self, service: ConfigFact, variables: Variables) -> Iterator[Block]:
        """The variables of the `env_file`s, the first one lowest."""
        for written in service.details.get("env_file", "").split(SEPARATOR):
            if not written:
                continue
            name = filled(written.removeprefix("?"), variables)
            block = file_block(self.read, joined("", name)) if name is not None else None
            if block is not None:
                yield settled(block, variables)
            elif not written.startswith("?"):
                yield Block((), f"the environment file {written.lstrip('/')}")

    def _place(
        self,
        service: ConfigFact,
        family: Family,
        image: Image,
        variables: Variables,
        environment: Block,
    ) -> Place | None:
        """Where and how a service runs; None when it runs something else than its image's own."""
        details = {"service": service.name, "image": image.name}
        reason: str | None = None
        command = " ".join(
            service.details[key] for key in ("entrypoint", "command") if key in service.details
        )
        if command:
            own = _OWN_FILE.search(command)
            if own is not None:
                reason = f"it is started with {own.group(1)}"
            elif not _STARTS.search(command):
                names = {one.key for one in environment.settings}
                if _ERRANDS.search(command) or not names.intersection(family.needs):
                    return None
                reason = "what its command does"
        started = _started(service, image)
        own_start = _own_start(started)
        if own_start and not command and _ERRANDS.search(started) and not _STARTS.search(started):
            return None
        if family.role == BROKER:
            details["cluster"] = _file(service.details["file"])
            apart = service.details.get("apart")
            if apart is not None or reason == "what its command does":
                details["open"] = apart or reason or ""
        return Place(
            "docker-compose",
            service.span,
            _replicas(service, variables),
            details,
            reason,
            (*service.details.get("mounts", "").split(SEPARATOR), *image.files),
            own_start,
        )


def _own_start(started: str) -> str | None:
    """What is started in place of what the image is for, in words."""
    if not started or _IMAGES_OWN.search(started):
        return None
    return f"it is started with {started.split()[0]}"


def _started(service: ConfigFact, image: Image) -> str:
    """What a service is started with, as far as it or its Dockerfile says (Compose specification,
    "entrypoint": it takes away the image's CMD as well)."""
    entrypoint = service.details.get("entrypoint")
    command = service.details.get("command")
    if entrypoint is None:
        entrypoint = image.entrypoint
        command = image.command if command is None else command
    return f"{entrypoint} {command or ''}".strip()


def _around(path: str) -> Iterator[str]:
    """The folder of a file, and a few above."""
    folder = _folder(path)
    for _ in range(_ABOVE):
        yield folder
        if not folder:
            return
        folder = _folder(folder)


def _services_of(read: Read, path: str) -> Iterator[ConfigFact]:
    data = read(path)
    if data is None:
        return
    try:
        text = SourceText.decode(path, data)
        document = parse("yaml", text)
    except (TextError, FormatError):
        return
    yield from of_services(document, text, path)


def _on_top(below: ConfigFact, above: ConfigFact) -> ConfigFact | None:
    """A service with what an override says of it; None where that takes it away."""
    own = _tags(above).get("")
    if own == "reset":
        return None
    return above if own == "override" else _merged(below, above)


def _merged(below: ConfigFact, above: ConfigFact) -> ConfigFact:
    """A service with another document's word on it on top (Compose specification, "Merge")."""
    tags = _tags(above)
    lost = {name for attribute in tags for name in ATTRIBUTES.get(attribute, ())}
    kept = {key: value for key, value in below.details.items() if key not in lost}
    said = {
        key: value
        for key, value in above.details.items()
        if all(tags.get(one) != "reset" for one, names in ATTRIBUTES.items() if key in names)
    }
    appended = {
        key: SEPARATOR.join((kept[key], said[key]))
        for key in APPENDED
        if key in kept and key in said
    }
    lower, upper = below.block, above.block
    if "environment" in tags:
        lower = Block(())
    if tags.get("environment") == "reset":
        upper = Block(())
    reset = above.details.get("reset", "").split(SEPARATOR)
    lower = replace(lower, settings=tuple(one for one in lower.settings if one.key not in reset))
    homes = lower.homes or upper.homes
    return replace(
        below,
        block=replace(layered(lower, upper), homes=homes),
        details={**kept, **said, **appended, "file": below.details["file"]},
    )


def _tags(service: ConfigFact) -> dict[str, str]:
    """How attributes of a service, and the service itself, are meant over another file's."""
    found = (one.partition("=") for one in service.details.get("tags", "").split(SEPARATOR) if one)
    return {attribute: tag for attribute, _, tag in found}


def _replicas(service: ConfigFact, variables: Variables) -> int | None:
    written = filled(service.details.get("replicas", "1"), variables)
    return int(written) if written is not None and written.isdecimal() else None


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _file(path: str) -> str:
    return path.rpartition("/")[2]


# Several clusters in one file -----------------------------------------------------------------

_MEMBERS = ("controller.quorum.voters", "controller.quorum.bootstrap.servers", "zookeeper.connect")
_LOCAL = frozenset({"localhost", "127.0.0.1", "0.0.0.0"})


def _told_apart(facts: Sequence[ConfigFact]) -> Iterator[ConfigFact]:
    """The facts, where the brokers of one file are of several clusters each with its own name:
    those that name no common controller or ZooKeeper stand apart."""
    groups: dict[str, list[tuple[ConfigFact, frozenset[str]]]] = {}
    for fact in facts:
        if fact.role == "broker" and "cluster" in fact.details:
            groups.setdefault(fact.span.path, []).append((fact, _members(fact)))
    names: dict[int, str] = {}
    for brokers in groups.values():
        parts = _components([members for _, members in brokers])
        if len(set(parts)) > 1:
            for (fact, _), part in zip(brokers, parts, strict=True):
                names[id(fact)] = f"{fact.details['cluster']} ({brokers[part][0].name or part + 1})"
    for fact in facts:
        name = names.get(id(fact))
        details: Mapping[str, str] = fact.details
        yield fact if name is None else replace(fact, details={**details, "cluster": name})


def _members(fact: ConfigFact) -> frozenset[str]:
    for key in _MEMBERS:
        for setting in fact.block.settings:
            if setting.key != key:
                continue
            value = setting.value
            if not isinstance(value, Known):
                return frozenset()
            hosts = str(value.value).partition("/")[0].split(",")
            found = {host.strip().rpartition("@")[2] for host in hosts if host.strip()}
            service = fact.details.get("service", "")
            return frozenset(
                f"{service} itself" if one.partition(":")[0] in _LOCAL else one for one in found
            )
    return frozenset()


def _components(members: Sequence[frozenset[str]]) -> list[int]:
    """For each set the index of the first one that it hangs together with; who names nobody may
    belong to the first."""
    first: dict[str, int] = {}
    above = list(range(len(members)))

    def root(index: int) -> int:
        while above[index] != index:
            above[index] = above[above[index]]
            index = above[index]
        return index

    for index, names in enumerate(members):
        for name in names:
            one, other = root(first.setdefault(name, index)), root(index)
            above[max(one, other)] = min(one, other)
    some = root(next((index for index, names in enumerate(members) if names), 0))
    return [root(index) if names else some for index, names in enumerate(members)]
