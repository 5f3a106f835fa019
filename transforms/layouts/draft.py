"""A layout to start from, drafted from the headers of a file that fits none."""

import json

from rapidfuzz import fuzz, process

from transforms import DATASETS
from transforms.contracts import contract
from transforms.exports import name_dataset
from transforms.layouts import layouts, plain

SURE, MAYBE = 90, 65  # of 100, as rapidfuzz compares names
IDENTIFYING = 5  # headers tell a shape from any other


def draft(headers: list[str], dataset: str | None, file: str) -> str:
    """A layout TOML for these headers: sure columns mapped, likely ones and the rest as comments.

    The dataset is the one asked for, else that of the file's name, else the likeliest.
    """
    headers = [h.strip() for h in headers if h.strip()]
    likeliest = max(DATASETS, key=lambda d: sum(s for _, _, s in _likeness(headers, d)))
    of = dataset or name_dataset(file) or likeliest
    likeness = _likeness(headers, of)
    sure = {field: header for header, field, score in likeness if score >= SURE}
    maybe = {field: header for header, field, score in likeness if MAYBE <= score < SURE}
    taken = set(sure.values())
    constant = (
        '\n[constants]\nchannel = "inquiry"        # or rfq, tm\n' if of == "inquiries" else ""
    )
    return "\n".join([
        f"# Draft for {file}: check every line, then look at `outlook inspect` again.",
        f'dataset = "{of}"',
        'extent = "sample"  # census: all of the market; window: all of a period; else sample',
        '# zone = "Asia/Karachi"  # of wall times, where it is not the market\'s own',
        "# Headers that tell this shape from any other; a file without one of them is refused.",
        f"required = {_text((sorted(taken) or headers)[:IDENTIFYING])}",
        "# Known and not wanted, people's names among them; any other header is reported as new.",
        f"ignore = {_text([h for h in headers if h not in taken])}",
        constant,
        "[columns]              # field of the contract = header of the file",
        *(f"{field} = {_text(header)}" for field, header in sure.items()),
        "# Fields not found yet:",
        *(
            f"# {field} = {_text(maybe.get(field, ''))}   # {doc}"
            for field, doc in contract(of).raw.items()
            if field not in sure
        ),
        "",
    ])  # fmt: skip


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _likeness(headers: list[str], dataset: str) -> list[tuple[str, str, float]]:
    """(header, field, score): each header's likeliest field, each field once."""
    names = {plain(field): field for field in contract(dataset).raw}
    for layout in layouts(dataset):
        for field, source in layout.columns.items():
            if len(source.headers) == 1:
                for header in (source.headers[0], *layout.aliases.get(source.headers[0], ())):
                    names.setdefault(plain(header), field)
    best: dict[str, tuple[str, str, float]] = {}
    for header in headers:
        found = process.extractOne(plain(header), names.keys(), scorer=_alike)
        if found:
            field = names[found[0]]
            if field not in best or found[1] > best[field][2]:
                best[field] = header, field, found[1]
    return sorted(best.values(), key=lambda b: headers.index(b[0]))


def _alike(one: str, other: str, **_: object) -> float:
    """Names of the same words are the same; one that has the other's among its own may be."""
    whole = fuzz.token_sort_ratio(one, other)
    return max(whole, fuzz.token_set_ratio(one, other) * 0.85)
