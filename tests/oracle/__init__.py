"""What the pipeline must find in generated exports, told from their universe.

Of the pipeline's code nothing is imported: what it should find is known before it looks.
`python -m tests.oracle DIR` writes `truth.json` beside the exports.
"""

import json
from pathlib import Path
from typing import Any

from tests.oracle.ledger import Ledger
from tests.oracle.tables import report
from transforms.sample.universe.deliveries import Universe
from transforms.sample.universe.recipe import recipe_of


def truth(folder: Path) -> dict[str, Any]:
    """The right rows of every report table after the folder's last night, and what became of each
    night. Raises FileNotFoundError if `outlook sample` has not written the folder."""
    recipe = recipe_of(folder)
    if recipe is None:
        raise FileNotFoundError(f"{folder} has no sample.json: `outlook sample {folder}` writes it")
    universe = Universe(recipe)
    ledger = Ledger(universe)
    return {"report": report(universe, ledger), "nights": ledger.nights}


def write_truth(folder: Path) -> Path:
    """Writes the truth beside the exports that it is about."""
    path = folder / "truth.json"
    path.write_text(json.dumps(truth(folder), ensure_ascii=False, indent=1) + "\n", "utf-8")
    return path
