"""The PDF: the same page for print, tagged for screen readers."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What is folded, and holds nothing folded itself; definitions are printed all the same.
INSIDE = r"([^<]*(?:<(?!/?details)[^<]*)*)</details>"
FOLDED = re.compile(f"<details[^>]*>{INSIDE}")
PRINTED = re.compile(f'<details class="printed">{INSIDE}')
INSTALL = "apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


def can_write() -> bool:
    """Whether this machine has libpango; only the PDF needs it."""
    # WeasyPrint logs every step.
    for name in ("weasyprint", "weasyprint.progress", "fontTools"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        import weasyprint  # noqa: F401
    except OSError:
        return False
    return True


def write(path: Path, html: str) -> bool:
    """Writes the PDF; returns false if this machine cannot."""
    made = content(html)
    if made is not None:
        path.write_bytes(made)
    return made is not None


def content(html: str) -> bytes | None:
    """The bytes of the PDF; None if this machine cannot make one."""
    if not can_write():
        return None
    import weasyprint

    # The alternative text is a label on screen, where a title would pop up, and a title in the PDF.
    html = re.sub(r'role="img" aria-label="([^"]*)">', r'role="img"><title>\1</title>', html)
    # The style sheet hides these in print; leaving them out saves the layout.
    html = re.sub(r'<div class="narrow">.*?</div>', "", html, flags=re.DOTALL)
    html = unfolded(html)
    # The page embeds everything: nothing is fetched but its own fonts.
    own = weasyprint.urls.URLFetcher(allowed_protocols={"data"})
    with _no_clock():
        made: bytes = weasyprint.HTML(string=html, url_fetcher=own).write_pdf(
            pdf_variant="pdf/ua-1", pdf_identifier=b"digital-b2b-outlook"
        )
    return made


def unfolded(html: str) -> str:
    """The page as it is printed: without what is folded, and with the definitions unfolded."""
    while (more := PRINTED.sub(r'<div class="printed">\1</div>', html)) != html:
        html = more
    while (less := FOLDED.sub("", html)) != html:
        html = less
    # Data of a measure is folded: in print nothing leads there.
    html = re.sub(r'<a href="#measure-[^"]*">(.*?)</a>', r"\1", html)
    return html.replace("<summary>", '<p class="term">').replace("</summary>", "</p>")


@contextmanager
def _no_clock() -> Iterator[None]:
    """Without libharfbuzz-subset, fontTools subsets the fonts and stamps them with the time: two
    PDFs of one page would differ."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = before or "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
