"""`python -m tests.oracle DIR`: writes DIR/truth.json for exports of `outlook sample`."""

import argparse
from pathlib import Path

from tests.oracle import write_truth

parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
parser.add_argument("folder", metavar="DIR", type=Path, help="exports that `outlook sample` wrote")
try:
    print(write_truth(parser.parse_args().folder))
except FileNotFoundError as error:
    parser.error(str(error))
