"""Python's dependency files: what they ask for, and where exactly they say so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oncelint.dependencies import DependencyError, read
from oncelint.dependencies.pep508 import poetry_specifiers
from oncelint.text import SourceText

Row = tuple[str, str, str, str]
Reader = Callable[[str, str], list[Row]]


def test_requirements_file(rows: Reader) -> None:
    source = (
        "# kafka-python==1.0 is too old\n"
        "--index-url https://packages.example.org/simple\n"
        "-r base.txt\n"
        '  Kafka_Python[crc32c] >= 2.0 , <3 ; python_version < "3.9"  # codec\n'
        "requests==2.31\n"
        "kafka-python-ng==2.2.3 \\\n"
        "    --hash=sha256:00 \\\n"
        "    --hash=sha256:11\n"
        "aiokafka \\\r\n"
        "  ~= 0.8\r\n"
        "quixstreams\n"
        "mykafka-python==9\n"
    )
    assert rows("requirements-dev.txt", source) == [
        ("kafka-python", ">=2.0,<3", ">= 2.0 , <3", "4:24"),
        ("kafka-python-ng", "==2.2.3", "==2.2.3", "6:16"),
        ("aiokafka", "~=0.8", "~= 0.8", "10:3"),
        ("quixstreams", "", "quixstreams", "11:1"),
    ]


def test_addresses_name_a_distribution_without_a_version(rows: Reader) -> None:
    source = (
        "-e git+https://git.example.org/fork@2.0.1#egg=aiokafka\n"
        "git+https://git.example.org/f.git@main#subdirectory=a&egg=Faust\n"
        "confluent-kafka @ https://files.example.org/confluent_kafka-2.3.0.whl\n"
        "https://files.example.org/kafka-python-2.0.2.tar.gz\n"
    )
    assert rows("constraints.txt", source) == [
        ("aiokafka", "", "aiokafka", "1:47"),
        ("faust", "", "Faust", "2:59"),
        ("confluent-kafka", "", "confluent-kafka", "3:1"),
    ]


def test_a_comment_does_not_continue(rows: Reader) -> None:
    source = "# kept at 1.0 \\\nkafka-python==2.0.2\n"
    assert rows("requirements.txt", source) == [("kafka-python", "==2.0.2", "==2.0.2", "2:13")]


def test_an_extra_of_interest_is_reported_beside_its_distribution(rows: Reader) -> None:
    assert rows("requirements.in", "faststream[confluent,cli,Kafka]~=0.5.0\n") == [
        ("faststream", "~=0.5.0", "~=0.5.0", "1:32"),
        ("faststream[confluent]", "~=0.5.0", "~=0.5.0", "1:32"),
        ("faststream[kafka]", "~=0.5.0", "~=0.5.0", "1:32"),
    ]


@pytest.mark.parametrize(
    ("line", "specifier"),
    [
        ("kafka-python (>=1.4,<2)", ">=1.4,<2"),
        ("kafka-python===2.0.2", "===2.0.2"),
        ("kafka-python>=1.4.*", ">=1.4"),
        ("kafka-python==2.0.*", "==2.0.*"),
        ("kafka-python==2.0.2#egg", ""),
        ("kafka-python==2.0.2 # comment", "==2.0.2"),
        ("kafka-python=2.0.2", ""),
        ("kafka-python=={{ version }}", ""),
        ("KAFKA.PYTHON!=2.0.1,>2", "!=2.0.1,>2"),
    ],
)
def test_constraints(rows: Reader, line: str, specifier: str) -> None:
    assert [row[:2] for row in rows("requirements.txt", line)] == [("kafka-python", specifier)]


def test_pyproject_project_tables(rows: Reader) -> None:
    source = (
        "[build-system]\n"
        'requires = ["kafka-python==1.0"]\n'
        "[project]\n"
        "dependencies = [\n"
        '  "größe",  # kafka-python==1.1\n'
        '  "é", \'Confluent_Kafka[avro] ~= 2.3 ; python_version > "3"\',\n'
        "]\n"
        "[project.optional-dependencies]\n"
        'stream = ["faststream[kafka]==0.5"]\n'
        "[dependency-groups]\n"
        'dev = ["quixstreams>=3", {include-group = "test"}]\n'
        "[tool.pdm.dev-dependencies]\n"
        'test = ["aiokafka==0.8"]\n'
        "[tool.hatch.envs.default]\n"
        'extra-dependencies = ["aiokafka==0.9"]\n'
        "[tool.uv]\n"
        'constraint-dependencies = ["aiokafka<1"]\n'
    )
    assert rows("pyproject.toml", source) == [
        ("confluent-kafka", "~=2.3", "~= 2.3", "6:31"),
        ("faststream", "==0.5", "==0.5", "9:29"),
        ("faststream[kafka]", "==0.5", "==0.5", "9:29"),
        ("quixstreams", ">=3", ">=3", "11:20"),
        ("aiokafka", "==0.8", "==0.8", "13:18"),
        ("aiokafka", "==0.9", "==0.9", "15:32"),
        ("aiokafka", "<1", "<1", "17:37"),
    ]


def test_a_string_with_an_escape_is_placed_as_a_whole(rows: Reader) -> None:
    source = '# kafka\n[project]\ndependencies = ["kafka\\u002Dpython==2.0.2"]\n'
    assert rows("pyproject.toml", source) == [
        ("kafka-python", "==2.0.2", '"kafka\\u002Dpython==2.0.2"', "3:17")
    ]


def test_pyproject_poetry_tables(rows: Reader) -> None:
    source = (
        "[tool.poetry.dependencies]\n"
        'python = "^3.9"\n'
        'kafka-python = "^2.0.2"\n'
        'confluent_kafka = {version = "~2.3", extras = ["avro"]}\n'
        'aiokafka = "*"\n'
        'faststream = {version = "^0.5.1", extras = ["confluent"]}\n'
        'faust-streaming = {git = "https://git.example.org/faust"}\n'
        'quixstreams = [{version = "2.0.2", python = "<3.8"}, {version = "^3 || ^4.1"}]\n'
        "[tool.poetry.group.dev.dependencies]\n"
        "kafka-python-ng = '2.2.3'\n"
    )
    assert rows("svc/pyproject.toml", source) == [
        ("kafka-python", ">=2.0.2,<3", "^2.0.2", "3:17"),
        ("confluent-kafka", ">=2.3,<2.4", "~2.3", "4:31"),
        ("aiokafka", "", "*", "5:13"),
        ("faststream", ">=0.5.1,<0.6", "^0.5.1", "6:26"),
        ("faststream[confluent]", ">=0.5.1,<0.6", "^0.5.1", "6:26"),
        ("faust-streaming", "", "faust-streaming", "7:1"),
        ("quixstreams", "==2.0.2", "2.0.2", "8:28"),
        ("quixstreams", ">=3,<4", "^3", "8:66"),
        ("quixstreams", ">=4.1,<5", "^4.1", "8:72"),
        ("kafka-python-ng", "==2.2.3", "2.2.3", "10:20"),
    ]


@pytest.mark.parametrize(
    ("constraint", "specifiers"),
    [
        ("^2.0.2", [">=2.0.2,<3"]),
        ("^2", [">=2,<3"]),
        ("^0.2.3", [">=0.2.3,<0.3"]),
        ("^0.2", [">=0.2,<0.3"]),
        ("^0.0.3", [">=0.0.3,<0.0.4"]),
        ("^0.0", [">=0.0,<0.1"]),
        ("^0", [">=0,<1"]),
        ("^3.0.0rc1", [">=3.0.0rc1,<4"]),
        ("~2.0.2", [">=2.0.2,<2.1"]),
        ("~2.0", [">=2.0,<2.1"]),
        ("~2", [">=2,<3"]),
        ("~=2.0.2", ["~=2.0.2"]),
        ("2.*", ["==2.*"]),
        ("2.0.2", ["==2.0.2"]),
        ("=2.0.2", ["==2.0.2"]),
        ("== 2.0.2", ["==2.0.2"]),
        (">=2, <3", [">=2,<3"]),
        (">= 2.0 < 3", [">=2.0,<3"]),
        ("*", [""]),
        ("^2.0 || ^3.0", [">=2.0,<3", ">=3.0,<4"]),
        ("latest", [""]),
    ],
)
def test_poetry_constraints(constraint: str, specifiers: list[str]) -> None:
    found = poetry_specifiers(constraint)
    assert [specifier for specifier, _, _ in found] == specifiers
    written = [constraint[start:end] for _, start, end in found]
    assert written == [part.strip() for part in constraint.split("||")]


def test_pipfile(rows: Reader) -> None:
    source = (
        "[[source]]\n"
        'name = "kafka-python"\n'
        "[packages]\n"
        'kafka-python = "==2.0.2"\n'
        'confluent-kafka = "*"\n'
        "[dev-packages]\n"
        'aiokafka = {version = "~=0.8", markers = "x"}\n'
    )
    assert rows("Pipfile", source) == [
        ("kafka-python", "==2.0.2", "==2.0.2", "4:17"),
        ("confluent-kafka", "", "*", "5:20"),
        ("aiokafka", "~=0.8", "~=0.8", "7:24"),
    ]


def test_setup_cfg(rows: Reader) -> None:
    source = (
        "[metadata]\n"
        "name = kafka-python\n"
        "[options]\n"
        "install_requires =\n"
        '    kafka-python>=2.0; python_version < "3.9"\n'
        "    # aiokafka==0.8\n"
        "\tConfluent_Kafka\n"
        "python_requires = >=3\n"
        "package_data =\n"
        "    aiokafka\n"
        "[options.extras_require]\n"
        "stream = faust-streaming==0.10\n"
    )
    assert rows("setup.cfg", source) == [
        ("kafka-python", ">=2.0", ">=2.0", "5:17"),
        ("confluent-kafka", "", "Confluent_Kafka", "7:2"),
        ("faust-streaming", "==0.10", "==0.10", "12:25"),
    ]


def test_setup_py_is_read_without_running(rows: Reader) -> None:
    source = (
        "import setuptools\n"
        "raise SystemExit(1)\n"
        'KAFKA = ["kafka-python>=2.0"]\n'
        'KAFKA += ["ü", "aiokafka==0.8"]\n'
        'EXTRAS = {"x": ["confluent-kafka" "[avro]==2.3.0"]}\n'
        "EXTRAS[\"y\"] = ['faust\\x2dstreaming<1']\n"
        'UNUSED = ["quixstreams==1"]\n'
        'ö = setuptools.setup(name="é", install_requires=["é", r\'quixstreams>=3\'] + KAFKA,\n'
        "    extras_require=EXTRAS, **{'tests_require': '''\n"
        "      kafka-python-ng==2.2.3\n"
        "    '''})\n"
    )
    assert rows("setup.py", source) == [
        ("kafka-python", ">=2.0", ">=2.0", "3:23"),
        ("aiokafka", "==0.8", "==0.8", "4:25"),
        ("confluent-kafka", "==2.3.0", '"confluent-kafka" "[avro]==2.3.0"', "5:17"),
        ("faust-streaming", "<1", "'faust\\x2dstreaming<1'", "6:16"),
        ("quixstreams", ">=3", ">=3", "8:68"),
        ("kafka-python-ng", "==2.2.3", "==2.2.3", "10:22"),
    ]


def test_setup_py_that_is_no_python() -> None:
    source = "from setuptools import setup\nsetup(install_requires=['kafka-python'\n"
    with pytest.raises(DependencyError) as caught:
        read("setup", SourceText("setup.py", source))
    assert caught.value.offset == source.index("setup(")


@pytest.mark.parametrize("name", ["poetry.lock", "uv.lock", "pdm.lock"])
def test_toml_locks(facts: Callable[[dict[str, str]], object], rows: Reader, name: str) -> None:
    source = (
        "# generated ü\n"
        "[[package]]\n"
        'name = "Kafka_Python"\n'
        'version = "2.0.2"\n'
        "\n"
        "[package.dependencies]\n"
        'version = "9"\n'
        "\n"
        "[[package]]\n"
        'name = "requests"\n'
        'version = "2.31"\n'
        "\n"
        "[[package]]\n"
        'name = "aiokafka"\n'
        "version = '0.8.0'\n"
    )
    assert rows(name, source) == [
        ("kafka-python", "==2.0.2", "2.0.2", "4:12"),
        ("aiokafka", "==0.8.0", "0.8.0", "15:12"),
    ]
    found = read("lock", SourceText(name, source))
    assert [item.locked for item in found] == [True, True]


def test_pylock(rows: Reader) -> None:
    source = 'lock-version = "1.0"\n[[packages]]\nname = "confluent-kafka"\nversion = "2.3.0"\n'
    assert rows("pylock.prod.toml", source) == [("confluent-kafka", "==2.3.0", "2.3.0", "4:12")]


def test_a_lock_that_is_no_toml() -> None:
    source = '[[package]]\nname = "kafka-python"\nversion = \n'
    with pytest.raises(DependencyError) as caught:
        read("lock", SourceText("poetry.lock", source))
    assert caught.value.offset == source.index("= \n") + 2


def test_a_lock_of_another_layout_is_refused() -> None:
    source = 'package = [{name = "kafka-python", version = "2.0.2"}]\n'
    with pytest.raises(DependencyError, match="not laid out"):
        read("lock", SourceText("uv.lock", source))


def test_pipfile_lock(rows: Reader) -> None:
    source = (
        '{"_meta": {"kafka-python": {"version": "==1"}},\n'
        ' "default": {"kafka-python": {"hashes": ["sha256:0"], "version": "==2.0.2"}},\n'
        ' "develop": {"aiokafka": {"git": "https://git.example.org/a"}}}\n'
    )
    assert rows("Pipfile.lock", source) == [
        ("kafka-python", "==2.0.2", "==2.0.2", "2:67"),
        ("aiokafka", "", "aiokafka", "3:15"),
    ]
    found = read("lock", SourceText("Pipfile.lock", source))
    assert [item.locked for item in found] == [True, False]


def test_conda_environment(rows: Reader) -> None:
    source = (
        "name: kafka-python\n"
        "dependencies:\n"
        "  - python=3.9\n"
        "  - conda-forge::python-confluent-kafka=1.9\n"
        "  - kafka-python==2.0.2\n"
        "  - aiokafka=0.8.0=py_0\n"
        '  - "quixstreams>=2,<3"\n'
        "  - pip:\n"
        "    - faust-streaming==0.10\n"
        "    - faststream[kafka]>=0.5\n"
    )
    assert rows("environment.yml", source) == [
        ("confluent-kafka", "==1.9.*", "=1.9", "4:40"),
        ("kafka-python", "==2.0.2", "==2.0.2", "5:17"),
        ("aiokafka", "==0.8.0", "=0.8.0=py_0", "6:13"),
        ("quixstreams", ">=2,<3", ">=2,<3", "7:17"),
        ("faust-streaming", "==0.10", "==0.10", "9:22"),
        ("faststream", ">=0.5", ">=0.5", "10:24"),
        ("faststream[kafka]", ">=0.5", ">=0.5", "10:24"),
    ]
    found = read("lock", SourceText("environment.yml", source))
    locked = [item.distribution for item in found if item.locked]
    assert locked == ["kafka-python", "aiokafka", "faust-streaming"]
