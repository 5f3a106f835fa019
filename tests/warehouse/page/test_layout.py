"""sections.toml: every entry fits the tables, and a table more is one entry more."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import altair as alt
import duckdb
import pytest

from tests.warehouse.page import made_up
from warehouse.models import models
from warehouse.page import brief, charts, page, queries, report, sentences, series, words
from warehouse.page.edition import Edition, read
from warehouse.page.series import Figure, layout


def entries() -> list[Figure]:
    return [Figure(**f) for s in layout()["section"] for f in s["figure"]]


def test_numbers_of_figures_are_their_own(html: str) -> None:
    """Also where a figure is told in words for want of marks, and so has no picture."""
    numbers = re.findall(r'<span class="no">(.+?)</span>', html)
    assert len(numbers) > 12
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("figure", entries(), ids=lambda f: f.id)
def test_entry_fits_its_table(figure: Figure, edition: Edition) -> None:
    table = edition.tables[figure.table]
    named = {figure.measure, *figure.columns, *figure.where}
    named |= {c for c in (figure.label, figure.key, figure.growth, figure.month) if c}
    assert named <= {c.name for c in table.columns}
    assert figure.kind in {*charts.KINDS, "table", "measure"}
    # What is neither a chart nor a row of "All measures" is told in sentences.
    assert figure.is_drawn or figure.row or figure.table.startswith("projection")
    assert figure.title in sentences.RULES
    assert queries.parts(figure, table) or figure.is_bare
    assert figure.of or not figure.key


def test_names_of_figures_are_their_own() -> None:
    names = [f.id for f in entries()]
    assert len(names) == len(set(names))


def test_every_table_is_on_the_page(edition: Edition) -> None:
    """Those by month or week with a figure of their year at least; some only in briefs."""
    of_briefs = [t for s in brief.layout().values() for t in (*s["rate"], s["top"])]
    more = [*layout()["tile"], *layout()["row"], *of_briefs]
    shown = {f.table for f in entries()} | {t["table"] for t in more}
    assert shown <= set(edition.tables)
    assert {re.sub("_by_(week|month)$", "", t) for t in set(edition.tables) - shown} <= shown


def test_charts_are_valid_vega_lite(edition: Edition) -> None:
    for picture in page.drawn(edition).values():
        for spec in picture.specs.values():
            alt.Chart.from_dict(spec, validate=True)


def test_a_mark_shows_its_value_where_a_pointer_rests(edition: Edition, html: str) -> None:
    marks = {
        "paid-sellers": "FY2022: 200",
        "sellers-by-category": "Apparel, paid sellers: 63.0%",
        "largest-city": "Sialkot: 170",
        "sellers-bridge": f"left: {words.MINUS}201",
        "inquiries-by-month": "June 2022: 666",
    }
    for name, title in marks.items():
        block = html[html.index(f'id="figure-{name}"') :]
        assert block[: block.index("</figure>")].count(f"<title>{title}</title>") == 2, name
    assert "<title>2022-05-28: held</title>" in html
    assert not re.search(r"<(?:path|g)[^>]* aria-label=", html)


@pytest.fixture
def with_flow(tmp_path: Path) -> Edition:
    """The made-up edition with a table that the page does not know: months, and a share a year."""
    path = made_up.database(tmp_path / "outlook.duckdb", made_up.full())
    with duckdb.connect(str(path)) as db:
        db.execute("""
            CREATE TABLE report.flow AS
            SELECT h.* EXCLUDE (metric), m.month, h.value / 1000 AS rate,
                   NULL::VARCHAR AS rate_symbol
            FROM report.headline AS h
            JOIN (VALUES (7), (8), (10), (6)) AS months(number) ON h.metric = 'inquiries'
            CROSS JOIN LATERAL (SELECT make_date(
                year(period_from) + (number < 7)::INTEGER, number, 1) AS month) AS m
        """)
        for column in (
            None,
            "month",
            "rate",
            "value",
            *made_up.frame(2022),
            "numerator",
            "denominator",
            "coverage",
            "days",
            "days_covered",
            "symbol",
            "rate_symbol",
        ):
            unit = "share 0-1" if column == "rate" else None
            db.execute(
                "INSERT INTO meta.data_dictionary (table_schema, table_name, column_name, "
                "unit, description) VALUES ('report', 'flow', ?, ?, 'What flows.')",
                [column, unit],
            )
    return read(path, "FY2022")


def entry(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"flow-{kind}",
        "table": "flow",
        "measure": "value",
        "kind": kind,
        "title": "plain",
        "noun": "flow",
        "unit": "What flows",
        "month": "month",
        "columns": ["month", "value", "coverage"],
        **more,
    }


@pytest.mark.usefixtures("no_pdf")
def test_a_table_more_is_one_entry_more(
    with_flow: Edition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = {
        "id": "flow",
        "title": "Flow",
        "text": "In {market}.",
        "figure": [entry("months"), entry("table")],
    }
    more = {**layout(), "section": [*layout()["section"], section]}
    for module in (page, series):
        monkeypatch.setattr(module, "layout", lambda: more)
    folder = tmp_path / "report"
    folder.mkdir()
    report.write(folder, with_flow, {})
    html = (folder / "index.html").read_text("utf-8")
    assert "<h2>Flow</h2>\n<p>In Pakistan.</p>" in html
    assert "Lines of two years. What flows: FY2022 Jul 8,000, Aug 8,000, Oct 8,000, Jun" in html
    assert (folder / "figures" / "flow-months.png").is_file()
    assert (folder / "csv" / "flow.csv").is_file()


def test_a_month_without_a_figure_is_a_gap(with_flow: Edition) -> None:
    drawn = charts.picture(Figure(**entry("months")), with_flow)
    assert drawn
    lines = [s["data"]["values"] for s in drawn.specs["wide"]["layer"] if "data" in s]
    sets = drawn.specs["wide"].get("datasets", {})
    assert lines or sets
    segments = next(v for v in [*lines, *sets.values()] if v and "month2" in v[0])
    assert {(s["month"], s["month2"]) for s in segments} == {("Jul", "Aug")}


def test_a_share_moves_by_points(with_flow: Edition) -> None:
    figure = Figure(
        **entry("years", measure="rate", noun="Rate", title="trend", is_main_point=True)
    )
    assert sentences.title(figure, with_flow) == "Rate rose 200.0 pp in FY2022"
    [point] = sentences.main_points([figure], with_flow)
    assert point == "Rate: 800.0% as of 30 June 2022, 200.0 pp higher than a year before."


def test_a_table_that_the_file_does_not_have_is_left_out(edition: Edition) -> None:
    known = {k: t for k, t in edition.tables.items() if k != "inquiries_by_country"}
    without = replace(edition, tables=known)
    shown = [f.id for s in layout()["section"] for f in series.figures(s, without)]
    assert "inquiries-by-country" not in shown and "inquiries" in shown


NUMBERS = ("BIGINT", "DOUBLE", "INTEGER")
WHATEVER = {
    "withheld": ("c", "NULL"),
    "not_available": ("x", "NULL"),
    "zero": (None, "0"),
}


@pytest.mark.usefixtures("no_pdf")
@pytest.mark.parametrize(("symbol", "value"), WHATEVER.values(), ids=WHATEVER.keys())
def test_a_page_is_made_whatever_the_figures_are(
    tmp_path: Path, symbol: str | None, value: str
) -> None:
    """All figures of this year but those of the unknown class, which has some in every table."""
    path = made_up.database(tmp_path / "outlook.duckdb", made_up.full())
    with duckdb.connect(str(path)) as db:
        for model in (m for m in models() if m.schema == "report"):
            columns = {n: k for n, k, *_ in db.execute(f"DESCRIBE {model.table}").fetchall()}
            sets = [f"{n} = {value}" for n, k in columns.items() if k in NUMBERS and "day" not in n]
            sets += [f"{n} = ?" for n in columns if n.endswith("symbol")]
            marks = [symbol for n in columns if n.endswith("symbol")]
            classes = [k for k in ("city_key", "top_category_id") if k in columns]
            where = "".join(f" AND {c} <> 'unknown'" for c in classes)
            db.execute(
                f"UPDATE {model.table} SET {', '.join(sets)} WHERE edition = 'FY2022'{where}", marks
            )
    folder = tmp_path / "report"
    folder.mkdir()
    report.write(folder, read(path, "FY2022"), {})
    text = re.sub(
        r"<style>.*?</style>|<details>.*?</details>|data:[^\"]*",
        "",
        (folder / "index.html").read_text("utf-8"),
        flags=re.DOTALL,
    )
    assert not re.findall(r">[^<]*\b(?:None(?!:)|nan|inf|NaN)\b[^<]*<", text)
