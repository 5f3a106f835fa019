"""The Airflow connection that a setting names, the same for a task and for a command.

Airflow is imported when a connection is looked up, so that nobody else waits for it. Its secrets
backends are asked in their order: the configured one, AIRFLOW_CONN_…, Airflow's database.
"""

from typing import Any

from transforms.errors import SettingsError
from transforms.sources.address import Login


def find_connection(name: str, setting: str = "OUTLOOK_EXPORTS_CONNECTION") -> Login:
    """The connection of a setting as plain values. Raises SettingsError if there is none."""
    try:
        found = _found(name)
        return {
            "host": found.host,
            "port": found.port,
            "login": found.login,
            "password": found.password,
            "extra": found.extra_dejson,
        }
    except Exception as error:
        # What a library says here may hold the secret itself.
        raise SettingsError(
            f"{setting} is {name!r}, and Airflow gives no such connection "
            f"({type(error).__name__}): add it (`airflow connections add {name} …`), set "
            f"AIRFLOW_CONN_{name.upper()}, or look into the secrets backend. Nothing was done."
        ) from None


def _found(name: str) -> Any:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Connection.get(name)
    except AirflowNotFoundException:
        # Outside a task only this one also asks Airflow's database.
        from airflow.models.connection import Connection as Stored

        return Stored.get_connection_from_secrets(name)
