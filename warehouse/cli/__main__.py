"""`python -m warehouse.cli` does what `outlook` does."""

from warehouse.cli import main

main()
