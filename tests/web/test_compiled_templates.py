"""What one process has compiled another only reads; what was changed, cut off or written by somebody else is compiled again."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jinja2
import pytest
from django.test import override_settings

from tasuki.web.compiled_templates import CompiledTemplates

WORDS = {"page": "{% for n in numbers %}{{ n }} {% endfor %}"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TASUKI_HOME", str(tmp_path))
    return tmp_path / "templates"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is compiled, as it is."""
    names: list[str] = []
    compiling = jinja2.Environment.compile

    def told(environment: Any, source: Any, name: str, *more: Any) -> Any:
        names.append(name)
        return compiling(environment, source, name, *more)

    monkeypatch.setattr(jinja2.Environment, "compile", told)
    return names


def shown(words: dict[str, str] = WORDS, *, environment: str = "one", **options: Any) -> str:
    """The page, as a process shows it that has just begun."""
    env = jinja2.Environment(autoescape=True, loader=jinja2.DictLoader(words), bytecode_cache=CompiledTemplates(environment=environment), **options)
    return env.get_template("page").render(numbers=[1, 2])


def test_it_is_compiled_once_and_read_by_whoever_comes_next(folder: Path, compiled: list[str]) -> None:
    assert [shown(), shown(), shown()] == ["1 2 "] * 3
    assert compiled == ["page"]


def test_a_template_that_has_changed_is_compiled_again_in_its_place(folder: Path, compiled: list[str]) -> None:
    assert [shown(), shown({"page": "none"}), shown({"page": "none"})] == ["1 2 ", "none", "none"]
    assert len(compiled) == 2
    assert len(list(folder.iterdir())) == 1


def test_another_environment_or_another_jinja_compiles_again(folder: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shown()
    assert shown(environment="two", variable_start_string="[[") == "{{ n }} {{ n }} "
    monkeypatch.setattr(jinja2, "__version__", "99")
    shown()
    assert len(compiled) == 3


@pytest.mark.parametrize("left", [slice(0), slice(20), slice(40), slice(-1)])
def test_what_was_cut_off_is_compiled_again(folder: Path, compiled: list[str], left: slice) -> None:
    shown()
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[left])
    assert shown() == "1 2 "
    assert len(compiled) == 2
    assert file.read_bytes() == whole


def test_what_somebody_without_the_key_has_written_never_runs(folder: Path, compiled: list[str]) -> None:
    with override_settings(SECRET_KEY="another key than ours"):
        shown({"page": "not our words"})
    (written,) = folder.iterdir()
    shown({"page": "not our words"})
    assert len(compiled) == 2
    assert written.exists()


def test_where_nothing_can_be_written_the_page_is_shown(folder: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write_text("no folder")
    assert [shown(), shown()] == ["1 2 "] * 2
    folder.unlink()

    def full(**_where: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    assert shown() == "1 2 "
    assert len(compiled) == 3


def test_a_disk_that_is_full_in_the_middle_keeps_no_draft(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_draft: Path, _file: Path) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert shown() == "1 2 "
    assert not list(folder.iterdir())


def test_its_owner_alone_may_enter(folder: Path) -> None:
    shown()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_many_at_once_read_all_of_it_or_nothing(folder: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        said = list(threads.map(lambda nth: shown({"page": f"{nth % 3} " * 500}), range(60)))
    assert said == [f"{nth % 3} " * 500 for nth in range(60)]
    assert len(list(folder.iterdir())) == 1
