"""What the rules about transactional ids share: which workloads run the program of a client, and
what the variables of its environment are there."""

from __future__ import annotations

import re

from oncelint.model import Client, Project, Unknown, Workload, World

_VARIABLE = "environment variable "
_STABLE = ("StatefulSet",)
# Names that say nothing of a program.
_COMMON = frozenset(
    {"app", "main", "src", "server", "service", "python", "worker", "backend", "api", "base"}
    | {"deploy", "deployment", "k8s", "kubernetes", "manifests", "docker", "image", "lib", "core"}
)


# What a program talks to, and what looks at it: no image of a program of the project's own.
_INFRASTRUCTURE = re.compile(
    r"cp(kafka|server|zookeeper|schemaregistry|ksql|enterprise).*"
    r"|(apache|bitnami|confluent|strimzi|debezium)?(kafka|zookeeper|connect|ksqldb?|flink|spark)"
    r"(server|native|connect|ui|exporter|rest|bridge|base)?|schemaregistry|redpanda.*|akhq|kafdrop"
    r"|postgres(ql)?|timescaledb.*|mysql|mariadb|mongo(db)?|redis|elasticsearch|opensearch|kibana"
    r"|logstash|cassandra|clickhouse.*|minio|grafana|prometheus|nginx|busybox|alpine|airflow|superset"
)


def workloads_of(client: Client, project: Project) -> list[Workload]:
    """The workloads that run a client's program: their image is called like the script or a folder
    that it stands in, or nothing else runs in its deployment unit."""
    placed = [client.span.path, *(step.span.path for step in client.path)]
    names = {_plain(part) for path in placed for part in path.rpartition(".")[0].split("/")}
    names -= _COMMON
    programs = [one for one in project.workloads if not _INFRASTRUCTURE.fullmatch(_image(one))]
    by_name = [one for one in programs if _image(one) in names]
    if by_name:
        return by_name
    here = [one for one in programs if client.unit and one.unit == client.unit]
    return here if len({(one.kind, one.name) for one in here}) == 1 else []


def _image(workload: Workload) -> str:
    """The last part of an image's name, without registry, tag and digest."""
    return _plain(workload.image.partition("@")[0].rpartition("/")[2].partition(":")[0])


def _plain(name: str) -> str:
    return re.sub(r"[-_.]", "", name.lower())


def variable(world: World, name: str) -> str | None:
    """The variable of the environment that a setting is taken from as it is."""
    value = world.value(name)
    if isinstance(value, Unknown) and value.reason.startswith(_VARIABLE):
        return value.reason.removeprefix(_VARIABLE)
    return None


def giving(client: Client, project: Project, name: str) -> list[Workload]:
    """The workloads that give a client's program a variable; where none is seen to run the program,
    the only one of the project that gives it."""
    run = [one for one in workloads_of(client, project) if name in one.environment]
    if run:
        return run
    some = [one for one in project.workloads if name in one.environment]
    return some if len(some) == 1 and _same_tree(client, some[0]) else []


def _same_tree(client: Client, workload: Workload) -> bool:
    """Whether a manifest may be for a program: of its unit, or of no unit of its own."""
    return workload.unit in (client.unit, "")


def is_stable(kind: str) -> bool:
    """Whether the pods of a kind of workload keep their names over restarts."""
    return kind in _STABLE
