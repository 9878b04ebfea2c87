"""From the services of compose files and the images of Dockerfiles to who is configured by them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from oncelint.formats import read as parse
from oncelint.formats.tree import FormatError
from oncelint.frameworks.blocks import layered
from oncelint.frameworks.containers.dockerfiles import PLACEMENT, built
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
from oncelint.frameworks.containers.services import ROLE, SEPARATOR, of_services
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
        self.images = [one for one in containers if one.details.get("kind") == PLACEMENT]
        self.services = [one for one in containers if one.details.get("kind") != PLACEMENT]
        self.services += self._unasked_overrides()
        self.by_name = {(one.details["file"], one.name): one for one in self.services}
        self.variables: dict[str, Variables] = {}
        self.absorbed: set[str] = set()

    def configurations(self) -> Iterator[ConfigFact]:
        overridden = self._overridden()
        overrides = {id(one) for one in overridden.values()}
        for service in self.services:
            if id(service) in overrides:
                continue
            above = overridden.get((service.details["file"], service.name))
            yield from self._of_service(service if above is None else _merged(service, above))
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
        if family is not None:
            place = Place(
                PLACEMENT, image.span, None, {"image": name or image.details["image"]}, _AT_RUN
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
        if family is None and "build" in service.details:
            made = self._built(service, variables)
            if made is not None:
                name, block = made
                below.append(block)
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
        place = self._place(service, family, name, variables, environment)
        if place is not None:
            yield from configurations(family, name, environment, place)

    def _program(self, service: ConfigFact, environment: Block, variables: Variables) -> ConfigFact:
        """A program of the project's own, which its image or the folder it is built in is called
        like: who is configured by its variables, the program tells."""
        context = filled(service.details["build"], variables) or ""
        built = joined(_folder(service.details["file"]), context)
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
        return _merged(self._extended(below, seen | {base}), service)

    def _built(self, service: ConfigFact, variables: Variables) -> tuple[str, Block] | None:
        context = filled(service.details["build"], variables)
        dockerfile = filled(service.details.get("dockerfile", "Dockerfile"), variables)
        if context is None or dockerfile is None:
            return None
        folder = joined(_folder(service.details["file"]), context)
        path = joined(folder, dockerfile)
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
        folder = _folder(service.details["file"])
        for written in service.details.get("env_file", "").split(SEPARATOR):
            name = filled(written.removeprefix("?"), variables)
            if not written:
                continue
            block = file_block(self.read, joined(folder, name)) if name is not None else None
            if block is not None:
                yield settled(block, variables)
            elif not written.startswith("?"):
                yield Block((), f"the environment file {written}")

    def _place(
        self,
        service: ConfigFact,
        family: Family,
        image: str,
        variables: Variables,
        environment: Block,
    ) -> Place | None:
        """Where and how a service runs; None when it runs something else than its image's own."""
        details = {"service": service.name, "image": image}
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
            tuple(service.details.get("mounts", "").split(SEPARATOR)),
        )


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


def _merged(below: ConfigFact, above: ConfigFact) -> ConfigFact:
    """A service with another document's word on it on top."""
    block = layered(below.block, above.block)
    homes = above.block.homes if not below.block.homes else below.block.homes
    details = {**below.details, **above.details, "file": below.details["file"]}
    return replace(below, block=replace(block, homes=homes), details=details)


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
    parts = list(range(len(members)))
    known = [index for index, one in enumerate(members) if one]
    for index in known:
        for other in known:
            if other < index and members[other] & members[index]:
                low, high = sorted((parts[other], parts[index]))
                parts = [low if part == high else part for part in parts]
    first = known[0] if known else 0
    return [part if members[index] else parts[first] for index, part in enumerate(parts)]
