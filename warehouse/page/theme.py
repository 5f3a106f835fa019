"""The look of the charts: one theme, and one list of colours that the style sheet knows by name."""

from typing import Any

import altair as alt
import vl_convert
from markupsafe import escape

INK, MUTED, LINE, WASH = "#16212e", "#52606d", "#d9dee3", "#f4f7f5"
GREEN, AMBER, BLUE, PURPLE = "#0b6b45", "#b4540a", "#3b5ba5", "#6b3fa0"
PALETTE = {
    "ink": INK, "muted": MUTED, "green": GREEN, "amber": AMBER,
    "blue": BLUE, "purple": PURPLE, "line": LINE, "wash": WASH,
}  # fmt: skip
# In this order for lines; the last one is for whatever comes after the fourth.
SERIES = (GREEN, AMBER, BLUE, PURPLE, MUTED)
# A page column, and a phone: a chart scaled down to a phone could not be read.
WIDTHS = {"wide": 720, "narrow": 320}
FONT = "Inter, Arial, sans-serif"
# Room for a letter, relative to its size: the reader's font may be wider than the one we measure.
LETTER = 0.58


def room(texts: list[str], size: float) -> float:
    """Width that the longest of the texts may take, in pixels."""
    return max((len(t) for t in texts), default=0) * size * LETTER


def finished(chart: Any, width: int) -> dict[str, Any]:
    """The chart as a Vega-Lite specification in our theme."""
    made = (
        chart.properties(padding={"left": 4, "right": 4, "top": 6, "bottom": 4})
        .configure(font=FONT, aria=False, background="white")
        .configure_view(stroke=None, continuousWidth=width, discreteWidth=width)
        .configure_axis(
            labelColor=MUTED, titleColor=MUTED, labelFontSize=12, gridColor=LINE,
            domainColor=LINE, tickColor=LINE, titleFontWeight="normal",
        )
        .configure_text(fontSize=12, color=INK)
    )  # fmt: skip
    return dict(made.to_dict())


def svg(spec: dict[str, Any], prefix: str, alternative: str) -> str:
    """Inline SVG: no page colour behind it, ids of its own, and words for those who do not see it.

    Colours stay in the attributes, for paper; the style sheet recolours them by those attributes.
    """
    text = str(vl_convert.vegalite_to_svg({**spec, "background": None}))
    head, _, body = text.partition(">")
    box = head[head.index("viewBox=") :].split('"')[1]
    for made in ("clip", "gradient"):
        body = body.replace(f'id="{made}', f'id="{prefix}-{made}')
        body = body.replace(f"url(#{made}", f"url(#{prefix}-{made}")
    width, height = box.split()[2:]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width}" '
        f'height="{height}" role="img" aria-label="{_escaped(alternative)}">{_plain(body)}'
    )


def png(spec: dict[str, Any]) -> bytes:
    """The chart as a picture for slides, at twice its size."""
    return bytes(vl_convert.vegalite_to_png(spec, scale=2))


def _plain(body: str) -> str:
    # The picture has its words as a whole; roles inside it would only be read out piecemeal.
    for role in ("graphics-object", "graphics-symbol", "graphics-document"):
        body = body.replace(f' role="{role}"', "")
    parts = body.split(' aria-roledescription="')
    return parts[0] + "".join(p.partition('"')[2] for p in parts[1:])


def _escaped(text: str) -> str:
    return str(escape(text))


alt.data_transformers.disable_max_rows()
