"""Options of the golden tests."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--regen` is for a change of a model that was meant and whose rows somebody then reads."""
    parser.addoption(
        "--regen",
        action="store_true",
        help="rewrite expect.csv of the golden cases that differ; read the diff before you keep it",
    )
