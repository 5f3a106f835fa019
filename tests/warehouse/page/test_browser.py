"""The page in a real Chromium: light, dark, phone. Skipped loudly where there is none."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.page import made_up
from warehouse.page import report

CHROMIUM = next(
    (
        p
        for p in (
            os.environ.get("OUTLOOK_TEST_CHROMIUM"),
            "/usr/bin/chromium",
            "/usr/bin/chromium-browser",
            "/usr/bin/google-chrome",
        )
        if p and Path(p).exists()
    ),
    None,
)
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 1000}},
    "dark": {"viewport": {"width": 1280, "height": 1000}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
# Elements whose text is wider than they are, or that stick out of the window; not what is folded.
CUT = """() => [...document.querySelectorAll('h1,h2,p,li,dd,dt,figcaption,.big,.tile,svg')]
  .filter(e => e.getClientRects().length && !e.closest('.scroll') && !e.closest('.skip'))
  .filter(e => !e.classList.contains('skip') && !e.closest('details:not([open]) > :not(summary)'))
  .filter(e => { const b = e.getBoundingClientRect();
    return b.right > innerWidth + 1 || b.left < -1 || e.scrollWidth > e.clientWidth + 2
      && getComputedStyle(e).display !== 'inline' && e.tagName !== 'svg'; })
  .map(e => e.tagName + ': ' + e.textContent.slice(0, 60))"""
# Texts of one chart that lie on each other, or outside the window.
OVERLAPPING = """() => [...document.querySelectorAll('figure svg')].flatMap(svg => {
  const found = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim())
    .map(t => [t.textContent, t.getBoundingClientRect()]).filter(([, b]) => b.width);
  const bad = found.filter(([, b]) => b.left < 0 || b.right > innerWidth).map(([t]) => 'cut: ' + t);
  for (let i = 0; i < found.length; i++) for (let j = i + 1; j < found.length; j++) {
    const [[s, a], [t, b]] = [found[i], found[j]];
    const sideways = a.left < b.right - 1 && b.left < a.right - 1;
    if (sideways && a.top < b.bottom - 3 && b.top < a.bottom - 3)
      bad.push(s + ' | ' + t);
  }
  return bad;
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("NO CHROMIUM: the page was seen by nobody; apt-get install -y chromium")
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(params=VIEWS)
def seen(request: pytest.FixtureRequest, browser: Any, folder: Path) -> Iterator[Any]:
    """The page in one view; it may log nothing and ask for nothing but itself."""
    context = browser.new_context(**VIEWS[request.param])
    page = context.new_page()
    told: list[str] = []
    asked: list[str] = []
    page.on("console", lambda m: told.append(m.text))
    page.on("pageerror", lambda e: told.append(str(e)))
    page.on("request", lambda r: asked.append(r.url))
    page.goto((folder / "index.html").as_uri())
    yield page
    assert not told
    assert asked == [(folder / "index.html").as_uri()]
    context.close()


def test_nothing_is_cut_and_nothing_overlaps(seen: Any) -> None:
    assert seen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert seen.evaluate(CUT) == []
    assert seen.evaluate(OVERLAPPING) == []


@pytest.mark.parametrize(("width", "most"), [(1440, 10_000), (390, 15 * 844)])
def test_page_is_short(browser: Any, folder: Path, width: int, most: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.goto((folder / "index.html").as_uri())
    assert page.evaluate("document.documentElement.scrollHeight") <= most
    page.close()


def test_axe_finds_nothing(seen: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for details in seen.locator("details").all():
        details.evaluate("d => d.open = true")
    found = axe.run(seen).response["violations"]
    assert [(v["id"], [n["html"][:90] for n in v["nodes"]]) for v in found] == []


def test_a_click_gives_the_workbook(seen: Any, folder: Path) -> None:
    with seen.expect_download() as waiting:
        seen.get_by_role("link", name="Excel workbook").click()
    assert Path(waiting.value.path()).read_bytes() == (folder / "outlook.xlsx").read_bytes()


@pytest.mark.usefixtures("no_pdf")
def test_axe_finds_nothing_in_what_stands_above_the_head(browser: Any, tmp_path: Path) -> None:
    """A corrected year made of sample exports, some of its nights missing: every notice."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tables = made_up.full()
    for row in tables["report.headline"]:
        row |= {"is_partial": True, "days": 365, "days_covered": 300}
    made = made_up.edition(tmp_path / "outlook.duckdb", tables, status="corrected")
    folder = tmp_path / "report"
    folder.mkdir()
    report.write(folder, replace(made, is_sample=True), {})
    page = browser.new_page()
    page.goto((folder / "index.html").as_uri())
    assert page.locator("aside.notice").count() == 3
    assert axe.run(page).response["violations"] == []
    page.close()
