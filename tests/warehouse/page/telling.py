"""What the page says of a figure of a made-up edition."""

from datetime import date
from pathlib import Path

from tests.warehouse.page import made_up
from warehouse.page import sentences
from warehouse.page.edition import Edition
from warehouse.page.series import Figure, figures, layout


def figure_of(name: str, edition: Edition) -> Figure:
    return next(f for s in layout()["section"] for f in figures(s, edition) if f.id == name)


def inquiries(
    tmp_path: Path,
    years: dict[int, float | None],
    covered: dict[int, int] | None = None,
    **as_of: date,
) -> Edition:
    days = {int(name[2:]): day for name, day in as_of.items()}
    tables = {
        "report.headline": [
            r for y, n in years.items() for r in made_up.headline(y, days.get(y), inquiries=n)
        ],
        **made_up.flow(years, covered, days),
    }
    return made_up.edition(tmp_path / "outlook.duckdb", tables, max(years), "provisional")


def told(edition: Edition, name: str = "inquiries") -> tuple[str, list[str]]:
    figure = figure_of(name, edition)
    return sentences.title(figure, edition), sentences.main_points([figure], edition)


def block(html: str, figure: Figure) -> str:
    """The part of the page with a figure, or with a measure's data."""
    kind = "figure" if figure.is_drawn else "measure"
    start = html.index(f'id="{kind}-{figure.id}"')
    ends = (html.find(end, start + 1) for end in ('id="figure-', 'id="measure-', "</section>"))
    return html[start : min(e for e in ends if e > 0)]
