"""Which brokers stand together, how many they are, and what transactions they grant."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncelint.discover import list_files, read_file
from oncelint.link import link
from oncelint.model.project import Project
from oncelint.scan import scan
from oncelint.settings import load


def linked(folder: Path, **files: str) -> Project:
    """A project of files whose names stand with `__` for a slash and `_` for a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    settings = load(folder)
    listed = list_files(folder, settings.exclude)
    discovery, facts = scan(folder, listed, max_size=settings.max_file_size, overlay={}, jobs=1)
    linked_ = link(
        facts, discovery, settings, lambda path: read_file(folder, path, settings.max_file_size)
    )
    return linked_.project


def sizes(project: Project) -> list[int | None]:
    return [one.size for one in project.clusters if one.brokers]


def server(number: int, zookeeper: str = "localhost:2181", more: str = "") -> str:
    return f"broker.id={number}\nlog.dirs=/data\nzookeeper.connect={zookeeper}\n{more}"


def node(
    number: int, voters: int, roles: str = "broker,controller", host: str = "localhost"
) -> str:
    quorum = ",".join(f"{one}@{host}:{19000 + one}" for one in range(1, voters + 1))
    return (
        f"node.id={number}\nprocess.roles={roles}\nlog.dirs=/data\n"
        f"controller.quorum.voters={quorum}\n"
    )


def test_one_server_on_this_machine(tmp_path: Path) -> None:
    assert sizes(linked(tmp_path, server_properties=server(0))) == [1]


def test_one_server_of_an_ensemble(tmp_path: Path) -> None:
    assert sizes(linked(tmp_path, server_properties=server(0, "zk1:2181,zk2:2181"))) == [None]


def test_a_file_that_names_nobody(tmp_path: Path) -> None:
    source = "process.roles=broker,controller\nnode.id=1\nlog.dirs=/data\n"
    assert sizes(linked(tmp_path, server_properties=source)) == [None]


def test_servers_of_one_machine(tmp_path: Path) -> None:
    project = linked(
        tmp_path, a_properties=server(1), b_properties=server(2), c_properties=server(3)
    )
    assert sizes(project) == [3]


def test_the_order_of_hosts_does_not_matter(tmp_path: Path) -> None:
    project = linked(
        tmp_path,
        a__server_properties=server(1, "zk1:2181,zk2:2181/kafka"),
        b__server_properties=server(2, "zk2:2181,zk1:2181/kafka"),
    )
    assert sizes(project) == [2]


def test_another_folder_of_zookeeper_is_another_cluster(tmp_path: Path) -> None:
    project = linked(
        tmp_path,
        a_properties=server(1, "localhost:2181/blue"),
        b_properties=server(2, "localhost:2181/green"),
    )
    assert sizes(project) == [1, 1]


def test_one_server_configured_twice(tmp_path: Path) -> None:
    project = linked(tmp_path, a_properties=server(1), b_properties=server(1))
    assert sizes(project) == [None, None]


def test_controllers_do_not_count(tmp_path: Path) -> None:
    project = linked(
        tmp_path,
        a_properties=node(1, 1, "controller"),
        b_properties=node(2, 1, "broker"),
        c_properties=node(3, 1, "broker"),
    )
    assert sizes(project) == [2]


def test_a_quorum_that_is_not_seen_whole(tmp_path: Path) -> None:
    assert sizes(linked(tmp_path, a_properties=node(1, 3), b_properties=node(2, 3))) == [None]


def test_roles_that_are_not_known(tmp_path: Path) -> None:
    assert sizes(linked(tmp_path, a_properties=node(1, 1, "${ROLES}"))) == [None]


COMPOSE = """services:
  a:
    image: confluentinc/cp-kafka:7.4.1
    environment:
      KAFKA_BROKER_ID: 1
      KAFKA_ZOOKEEPER_CONNECT: {first}:2181
      KAFKA_TRANSACTION_MAX_TIMEOUT_MS: {limit}
  b:
    image: confluentinc/cp-kafka:7.4.1
    environment:
      KAFKA_BROKER_ID: {number}
      KAFKA_ZOOKEEPER_CONNECT: {second}:2181
"""


@pytest.mark.parametrize(
    ("first", "second", "number", "expected"),
    [("zookeeper", "zookeeper", 2, [2]), ("zk-east", "zk-west", 1, [1, 1])],
)
def test_services_of_one_file(
    tmp_path: Path, first: str, second: str, number: int, expected: list[int]
) -> None:
    text = COMPOSE.format(first=first, second=second, number=number, limit=600000)
    assert sizes(linked(tmp_path, docker__compose_yml=text)) == expected


def test_stacks_of_two_files(tmp_path: Path) -> None:
    text = COMPOSE.format(first="zookeeper", second="zookeeper", number=2, limit=600000)
    project = linked(tmp_path, compose_yml=text, compose__copy_yml=text)
    assert sizes(project) == [2, 2]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((), 900_000),
        ((300_000,), 300_000),
        ((300_000, None), 900_000),  # the other cluster has Kafka's default
        ((1_200_000, 600_000), 1_200_000),
        (("${LIMIT}",), 2**31 - 1),
    ],
)
def test_the_longest_transaction_of_any_cluster(
    tmp_path: Path, limits: tuple[int | str | None, ...], expected: int
) -> None:
    files = {
        f"{name}__server_properties": server(
            1, more=f"transaction.max.timeout.ms={limit}\n" if limit is not None else ""
        )
        for name, limit in zip("abc", limits, strict=False)
    }
    assert linked(tmp_path, **files).broker_limit.value_ms == expected


def test_topics_of_the_only_cluster(tmp_path: Path) -> None:
    project = linked(
        tmp_path,
        server_properties=server(1),
        topics_sh="kafka-topics --create --topic orders --replication-factor 1 --partitions 3\n",
    )
    (cluster,) = project.clusters
    assert [topic.name for topic in cluster.topics] == ["orders"]


def test_topics_without_a_cluster(tmp_path: Path) -> None:
    project = linked(tmp_path, topics_sh="kafka-topics.sh --create --topic orders\n")
    (cluster,) = project.clusters
    assert (cluster.brokers, cluster.size) == ((), None)
    assert [topic.name for topic in cluster.topics] == ["orders"]


@pytest.mark.parametrize(("seen", "expected"), [((1, 2, 3), [3]), ((1, 2), [None])])
def test_nodes_that_call_themselves_localhost(
    tmp_path: Path, seen: tuple[int, ...], expected: list[int | None]
) -> None:
    def source(number: int) -> str:
        hosts = {one: "localhost" if one == number else f"node{one}" for one in (1, 2, 3)}
        quorum = ",".join(f"{one}@{host}:9093" for one, host in hosts.items())
        return (
            f"node.id={number}\nprocess.roles=broker,controller\nlog.dirs=/data\n"
            f"controller.quorum.voters={quorum}\n"
        )

    files = {f"n{number}__server_properties": source(number) for number in seen}
    assert sizes(linked(tmp_path, **files)) == expected
