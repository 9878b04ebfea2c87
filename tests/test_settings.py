"""Settings: where they come from, and that what nobody reads is an error."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from oncelint.settings import (
    ExternalClient,
    IgnoredLocation,
    Settings,
    SettingsError,
    as_toml,
    load,
)

NAMES = {"acks-not-all", "producer-not-idempotent", "idempotence", "transactions"}

EVERYTHING = """\
select = ["idempotence"]
ignore = ["acks-not-all"]
extend-select = ["transactions"]
exclude = ["vendor/**", "*.gen.py"]
max-file-size = 1000
include-tests = true
documents = true
preview = true
pedantic = true
min-severity = "warning"
min-confidence = "low"
fail-on = "error"

[per-file-ignores]
"tests/**" = ["producer-not-idempotent"]

[severity]
acks-not-all = "note"

[clients]
confluent-kafka = "2.3.0"

[[pipelines]]
role = "producer"
topics = ["orders"]
transactional = true

[[pipelines]]
role = "consumer"
topics = ["orders", "bills"]
isolation-level = "read_uncommitted"

[[ignore-locations]]
at = "./connect/sink.json#/config/insert.mode"
rules = ["acks-not-all"]
reason = "the table is truncated first"
"""

EXPECTED = Settings(
    select=("idempotence",),
    ignore=("acks-not-all",),
    extend_select=("transactions",),
    exclude=("vendor/**", "*.gen.py"),
    max_file_size=1000,
    include_tests=True,
    documents=True,
    preview=True,
    pedantic=True,
    min_severity="warning",
    min_confidence="low",
    fail_on="error",
    per_file_ignores=(("tests/**", ("producer-not-idempotent",)),),
    severity={"acks-not-all": "note"},
    clients={"confluent-kafka": "2.3.0"},
    pipelines=(
        ExternalClient("producer", ("orders",), transactional=True, file="oncelint.toml", line=23),
        ExternalClient(
            "consumer",
            ("orders", "bills"),
            isolation_level="read_uncommitted",
            file="oncelint.toml",
            line=28,
        ),
    ),
    ignore_locations=(
        IgnoredLocation(
            "connect/sink.json",
            "/config/insert.mode",
            ("acks-not-all",),
            "the table is truncated first",
        ),
    ),
)


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _names() -> set[str]:
    return NAMES


def test_without_a_file_the_defaults_count(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings()
    _write(tmp_path / "pyproject.toml", '[project]\nname = "x"\n')
    assert load(tmp_path) == Settings()


def test_every_setting_of_oncelint_toml(tmp_path: Path) -> None:
    path = _write(tmp_path / "oncelint.toml", EVERYTHING)
    found = load(tmp_path, names=_names)
    assert found.sources == (str(path),)
    assert as_toml(found) == as_toml(EXPECTED)
    for name in EXPECTED.__slots__:
        if name != "sources":
            assert getattr(found, name) == getattr(EXPECTED, name), name


def test_pyproject_says_the_same_in_its_table(tmp_path: Path) -> None:
    text = re.sub(r"^(\[+)", r"\1tool.oncelint.", EVERYTHING, flags=re.M)
    _write(tmp_path / "pyproject.toml", "[tool.oncelint]\n" + text)
    assert as_toml(load(tmp_path, names=_names)) == as_toml(EXPECTED)


def test_oncelint_toml_wins_and_says_so(tmp_path: Path) -> None:
    _write(tmp_path / "pyproject.toml", "[tool.oncelint]\npreview = true\n")
    _write(tmp_path / "oncelint.toml", "pedantic = true\n")
    found = load(tmp_path)
    assert (found.preview, found.pedantic) == (False, True)
    assert found.notes == (
        "oncelint.toml is used, and [tool.oncelint] in pyproject.toml is not read",
    )


def test_a_pyproject_that_only_mentions_oncelint_is_no_second_file(tmp_path: Path) -> None:
    _write(tmp_path / "pyproject.toml", '[dependency-groups]\ndev = ["oncelint"]\n')
    _write(tmp_path / "oncelint.toml", "pedantic = true\n")
    assert load(tmp_path).notes == ()
    (tmp_path / "oncelint.toml").unlink()
    assert load(tmp_path) == Settings()


def test_isolated_reads_no_file_but_the_command_line(tmp_path: Path) -> None:
    _write(tmp_path / "oncelint.toml", "nonsense = true\n")
    assert load(tmp_path, isolated=True) == Settings()
    assert load(tmp_path, isolated=True, config=["preview=true"]).preview


def test_config_file_stands_in_for_the_projects(tmp_path: Path) -> None:
    _write(tmp_path / "oncelint.toml", "pedantic = true\n")
    other = _write(tmp_path / "other.toml", "preview = true\n")
    found = load(tmp_path, config=[str(other)])
    assert (found.preview, found.pedantic, found.sources) == (True, False, (str(other),))


def test_config_values_count_over_files(tmp_path: Path) -> None:
    _write(tmp_path / "oncelint.toml", 'min-severity = "error"\nfail-on = "error"\n')
    config = ['min-severity="note"', 'clients.confluent-kafka="2.3.0"']
    found = load(tmp_path, config=config)
    assert (found.min_severity, found.fail_on) == ("note", "error")
    assert found.clients == {"confluent-kafka": "2.3.0"}


def test_extend_is_read_first_and_replaced_setting_by_setting(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    _write(tmp_path / "base" / "oncelint.toml", 'ignore = ["acks-not-all"]\npreview = true\n')
    _write(tmp_path / "oncelint.toml", 'extend = "base/oncelint.toml"\npreview = false\n')
    found = load(tmp_path, names=_names)
    assert (found.ignore, found.preview) == (("acks-not-all",), False)
    assert [Path(item).parent.name for item in found.sources] == ["base", tmp_path.name]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('slect = ["x"]', ":1: slect: there is no such setting, did you mean select?"),
        (
            "\nmin_severity = 'note'",
            ":2: min_severity: there is no such setting, did you mean min-severity?",
        ),
        ("select = 'idempotence'", ":1: select: must be a list of texts in quotes"),
        ("preview = 1", ":1: preview: must be true or false"),
        ("fail-on = 'never'", ":1: fail-on: must be one of note, warning, error"),
        ("min-confidence = true", ":1: min-confidence: must be one of low, medium, high"),
        ("max-file-size = true", ":1: max-file-size: must be a number of bytes above 0"),
        ('exclude = ["build\\\\"]', ":1: exclude: build\\ is no pattern of .gitignore's"),
        (
            "[per-file-ignores]\n'!' = []",
            ":2: per-file-ignores.!: ! is no pattern of .gitignore's",
        ),
        ("max-file-size = 0", ":1: max-file-size: must be a number of bytes above 0"),
        ("severity = 'error'", ":1: severity: must be a table"),
        (
            "[severity]\nacks-not-al = 'note'",
            ":2: severity.acks-not-al: there is no rule or group acks-not-al,"
            " did you mean acks-not-all?",
        ),
        (
            "[severity]\nacks-not-all = 'fatal'",
            ":2: severity.acks-not-all: must be one of note, warning, error",
        ),
        ("select = ['zzz']", ":1: select: there is no rule or group zzz"),
        ("[clients]\nkafka-python = 2.0", ":2: clients.kafka-python: must be a text in quotes"),
        (
            "[[pipelines]]\nrole = 'both'",
            ":2: pipelines[0].role: must be one of producer, consumer",
        ),
        (
            "[[pipelines]]\nrole = 'consumer'\ntopic = []",
            ":3: pipelines[0].topic: there is no such setting, did you mean topics?",
        ),
        (
            "[[pipelines]]\nrole = 'consumer'\ntopics = []",
            ":3: pipelines[0].topics: must name at least one topic",
        ),
        (
            "[[pipelines]]\nrole = 'consumer'\ntopics = ['a']\ntransactional = true",
            ":4: pipelines[0].transactional: only a producer is transactional",
        ),
        (
            "[[pipelines]]\nrole = 'producer'\ntopics = ['a']\nisolation-level = 'read_committed'",
            ":4: pipelines[0].isolation-level: only a consumer has an isolation level",
        ),
        (
            "[[ignore-locations]]\nat = 'a.json'",
            ':2: ignore-locations[0].at: must look like "file.json#/config/insert.mode"',
        ),
        (
            "[[ignore-locations]]\nat = 'a.json#/x'\nrules = ['acks-not-all']",
            ": ignore-locations[0].reason: must be a text in quotes",
        ),
        ("pipelines = 3", ":1: pipelines: must be a list of tables"),
        ("extend = 'nowhere.toml'", ":1: extend: there is no file "),
        ("extend = 3", ":1: extend: must be the path of a settings file"),
        ("select = [", ": is not valid TOML: "),
    ],
)
def test_errors_name_file_place_and_remedy(tmp_path: Path, text: str, sentence: str) -> None:
    path = _write(tmp_path / "oncelint.toml", text)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, names=_names)
    message = str(caught.value)
    assert message.startswith(f"{path}{sentence}")
    assert "\n" not in message


def test_errors_in_pyproject_name_the_whole_key(tmp_path: Path) -> None:
    path = _write(tmp_path / "pyproject.toml", "[tool.oncelint]\npreveiw = true\n")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    assert str(caught.value) == (
        f"{path}:2: tool.oncelint.preveiw: there is no such setting, did you mean preview?"
    )


def test_a_setting_like_no_other_lists_them_all(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"qqq: there is no such setting \(there are clients, "):
        load(tmp_path, config=["qqq=1"])


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (
            ["min-severity=error"],
            "--config min-severity=error: the value must be TOML, so text needs quotes:"
            ' min-severity="…"',
        ),
        (["nowhere.toml"], "nowhere.toml: cannot be read (No such file or directory)"),
        (["a.toml", "b.toml"], "--config names two files, a.toml and b.toml; give one"),
        (["preview=2"], "--config preview=2: preview: must be true or false"),
    ],
)
def test_errors_of_the_command_line(tmp_path: Path, config: list[str], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, config=config)
    assert str(caught.value) == sentence


def test_files_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    _write(tmp_path / "oncelint.toml", 'extend = "b.toml"\n')
    _write(tmp_path / "b.toml", 'extend = "oncelint.toml"\n')
    with pytest.raises(SettingsError, match=r"b\.toml: extend: .* in a circle"):
        load(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "oncelint.toml").write_bytes(b"preview = \xff")
    with pytest.raises(SettingsError, match=r"oncelint\.toml: is not UTF-8 at byte 10"):
        load(tmp_path)


def test_effective_settings_load_to_themselves(tmp_path: Path) -> None:
    for settings in (Settings(), EXPECTED):
        _write(tmp_path / "oncelint.toml", as_toml(settings))
        assert as_toml(load(tmp_path, names=_names)) == as_toml(settings)


def test_a_project_without_settings_loads_no_parser(tmp_path: Path) -> None:
    _write(tmp_path / "pyproject.toml", '[project]\nname = "x"\n')
    code = (
        "import sys, pathlib\n"
        "from oncelint.settings import load\n"
        "load(pathlib.Path(sys.argv[1]))\n"
        "assert not {'tomli', 'difflib', 'pathspec'} & set(sys.modules), sys.modules.keys()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
