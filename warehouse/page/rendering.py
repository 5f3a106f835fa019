"""What the page and the briefs are rendered with: templates, their filters, and the style sheet."""

from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from warehouse.page import theme, words
from warehouse.page.edition import Edition

ROOM = Path(__file__).with_name("templates")


def template(name: str, **filters: Callable[..., object]) -> Template:
    """A template with the filters that all have, and its own."""
    environment = Environment(
        loader=FileSystemLoader(ROOM),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=words.number, day=words.day, percent=words.percent, **filters)
    return environment.get_template(name)


def style() -> Markup:
    """The style sheet, with fonts, and with the colours of charts."""
    return Markup(theme.fonts() + (ROOM / "style.css").read_text("utf-8") + recolouring())


def recolouring() -> str:
    """Charts have plain colours; on screen each becomes the CSS variable of its name."""
    rules = [
        f'svg [{a}="{hex_}"]{{{a}:var(--{name})}}'
        for name, hex_ in theme.PALETTE.items()
        for a in ("fill", "stroke")
    ]
    rules += [f'svg [{a}="white"]{{{a}:var(--paper)}}' for a in ("fill", "stroke")]
    return "@media screen{" + "".join(rules) + "}"


def year_label(edition: Edition) -> str:
    kind = "Fiscal" if edition.basis == "fiscal" else "Calendar"
    first, last = edition.period_from, edition.period_to
    return f"{kind} year {edition.year} ({first:%B %Y} \N{EN DASH} {last:%B %Y})"
