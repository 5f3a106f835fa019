"""The look of the charts: one theme, and one list of colours, named for the style sheet."""

import base64
import re
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert
from markupsafe import escape

INK, MUTED, GREY, LINE, WASH = "#16212e", "#52606d", "#9aa7b2", "#d9dee3", "#f4f7f5"
GREEN, AMBER, BLUE, PURPLE = "#0b6b45", "#b4540a", "#3b5ba5", "#6b3fa0"
PALETTE = {
    "ink": INK,
    "muted": MUTED,
    "grey": GREY,
    "green": GREEN,
    "amber": AMBER,
    "blue": BLUE,
    "purple": PURPLE,
    "line": LINE,
    "wash": WASH,
}
# The filling of a column that is provisional: stripes, so that it needs no colour of its own.
HATCH = "url(#hatch)"
STRIPES = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
    f'patternTransform="rotate(45)"><path d="M0 0V6" stroke="{GREEN}" stroke-width="4"/>'
    "</pattern></defs>"
)
# A page column and a phone: a chart scaled down to a phone would be illegible.
WIDTHS = {"wide": 760, "narrow": 320}
# Two side by side.
HALVES = {"wide": 430, "narrow": 320}
HEIGHT, HEIGHT_NARROW = 200, 140
FONTS = Path(__file__).with_name("fonts")
FONT = "Inter, Arial, sans-serif"
# Room per letter, relative to its size: the reader's font may be wider than the measured one.
LETTER = 0.58
PADDING = {"left": 4, "right": 4, "top": 6, "bottom": 4}
CONFIG = {
    "font": FONT,
    "aria": False,
    "background": "white",
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "labelFontSize": 12,
        "gridColor": LINE,
        "domainColor": LINE,
        "tickColor": LINE,
        "titleFontWeight": "normal",
    },
    "text": {"fontSize": 12, "color": INK},
}


def tall(width: int) -> int:
    """The height of a chart of columns or lines."""
    return HEIGHT if width > 400 else HEIGHT_NARROW


@cache
def fonts() -> str:
    """Style rules that embed the fonts, so that a page looks the same on every machine."""
    rules = []
    for family, name in (("Inter", "inter"), ("Source Serif 4", "source-serif-4")):
        for path in sorted(FONTS.glob(f"{name}-*.woff2")):
            weight = path.stem.rpartition("-")[2]
            data = base64.b64encode(path.read_bytes()).decode()
            rules.append(
                f'@font-face{{font-family:"{family}";font-weight:{weight};'
                f'src:url("data:font/woff2;base64,{data}")}}'
            )
    return "".join(rules)


def data(rows: Any) -> alt.Data:
    """Rows as a chart takes them."""
    return alt.Data(values=rows)  # type: ignore[no-untyped-call]


# A mark with a description: on a page it becomes a title, which shows where a pointer rests.
NAMED = re.compile(r'<(path|line) aria-label="([^"]*)"([^>]*)/>')
# The title of a chart within a picture reads as any text.
TITLED = re.compile(r'(role-title-text"[^>]*?) aria-label="[^"]*"')


def hover(column: str = "hover") -> alt.Description:
    """The text of a mark that shows when a pointer rests on it."""
    return alt.Description(f"{column}:N")


def room(texts: list[str], size: float) -> float:
    """Most width that the longest of the texts can take, in pixels."""
    return max((len(t) for t in texts), default=0) * size * LETTER


def widths(is_half: bool) -> dict[str, int]:
    return HALVES if is_half else WIDTHS


def names(room: float) -> alt.Axis:
    """An axis of the names of classes, which takes at least so many pixels."""
    return alt.Axis(
        title=None,
        ticks=False,
        domain=False,
        labelColor=INK,
        labelLimit=0,
        labelFontSize=13,
        labelPadding=8,
        minExtent=room,
    )


def finished(chart: Any, width: int) -> dict[str, Any]:
    """The chart as a Vega-Lite specification in the theme; a test checks it against the schema."""
    made = dict(chart.to_dict(validate=False))
    view = {"stroke": None, "continuousWidth": width, "discreteWidth": width}
    return {**made, "padding": PADDING, "config": {**CONFIG, "view": view}}


def drawing(spec: dict[str, Any]) -> str:
    """The chart as SVG with a transparent background."""
    return _striped(vl_convert.vegalite_to_svg({**spec, "background": None}))


def svg(text: str, prefix: str, alternative: str) -> str:
    """A chart for a page, with its own ids and an alternative text.

    Colours stay in the attributes for print; on screen the style sheet recolours by them.
    """
    head, _, body = text.partition(">")
    box = head[head.index("viewBox=") :].split('"')[1]
    for made in ("clip", "gradient", "hatch"):
        body = body.replace(f'id="{made}', f'id="{prefix}-{made}')
        body = body.replace(f"url(#{made}", f"url(#{prefix}-{made}")
    width, height = box.split()[2:]
    body = TITLED.sub(r"\1", NAMED.sub(r"<\1\3><title>\2</title></\1>", body))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width}" '
        f'height="{height}" role="img" aria-label="{_escaped(alternative)}">{_plain(body)}'
    )


def png(drawn: str) -> bytes:
    """The SVG of a chart as a PNG for slides, on white and at twice its size."""
    head, _, body = drawn.partition(">")
    white = '<rect width="100%" height="100%" fill="white"/>'
    return bytes(vl_convert.svg_to_png(f"{head}>{white}{body}", scale=2))


def _striped(text: str) -> str:
    """Vega-Lite has no patterns: the SVG gets the one that the chart names."""
    head, end, body = text.partition(">")
    return f"{head}{end}{STRIPES}{body}" if HATCH in body else text


def _plain(body: str) -> str:
    # The chart has one alternative text; a screen reader would read inner roles piece by piece.
    for role in ("graphics-object", "graphics-symbol", "graphics-document"):
        body = body.replace(f' role="{role}"', "")
    parts = body.split(' aria-roledescription="')
    return parts[0] + "".join(p.partition('"')[2] for p in parts[1:])


def _escaped(text: str) -> str:
    return str(escape(text))


alt.data_transformers.disable_max_rows()
