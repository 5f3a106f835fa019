"""A real Airflow, started by the tests and driven through nights.

`servers.py` starts it on this machine: with SQLite and the LocalExecutor, or with PostgreSQL, Redis
and two Celery workers that see neither each other's processes nor each other's scratch.
`marketplace.py` delivers, `clock.py` tells the whole deployment another date, `nights.py` and
`soak.py` are what happens. `python -m tests.deployment` runs them and prints what came of it.
"""
