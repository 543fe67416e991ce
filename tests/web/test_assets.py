"""What the browser gets: small, named by its content, without a way to run text as code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template import engines
from django.urls import reverse

from tasuki.web import assets
from tests.cast import Cast
from tests.web.office import lead_of, signed_in

STATIC = Path(assets.__file__).parent / "static"
BUILT = STATIC / "built"
ROOT = Path(__file__).resolve().parents[2]


def manifest() -> dict[str, str]:
    names: dict[str, str] = json.loads((BUILT / "manifest.json").read_text(encoding="utf-8"))
    return names


@pytest.mark.django_db
def test_a_first_page_weighs_less_than_120_kb(cast: Cast) -> None:
    """Script, style and icons as they travel, and the typefaces that every page needs: latin, and the signs of currencies.

    What a script asks for later, when somebody opens the palette or a field that offers names, is named in a data attribute: it does not travel with the page.
    """
    lead, client = lead_of(cast), signed_in(cast.ada)
    fonts = sum((STATIC / "fonts" / f"inter-{name}-wght-normal.woff2").stat().st_size for name in ("latin", "currency"))
    pages = (reverse("relay"), reverse("leads"), reverse("leads") + "?as=board", reverse("tasks") + "?as=calendar", reverse("lead", args=[lead.pk]))
    for address in (*pages, reverse("handbook"), reverse("settings")):
        asked = set(re.findall(r'(?:src|href)="/static/built/([\w.]+\.(?:js|css))"', client.get(address).content.decode()))
        assert {name.partition(".")[0] for name in asked} >= {"app", "style"}
        built = sum((BUILT / f"{name}.gz").stat().st_size for name in (*asked, manifest()["icons.svg"]))
        assert built < 40_000, address
        assert built + fonts < 120_000, address


@pytest.mark.django_db
def test_a_full_list_travels_in_less_than_30_kb(cast: Cast) -> None:
    for nth in range(51):
        lead_of(cast, nth)
    for query in ("", "?group=stage", "?columns=person,account,stage,in_stage,source,owner,next_task,opened,segment,origin,product,team,country,title"):
        answer = signed_in(cast.ada).get(reverse("leads") + query, headers={"Accept-Encoding": "gzip"})
        assert (answer.status_code, answer["Content-Encoding"]) == (200, "gzip")
        assert len(answer.content) < 30_000, query


@pytest.mark.parametrize("ending", ["", ".gz", ".br"])
def test_every_built_file_is_there_also_compressed(ending: str) -> None:
    for name in manifest().values():
        assert (BUILT / f"{name}{ending}").is_file()


def test_what_is_named_by_its_content_may_be_kept_for_ever() -> None:
    assert all(assets.is_immutable("", f"/static/built/{name}") for name in manifest().values())
    assert not assets.is_immutable("", "/static/images/brand.svg")


def test_an_icon_that_does_not_exist_is_refused_loudly() -> None:
    assert assets.icon_address("x").endswith("#x")
    with pytest.raises(LookupError, match="no-such-icon"):
        assets.icon_address("no-such-icon")


def test_every_file_that_the_style_names_is_there() -> None:
    style = (BUILT / manifest()["style.css"]).read_text(encoding="utf-8")
    named = set(re.findall(r"url\(\"?(/static/[^)\"]+)", style))
    assert named
    assert all((STATIC / address.removeprefix("/static/")).is_file() for address in named)


def tokens_of(files: list[Path]) -> Iterator[tuple[str, str]]:
    for file in files:
        for name in re.findall(r"var\((--[a-z0-9-]+)", file.read_text(encoding="utf-8")):
            yield file.name, name


def test_a_style_names_only_tokens_that_exist() -> None:
    styles = sorted((ROOT / "tasuki/web/styles").glob("*.css"))
    defined = {name for file in styles for name in re.findall(r"(--[a-z0-9-]+)\s*:", file.read_text(encoding="utf-8"))}
    assert {(file, name) for file, name in tokens_of(styles) if name not in defined} == set()


def test_a_colour_has_its_name_in_the_tokens_and_nowhere_else() -> None:
    for file in sorted((ROOT / "tasuki/web/styles").glob("*.css")):
        if file.name == "tokens.css":
            continue
        text = re.sub(r'url\("data:[^"]*"\)', "", file.read_text(encoding="utf-8"))
        assert re.findall(r"#[0-9a-f]{3,8}\b(?=[\s;,)])|rgba?\(|hsla?\(", text) == [], file.name


def test_pages_load_nothing_from_elsewhere() -> None:
    for name in ("app.js", "style.css"):
        text = (BUILT / manifest()[name]).read_text(encoding="utf-8")
        assert re.findall(r"https?://(?!www\.w3\.org/)[^\s\"'`)]+", text) == [], name


def test_licences_travel_with_what_was_built() -> None:
    text = (BUILT / manifest()["licences.txt"]).read_text(encoding="utf-8")
    assert "@tabler/icons" in text
    assert "htmx" in text
    assert "SIL OPEN FONT LICENSE" in (STATIC / "fonts" / "OFL.txt").read_text(encoding="utf-8").upper()


def test_the_environment_refuses_what_is_not_defined() -> None:
    jinja = engines["jinja2"].env  # type: ignore[attr-defined]  # only this backend has it
    with pytest.raises(Exception, match="nobody"):
        jinja.from_string("{{ nobody }}").render()
    assert jinja.from_string("{{ text }}").render(text="<b>") == "&lt;b&gt;"
