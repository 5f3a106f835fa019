"""`python -m tests.bench`: measures one night beside others at the same work."""

import argparse
import sys

from tests.bench.measure import NAMES, measure
from warehouse.cli import terminal

parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
parser.add_argument("--scale", type=float, default=0.05, help="1.0 is 3.2 million listings (0.05)")
parser.add_argument("--repeat", type=int, default=1, help="how often to run each (1)")
parser.add_argument("--spotless", action="store_true", help="without the 1-2 %% of dirt")
parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="what to run")
parser.add_argument("--json", action="store_true", help="print JSON")
asked = parser.parse_args()
with terminal.progress_bar("measuring", quiet=asked.json) as bar:
    try:
        found = measure(
            asked.scale,
            asked.repeat,
            asked.only,
            not asked.spotless,
            lambda done, total: terminal.advance(bar, done, total),
        )
    except LookupError as error:
        sys.exit(str(error))
if asked.json:
    terminal.print_json(found)
else:
    terminal.print_rows(found["medians"], f"{found['rows']:,} listings, {found['bytes']:,} bytes")
