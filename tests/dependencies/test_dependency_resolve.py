"""Which versions a piece of code may run with, from the files around it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oncelint.dependencies import is_unit_file, reader_for
from oncelint.dependencies.resolve import (
    Knowledge,
    deployment_unit,
    home,
    resolve,
    resolve_distribution,
)
from oncelint.model.facts import Requirement

Facts = Callable[[dict[str, str]], dict[str, tuple[Requirement, ...]]]

TABLE = ("1.4.7", "2.0.2", "2.1.0", "2.2.0", "3.0.0")
KAFKA = ("2.8.0", "3.4.0", "3.5.1", "3.6.0")
CLIENTS = "org.apache.kafka:kafka-clients"


def _known(
    facts: Facts, files: dict[str, str], site: str = "svc/app/main.py", name: str = "kafka-python"
) -> Knowledge:
    table = KAFKA if ":" in name else TABLE
    return resolve(facts(files), site, name, table)


def test_nothing_known_is_every_version(facts: Facts) -> None:
    assert _known(facts, {"requirements.txt": "aiokafka==0.8\n"}) == Knowledge(
        TABLE, False, None, "", "none", False
    )


def test_a_pin(facts: Facts) -> None:
    known = _known(facts, {"requirements.txt": "kafka-python==2.0.2\n"})
    assert (known.versions, known.exact, known.source) == (("2.0.2",), True, "pin")
    assert (str(known.span), known.spec) == ("requirements.txt:1:13", "==2.0.2")


@pytest.mark.parametrize(
    ("pin", "version"),
    [("2.1", "2.1.0"), ("2.0.2+local", "2.0.2"), ("2.3.0", "2.3.0"), ("3.0.0rc1", "3.0.0rc1")],
)
def test_a_pin_is_the_tables_version_or_itself(facts: Facts, pin: str, version: str) -> None:
    known = _known(facts, {"requirements.txt": f"kafka-python=={pin}\n"})
    assert (known.versions, known.exact) == ((version,), True)


@pytest.mark.parametrize(
    ("specifier", "versions"),
    [
        (">=2.0,<3", ("2.0.2", "2.1.0", "2.2.0")),
        ("~=2.1", ("2.1.0", "2.2.0")),
        ("==2.0.*", ("2.0.2",)),
        ("!=3.0.0", ("1.4.7", "2.0.2", "2.1.0", "2.2.0")),
        (">=3.1", ("3.1",)),
        ("<1.0", ()),
    ],
)
def test_a_range(facts: Facts, specifier: str, versions: tuple[str, ...]) -> None:
    known = _known(facts, {"requirements.txt": f"kafka-python{specifier}\n"})
    assert known.versions == versions
    assert (known.exact, known.source, known.spec) == (False, "range", specifier)


def test_a_range_admits_no_prerelease(facts: Facts) -> None:
    found = facts({"requirements.txt": "kafka-python>=2.0\n"})
    assert resolve(found, "main.py", "kafka-python", ("2.0.2", "3.1.0rc1")).versions == ("2.0.2",)


def test_a_bare_name_has_a_place_but_no_version(facts: Facts) -> None:
    known = _known(facts, {"requirements.txt": "kafka-python\n"})
    assert (known.versions, known.source, known.spec) == (TABLE, "none", "")
    assert str(known.span) == "requirements.txt:1:1"


def test_the_nearest_folder_wins(facts: Facts) -> None:
    files = {
        "requirements.txt": "kafka-python==1.4.7\n",
        "svc/requirements.txt": "kafka-python==2.0.2\n",
        "svc/app/README/requirements.txt": "kafka-python==3.0.0\n",
    }
    assert _known(facts, files).versions == ("2.0.2",)
    assert _known(facts, files, "tool.py").versions == ("1.4.7",)
    assert _known(facts, files, "svcs/main.py").versions == ("1.4.7",)


def test_two_services_of_one_repository(facts: Facts) -> None:
    files = {
        "a/requirements.txt": "kafka-python==1.4.7\n",
        "b/requirements.txt": "kafka-python==2.2.0\n",
    }
    assert _known(facts, files, "a/src/x.py").versions == ("1.4.7",)
    assert _known(facts, files, "b/src/x.py").versions == ("2.2.0",)
    assert _known(facts, files, "c/src/x.py") == Knowledge(TABLE, False, None, "", "none", False)


def test_a_lock_beats_a_pin_and_a_range(facts: Facts) -> None:
    files = {
        "svc/setup.cfg": "[options]\ninstall_requires =\n  kafka-python>=2.0\n",
        "svc/requirements.txt": "kafka-python==2.0.2\n",
        "svc/poetry.lock": '[[package]]\nname = "kafka-python"\nversion = "2.1.0"\n',
    }
    known = _known(facts, files)
    assert (known.versions, known.exact, known.source) == (("2.1.0",), True, "lock")
    assert str(known.span) == "svc/poetry.lock:3:12"
    del files["svc/poetry.lock"]
    assert _known(facts, files).source == "pin"
    del files["svc/requirements.txt"]
    assert _known(facts, files).versions == ("2.0.2", "2.1.0", "2.2.0", "3.0.0")


def test_pins_that_differ_are_united(facts: Facts) -> None:
    files = {
        "requirements.txt": "kafka-python==2.0.2\n",
        "requirements-dev.txt": "kafka-python==2.1.0\n",
    }
    known = _known(facts, files)
    assert (known.versions, known.exact, known.conflicting) == (("2.0.2", "2.1.0"), False, True)
    assert known.spec == "==2.1.0 or ==2.0.2"


def test_a_pin_and_a_range_under_different_markers_are_united(facts: Facts) -> None:
    source = (
        'kafka-python==2.0.2; python_version < "3.8"\nkafka-python>=2.2; python_version >= "3.8"\n'
    )
    assert _known(facts, {"requirements.txt": source}).versions == ("2.0.2", "2.2.0", "3.0.0")


def test_a_range_in_another_file_does_not_widen_a_pin(facts: Facts) -> None:
    files = {
        "requirements.txt": "kafka-python==2.0.2\n",
        "setup.cfg": "[options]\ninstall_requires = kafka-python>=2.2\n",
    }
    assert _known(facts, files).versions == ("2.0.2",)


def test_equal_pins_do_not_conflict(facts: Facts) -> None:
    files = {
        "requirements.txt": "kafka-python==2.1\n",
        "dev-requirements.txt": "kafka-python==2.1.0\n",
    }
    known = _known(facts, files)
    assert (known.versions, known.exact, known.conflicting) == (("2.1.0",), True, False)


def test_a_requirements_folder_belongs_to_the_folder_around_it(facts: Facts) -> None:
    files = {
        "svc/requirements/base.txt": "kafka-python==2.0.2\n",
        "requirements.txt": "kafka-python==1.4.7\n",
    }
    assert _known(facts, files).versions == ("2.0.2",)
    files["svc/requirements.txt"] = "kafka-python==2.2.0\n"
    assert _known(facts, files).versions == ("2.2.0",)


def test_the_only_requirement_of_the_project_counts_anywhere(facts: Facts) -> None:
    files = {"images/docker-runner.yml": "RUN pip install kafka-python==2.1.0\n"}
    known = _known(facts, files)
    assert (known.versions, known.source) == (("2.1.0",), "pin")
    files["docker/Dockerfile"] = "RUN pip install kafka-python>=2\n"
    assert _known(facts, files).versions == ("2.1.0",)
    files["docs/requirements.txt"] = "kafka-python<2\n"
    assert _known(facts, files).source == "none"
    files["docs/requirements.txt"] = "kafka-python==2.0.2\n"
    assert _known(facts, files).versions == TABLE


def test_a_lock_elsewhere_does_not_silence_a_pin_elsewhere(facts: Facts) -> None:
    files = {
        "a/poetry.lock": '[[package]]\nname = "kafka-python"\nversion = "2.1.0"\n',
        "b/requirements.txt": "kafka-python==2.0.2\n",
    }
    assert _known(facts, files).source == "none"
    files["b/requirements.txt"] = "kafka-python==2.1\n"
    assert _known(facts, files).versions == ("2.1.0",)


def test_a_script_beside_the_code_yields_to_its_requirements(facts: Facts) -> None:
    files = {
        "docker-compose.yml": "command: pip install kafka-python==1.4.7\n",
        "requirements.txt": "kafka-python==2.0.2\n",
    }
    assert _known(facts, files).versions == ("2.0.2",)
    files["requirements.txt"] = "kafka-python\n"
    assert _known(facts, files).versions == ("1.4.7",)


def test_the_lock_of_a_workspace_narrows_its_members_range(facts: Facts) -> None:
    files = {
        "svc/setup.cfg": "[options]\ninstall_requires =\n  kafka-python>=2.0\n",
        "uv.lock": '[[package]]\nname = "kafka-python"\nversion = "2.1.0"\n',
    }
    assert _known(facts, files).versions == ("2.1.0",)
    files["uv.lock"] = '[[package]]\nname = "kafka-python"\nversion = "1.4.7"\n'
    assert _known(facts, files).source == "range"


def _pom(name: str, parent: str, version: str | None, properties: str = "") -> str:
    """A pom that depends on kafka-clients when `version` is given; '' leaves it to be managed."""
    dependency = (
        "<dependencies><dependency><groupId>org.apache.kafka</groupId>"
        "<artifactId>kafka-clients</artifactId>"
        + (f"<version>{version}</version>" if version else "")
        + "</dependency></dependencies>"
    )
    above = f"<parent><artifactId>{parent}</artifactId></parent>" if parent else ""
    return (
        f"<project><properties>{properties}</properties>{above}<artifactId>{name}</artifactId>"
        f"{dependency if version is not None else ''}<name>kafka</name></project>"
    )


SITE = "svc/src/main/resources/client.properties"


def test_a_managed_dependency_takes_the_version_of_its_parent(facts: Facts) -> None:
    files = {
        "pom.xml": _pom("root", "", "3.5.1"),
        "parents/middle/pom.xml": _pom("middle", "root", None),
        "svc/pom.xml": _pom("svc", "middle", ""),
    }
    known = _known(facts, files, SITE, CLIENTS)
    assert (known.versions, known.exact, known.source) == (("3.5.1",), True, "pin")
    assert known.span is not None
    assert known.span.path == "pom.xml"


@pytest.mark.parametrize("parent", ["", "elsewhere", "svc"])
def test_a_pom_further_up_that_is_no_parent_manages_nothing(facts: Facts, parent: str) -> None:
    files = {"pom.xml": _pom("root", "", "3.5.1"), "svc/pom.xml": _pom("svc", parent, "")}
    known = _known(facts, files, SITE, CLIENTS)
    assert (known.versions, known.source) == (KAFKA, "none")
    assert known.span is not None
    assert known.span.path == "svc/pom.xml"


def test_two_poms_of_the_parents_name_leave_it_open(facts: Facts) -> None:
    files = {
        "a/pom.xml": _pom("root", "", "3.5.1"),
        "b/pom.xml": _pom("root", "", "3.4.0"),
        "svc/pom.xml": _pom("svc", "root", ""),
    }
    assert _known(facts, files, SITE, CLIENTS).source == "none"


def test_a_pom_that_imports_a_platform_is_not_managed_by_its_parent(facts: Facts) -> None:
    platform = (
        "<dependencyManagement><dependencies><dependency><groupId>com.example</groupId>"
        "<artifactId>bom</artifactId><scope>import</scope></dependency></dependencies>"
        "</dependencyManagement></project>"
    )
    child = _pom("svc", "root", "").replace("</project>", platform)
    files = {"pom.xml": _pom("root", "", "3.5.1"), "svc/pom.xml": child}
    assert _known(facts, files, SITE, CLIENTS).source == "none"


def test_a_property_of_the_parent(facts: Facts) -> None:
    files = {
        "pom.xml": _pom("root", "", None, "<kafka.version>3.4.0</kafka.version>"),
        "svc/pom.xml": _pom("svc", "root", "${kafka.version}"),
        "other/pom.xml": _pom("other", "root", None, "<kafka.version>2.8.0</kafka.version>"),
    }
    known = _known(facts, files, SITE, CLIENTS)
    assert (known.versions, known.exact, known.spec) == (("3.4.0",), True, "==3.4.0")
    assert str(known.span) == "pom.xml:1:37"
    del files["pom.xml"]
    assert _known(facts, files, SITE, CLIENTS).versions == KAFKA


def test_what_the_parent_manages_may_be_a_property_of_its_own_parent(facts: Facts) -> None:
    files = {
        "pom.xml": _pom("root", "", None, "<kafka.version>3.4.0</kafka.version>"),
        "parent/pom.xml": _pom("parent", "root", "${kafka.version}"),
        "svc/pom.xml": _pom("svc", "parent", ""),
    }
    assert _known(facts, files, SITE, CLIENTS).versions == ("3.4.0",)


def test_a_gradle_dependency_without_a_version_is_managed_further_up(facts: Facts) -> None:
    bare = "implementation 'org.apache.kafka:kafka-clients'\n"
    files = {
        "build.gradle": "subprojects { api 'org.apache.kafka:kafka-clients:3.5.1' }\n",
        "svc/build.gradle": bare,
    }
    assert _known(facts, files, SITE, CLIENTS).versions == ("3.5.1",)
    files["svc/build.gradle"] = "plugins { id 'org.springframework.boot' version '3.2.0' }\n" + bare
    assert _known(facts, files, SITE, CLIENTS).source == "none"


def test_gradle_properties_and_catalogs_serve_every_module(facts: Facts) -> None:
    script = 'implementation("org.apache.kafka:kafka-clients:$kafkaVersion")\n'
    files = {"gradle.properties": "kafkaVersion=3.6.0\n", "svc/build.gradle.kts": script}
    assert _known(facts, files, "svc/src/x.properties", CLIENTS).versions == ("3.6.0",)
    catalog = {
        "gradle/libs.versions.toml": '[versions]\nkafka-main = "3.4.0"\n',
        "svc/build.gradle": 'api "org.apache.kafka:kafka-clients:${libs.versions.kafka.main.get()}"\n',
    }
    assert _known(facts, catalog, "svc/src/x.properties", CLIENTS).versions == ("3.4.0",)


def test_a_vendors_build_of_a_release_is_that_release(facts: Facts) -> None:
    files = {"pom.xml": _pom("root", "", "3.5.1.redhat-00001")}
    assert _known(facts, files, "x.properties", CLIENTS).versions == ("3.5.1",)


KINDS = ("kafka-python", "kafka-python-ng")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, KINDS),
        ({"requirements.txt": "kafka-python-ng\n"}, ("kafka-python-ng",)),
        ({"requirements.txt": "kafka-python==2.0.2\n"}, ("kafka-python",)),
        ({"requirements.txt": "kafka-python\nkafka-python-ng\n"}, KINDS),
        (
            {"requirements.txt": "kafka-python\n", "svc/requirements.txt": "kafka-python-ng\n"},
            ("kafka-python-ng",),
        ),
        ({"svc/requirements.txt": "aiokafka\n", "requirements.txt": "kafka-python\n"}, KINDS[:1]),
        ({"images/x.yml": "RUN pip install kafka-python-ng\n"}, ("kafka-python-ng",)),
        (
            {"a/x.sh": "pip install kafka-python-ng\n", "b/x.sh": "pip install kafka-python\n"},
            KINDS,
        ),
    ],
)
def test_distributions_that_import_alike(
    facts: Facts, files: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert resolve_distribution(facts(files), "svc/app/main.py", KINDS) == expected


def test_deployment_unit() -> None:
    files = {"pyproject.toml", "svc/Dockerfile", "svc/b/requirements/base.txt", "gradle/x.gradle"}
    assert deployment_unit("svc/app/main.py", files) == "svc"
    assert deployment_unit("svc/b/x.py", files) == "svc/b"
    assert deployment_unit("svcs/x.py", files) == ""
    assert deployment_unit("a/b.py", set()) == ""


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("requirements.txt", ""),
        ("svc/requirements/py3/base.txt", "svc"),
        ("gradle/libs.versions.toml", ""),
        ("gradle/kafka.gradle", ""),
        ("gradle/build.gradle", "gradle"),
        ("requirements/Dockerfile", "requirements"),
    ],
)
def test_the_folder_a_file_speaks_for(path: str, folder: str) -> None:
    assert home(path) == folder


@pytest.mark.parametrize(
    ("path", "kind", "unit"),
    [
        ("a/requirements-dev.txt", "requirements", True),
        ("a/requirements.txt.freeze", "requirements", True),
        ("a/requirements-api.txt.prod", "requirements", True),
        ("a/pip.freeze", "requirements", True),
        ("a/requirements.txt.bak", None, False),
        ("a/requirements.txt.j2", None, False),
        ("a/requirements.freeze.md", None, False),
        ("a/test_requirements.in", "requirements", True),
        ("requirements/base.txt", "requirements", True),
        ("constraints-3.9.txt", "requirements", False),
        ("notes/base.txt", None, False),
        ("PyProject.toml", "pyproject", True),
        ("Pipfile", "pyproject", True),
        ("setup.py", "setup", True),
        ("my_setup.py", None, False),
        ("uv.lock", "lock", True),
        ("package-lock.json", None, False),
        ("pylock.dev.toml", "lock", True),
        ("environment-gpu.yaml", "lock", True),
        ("pom.xml", "maven", True),
        ("app/build.gradle.kts", "gradle", True),
        ("gradle.properties", "gradle", False),
        ("client.properties", None, False),
        ("Dockerfile", "dockerfile", True),
        ("docker/Dockerfile-worker.j2", "dockerfile", True),
        ("app.dockerfile", "dockerfile", True),
        ("dockerfiles.md", None, False),
        ("docker-compose.yml", "script", False),
        ("run.sh", "script", False),
        (".github/workflows/test.yml", None, False),
        (".gitlab-ci.yml", None, False),
        ("package.json", None, True),
    ],
)
def test_kinds_of_files(path: str, kind: str | None, unit: bool) -> None:
    assert reader_for(path) == kind
    assert is_unit_file(path) is unit
