"""The published warehouse: what is built from the lake, and the commands that ask it."""

from transforms import settings
from warehouse.connection import find_connection

# Settings find the credentials of a source by this; transforms itself knows no Airflow.
settings.find_connection = find_connection
