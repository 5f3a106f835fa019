"""`python -m tests.bench`: measures one night beside the least that any program must do."""

import argparse

from tests.bench.measure import measure
from warehouse.cli import terminal

parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
parser.add_argument("--scale", type=float, default=0.05, help="1.0 is 3.2 million listings (0.05)")
parser.add_argument("--repeat", type=int, default=1, help="how often to run each (1)")
parser.add_argument("--json", action="store_true", help="print JSON")
asked = parser.parse_args()
with terminal.progress_bar("measuring", quiet=asked.json) as bar:
    found = measure(
        asked.scale, asked.repeat, lambda done, total: terminal.advance(bar, done, total)
    )
if asked.json:
    terminal.print_json(found)
else:
    terminal.print_rows(found["runs"], f"{found['rows']:,} listings, {found['bytes']:,} bytes")
