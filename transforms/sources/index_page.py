"""The page on which a web server lists a folder, as Apache, nginx, Caddy and others write it."""

import json
import os
import re
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

# What the usual servers write on the page that lists a folder.
INDEX = re.compile(r"index of|directory list|listing of|directory:|parent directory", re.I)
NIGHT = re.compile(r"\d{4}-\d{2}-\d{2}(\.r\d+)?/?")


def names(text: str, url: str, kind: str) -> list[str] | None:
    """Names in the folder that a page lists, folders with a slash; None if it is another page."""
    if "json" in kind:
        return _names_of_json(text)
    links = _Links()
    links.feed(text)
    found = [name for href in links.found if (name := _below(href, url))]
    is_index = INDEX.search(text) or any(NIGHT.fullmatch(name) for name in found)
    return list(dict.fromkeys(found)) if is_index else None


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [v for k, v in attrs if tag == "a" and k == "href" and v]


def _below(href: str, url: str) -> str | None:
    """The name that a link leads to directly below a page, with a slash if it is a folder."""
    folder = urlsplit(url).path
    try:
        link = urlsplit(urljoin(url, href))
    except ValueError:
        return None  # it leads nowhere
    if link.query or link.netloc != urlsplit(url).netloc or not link.path.startswith(folder):
        return None
    name = os.fsdecode(unquote_to_bytes(link.path[len(folder) :]))
    return name if name.strip("/") and "/" not in name.rstrip("/") else None


def _names_of_json(text: str) -> list[str] | None:
    """Names in a list as nginx and Caddy write it."""
    try:
        rows = json.loads(text)
        folders = [r.get("type") == "directory" or bool(r.get("is_dir")) for r in rows]
        names = [str(r["name"]).rstrip("/") for r in rows]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return [f"{n}/" if is_folder else n for n, is_folder in zip(names, folders, strict=True)]
