"""A layout to start from, drafted from the headers of a file that fits none."""

import json

from rapidfuzz import fuzz, process

from transforms import DATASETS
from transforms.contracts import contract
from transforms.layouts import layouts, plain

SURE, MAYBE = 90, 70  # of 100, as rapidfuzz compares names


def draft(headers: list[str], dataset: str | None, file: str) -> str:
    """A layout TOML for these headers: sure columns mapped, likely ones as comments."""
    headers = [h.strip() for h in headers if h.strip()]
    of = dataset or max(DATASETS, key=lambda d: sum(s for _, _, s in _likeness(headers, d)))
    likeness = _likeness(headers, of)
    sure = {field: header for header, field, score in likeness if score >= SURE}
    maybe = {field: header for header, field, score in likeness if MAYBE <= score < SURE}
    taken = set(sure.values())
    lines = [
        f"# Draft for {file}: check every line, and look at `outlook inspect` again.",
        f'dataset = "{of}"',
        'extent = "sample"  # census: all of the market; window: all of a period; else sample',
        "# Headers that tell this shape from any other; a file without one of them is refused.",
        f"required = {json.dumps(sorted(taken) or headers, ensure_ascii=False)}",
        "# Known and not wanted; any other header is reported as new.",
        f"ignore = {json.dumps([h for h in headers if h not in taken], ensure_ascii=False)}",
        "",
        "[columns]              # field of the contract = header of the file",
        *(f"{field} = {json.dumps(header, ensure_ascii=False)}" for field, header in sure.items()),
        *(
            f"# {field} = {json.dumps(header, ensure_ascii=False)}   # perhaps"
            for field, header in maybe.items()
            if field not in sure and header not in taken
        ),
    ]
    return "\n".join(lines) + "\n"


def _likeness(headers: list[str], dataset: str) -> list[tuple[str, str, float]]:
    """(header, field, score): each header's likeliest field, each field once."""
    names = {plain(field): field for field in contract(dataset).raw}
    for layout in layouts(dataset):
        for field, source in layout.columns.items():
            if len(source.headers) == 1:
                names.setdefault(plain(source.headers[0]), field)
                for alias in layout.aliases.get(source.headers[0], ()):
                    names.setdefault(plain(alias), field)
    best: dict[str, tuple[str, str, float]] = {}
    for header in headers:
        found = process.extractOne(plain(header), names.keys(), scorer=fuzz.token_sort_ratio)
        if found:
            field = names[found[0]]
            if field not in best or found[1] > best[field][2]:
                best[field] = header, field, found[1]
    return sorted(best.values(), key=lambda b: headers.index(b[0]))
