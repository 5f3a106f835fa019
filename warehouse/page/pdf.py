"""The PDF: the same page on paper, tagged for those who have it read out."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INSTALL = "apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


def can_write() -> bool:
    """Whether this machine has libpango, which nothing else needs."""
    # It tells every step, as if it were the reader's business.
    for name in ("weasyprint", "weasyprint.progress", "fontTools"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        import weasyprint  # noqa: F401
    except OSError:
        return False
    return True


def write(path: Path, html: str) -> bool:
    """Writes the PDF; false where this machine cannot."""
    if not can_write():
        return False
    import weasyprint

    # A picture's words are its label on screen, where a title would pop up; on paper its title.
    html = re.sub(r'role="img" aria-label="([^"]*)">', r'role="img"><title>\1</title>', html)
    # What the style sheet hides on paper need not be laid out first.
    html = re.sub(
        r'<div class="narrow">.*?</div>|<details>.*?</details>', "", html, flags=re.DOTALL
    )
    # The page carries all it needs: nothing is fetched but its own fonts.
    own = weasyprint.urls.URLFetcher(allowed_protocols={"data"})
    with _no_clock():
        weasyprint.HTML(string=html, url_fetcher=own).write_pdf(
            str(path), pdf_variant="pdf/ua-1", pdf_identifier=b"digital-b2b-outlook"
        )
    return True


@contextmanager
def _no_clock() -> Iterator[None]:
    """Where libharfbuzz-subset is absent, fontTools cuts the fonts and stamps them with the time:
    two files of one page would differ."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = before or "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
