"""What the README shows is what happens."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tomli
import yaml

from oncelint import check, settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = str(Path(sys.executable).parent / "oncelint")
ORDERS = ROOT / "fixtures" / "projects" / "orders"


def _fences(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)


def test_the_finding_shown_is_the_one_found() -> None:
    done = subprocess.run(
        [COMMAND, "check", ".", "--select", "consumer-reads-uncommitted", "-q"],
        cwd=ORDERS,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == _fences("text")[0].strip()


def test_the_number_of_mistakes_is_right() -> None:
    arguments = [COMMAND, "check", "fixtures/projects/orders", "--output-format", "json"]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True)
    shown = [one for one in json.loads(done.stdout)["findings"] if one["suppressed"] is None]
    assert "finds seven mistakes" in README
    assert len(shown) == 7


def test_the_settings_example_loads(tmp_path: Path) -> None:
    (example,) = _fences("toml")
    (tmp_path / "pyproject.toml").write_text(example)
    loaded = settings.load(tmp_path, names=check.names)
    assert loaded.clients == {"confluent-kafka": "2.3.0"}
    assert loaded.pipelines[0].transactional
    assert loaded.ignore_locations[0].pointer == "/config/insert.mode"
    assert set(tomli.loads(example)["tool"]["oncelint"]) <= {
        name.replace("_", "-") for name in settings.Settings.__dataclass_fields__
    }


def test_the_hook_of_the_example_is_there() -> None:
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    configured = yaml.safe_load(_fences("yaml")[0])["repos"][0]["hooks"]
    assert {hook["id"] for hook in configured} <= hooks


LINE = "app/main.py:3:12: warning[producer-not-idempotent] a retry writes these records twice"


def test_the_problem_matcher_reads_a_line() -> None:
    pattern = json.loads(_fences("json")[0])["tasks"][0]["problemMatcher"]["pattern"]
    found = re.fullmatch(pattern["regexp"], LINE)
    assert found is not None
    assert found[pattern["file"]] == "app/main.py"
    assert (found[pattern["line"]], found[pattern["column"]]) == ("3", "12")
    assert (found[pattern["severity"]], found[pattern["code"]]) == (
        "warning",
        "producer-not-idempotent",
    )


CLIENT = """from confluent_kafka import Producer

producer = Producer({"bootstrap.servers": "kafka:9092"})
"""


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed")
def test_the_recipe_for_vim(tmp_path: Path) -> None:
    """The unsaved buffer is judged, and the quickfix list points at the finding."""
    recipe, target, result = tmp_path / "recipe.vim", tmp_path / "app.py", tmp_path / "result"
    recipe.write_text(_fences("vim")[0].replace("oncelint check", f"{COMMAND} check", 1))
    target.write_text("import json\n")
    script = tmp_path / "script.vim"
    script.write_text(
        f"edit {target}\nsource {recipe}\n"
        f"call setline(1, {json.dumps(CLIENT.splitlines())})\n"
        f"Oncelint\ncall writefile([json_encode(getqflist())], '{result}')\nqall!\n"
    )
    subprocess.run(
        ["vim", "-es", "-u", "NONE", "-N", "-S", str(script)],
        cwd=tmp_path,
        check=False,
        timeout=60,
        capture_output=True,
    )
    (entry,) = json.loads(result.read_text())
    assert (entry["lnum"], entry["col"], entry["type"], entry["valid"]) == (3, 12, "w", 1)
    assert entry["text"].startswith("producer-not-idempotent] ")
    assert target.read_text() == "import json\n"
