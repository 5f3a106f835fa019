"""What docs/ says is what the models say: nothing stale, nothing left out."""

import re
from pathlib import Path

import pytest

from docs.generate import DOCS, pages
from warehouse.models import PUBLISHED, models, reads


@pytest.mark.parametrize("name", sorted(pages()))
def test_docs_are_not_stale(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == pages()[name], "run `make docs`"


def test_every_published_table_is_in_the_dictionary() -> None:
    text = pages()["data-dictionary.md"]
    for model in models():
        assert (f"\n### {model.table}\n" in text) == (model.schema in PUBLISHED)


def test_every_report_table_and_figure_is_defined() -> None:
    text = pages()["figures.md"]
    for model in models():
        if model.schema == "report":
            assert f"\n## {model.name}\n" in text
            for figure in model.about.get("figure", ()):
                assert f"\n### {model.name}: {figure}\n" in text


def test_every_headline_metric_has_a_definition() -> None:
    """`outlook explain` and docs/figures.md would otherwise fall back on the table's."""
    headline = next(m for m in models() if m.table == "report.headline")
    assert set(headline.about["figure"]) == set(headline.about["needs"])


def test_a_need_is_the_same_wherever_it_is_named() -> None:
    """A table that is made of another's figures names their needs again."""
    told: dict[str, object] = {}
    for model in models():
        for name, needs in model.about.get("needs", {}).items():
            assert told.setdefault(name, needs) == needs, f"{model.table}: {name}"
        if model.schema == "report" and model.name != "context":
            assert model.about.get("needs"), model.table


def test_lineage_has_every_arrow_once() -> None:
    arrows = [
        line
        for line in pages()["lineage.md"].splitlines()
        if line.startswith("    ") and " --> " in line
    ]
    assert len(arrows) == len(set(arrows)) == sum(len(reads(m)) for m in models())


def test_every_published_table_says_what_its_rows_are() -> None:
    """One row per what; the tables of a single row say so."""
    text = pages()["data-dictionary.md"]
    for part in text.split("\n### ")[1:]:
        name, about = part.split("\n\n")[:2]
        if not name.startswith("main."):
            assert "One row per" in about or "one row" in about, name


ROOT = DOCS.parent
PAGES = [*ROOT.glob("*.md"), *DOCS.glob("*.md")]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        if path.startswith("https:"):
            continue
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
