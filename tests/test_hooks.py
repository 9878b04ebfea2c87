"""The pre-commit manifest: what it is triggered by, and what it does in a repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from oncelint.dependencies import reader_for
from oncelint.discover import _KINDS, kind_of

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
(HOOK,) = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
FILES = re.compile(HOOK["files"])
DEPENDENCY_FILES = [
    "requirements.txt",
    "svc/requirements-dev.in",
    "requirements/base.txt",
    "reqs/prod.in",
    "requirements.txt.freeze",
    "app/requirements.txt.prod",
    "deploy/pip.freeze",
    "constraints.txt",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "Pipfile",
    "Pipfile.lock",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "pylock.toml",
    "pylock.dev.toml",
    "environment.yml",
    "conda/environment-dev.yaml",
    "pom.xml",
    "app/parent.pom",
    "build.gradle",
    "app/build.gradle.kts",
    "gradle.properties",
    "gradle/libs.versions.toml",
    "Dockerfile",
    "deploy/Dockerfile.prod",
    "Containerfile",
    "app.dockerfile",
    "install.sh",
    "deploy.yaml",
]


def test_the_hook_is_what_pre_commit_expects() -> None:
    assert (HOOK["id"], HOOK["language"], HOOK["require_serial"]) == ("oncelint", "python", True)
    assert HOOK["entry"] == "oncelint check --output-format concise"
    assert HOOK.get("pass_filenames", True)


def test_the_other_name_of_the_manifest_leads_to_it() -> None:
    assert (ROOT / "pre-commit-hooks.yaml").resolve() == MANIFEST


@pytest.mark.parametrize(
    "name",
    [f"app/some{suffix}" for suffix, kind in _KINDS.items() if kind] + [".env", "x/.env.local"],
)
def test_every_kind_of_file_is_a_trigger(name: str) -> None:
    assert kind_of(name) is not None
    assert FILES.search(name)


@pytest.mark.parametrize("name", DEPENDENCY_FILES)
def test_every_file_that_tells_versions_is_a_trigger(name: str) -> None:
    assert reader_for(name) is not None
    assert FILES.search(name)


@pytest.mark.parametrize(
    "name", ["README.md", "web/index.js", "src/Main.java", "notes.txt", "a.pyi", "data.csv"]
)
def test_other_files_are_not(name: str) -> None:
    assert kind_of(name) is None
    assert reader_for(name) is None
    assert not FILES.search(name)


CLIENT = """from confluent_kafka import Producer

producer = Producer({"bootstrap.servers": "kafka:9092"})
"""


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


@pytest.mark.skipif(
    not os.environ.get("ONCELINT_HOOKS"),
    reason="builds the package with pip: set ONCELINT_HOOKS=1, with pre-commit installed",
)
def test_try_repo(tmp_path: Path) -> None:
    """The real pre-commit, on the hook as it stands in this tree."""
    pre_commit = shutil.which(
        "pre-commit", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    )
    assert pre_commit is not None, "ONCELINT_HOOKS is set, and pre-commit is not installed"
    hook, project = tmp_path / "hook", tmp_path / "project"
    ignore = shutil.ignore_patterns(".git", ".*_cache", ".hypothesis", "wild", "evidence")
    shutil.copytree(ROOT, hook, symlinks=True, ignore=ignore)
    project.mkdir()
    (project / "client.py").write_text(CLIENT)
    (project / "other.py").write_text(CLIENT)
    (project / "README.md").write_text("kafka\n")
    for folder in (hook, project):
        _git(folder, "init", "-q")
        _git(folder, "add", "-A")
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    _git(hook, *identity, "commit", "-q", "-m", "hook")

    def attempt(*files: str) -> tuple[int, str]:
        done = subprocess.run(
            [pre_commit, "try-repo", str(hook), "oncelint", "--files", *files],
            cwd=project,
            env={**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "home")},
            capture_output=True,
            text=True,
            timeout=300,
        )
        return done.returncode, done.stdout + done.stderr

    code, told = attempt("client.py", "README.md")
    assert code == 1, told
    assert "client.py:3:12: warning[producer-not-idempotent]" in told
    assert "other.py" not in told
    (project / "client.py").write_text(CLIENT.replace("{", '{"enable.idempotence": True, '))
    code, told = attempt("client.py")
    assert code == 0, told
    assert "Passed" in told
    code, told = attempt("README.md")
    assert (code, "no files to check" in told) == (0, True), told
