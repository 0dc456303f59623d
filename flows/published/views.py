"""Views: what others read, told over the state, under the names of SPEC 10.3 (SPEC 8.2)."""

from importlib.resources import files
from typing import Final

import duckdb
import pandera.polars as pa

from schemas.published import PUBLISHED, VIEWS

OF_STATE: Final = ("doubled_serials", "stock")
"""Views of the pipeline's own, beside the tables of the state."""


def create_state_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Over the tables, or views, that the schema `state` of the connection's database has."""
    for view in OF_STATE:
        connection.execute(f"CREATE VIEW state.{view} AS {select(view)}")


def create_published_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Over the state of the warehouse."""
    for view, schema in {**PUBLISHED, **VIEWS}.items():
        query = select(view)
        for day in ("first_day", "last_day"):
            query = query.replace(f"${day}", f"(SELECT {day} FROM state.published_days)")  # noqa: S608
        connection.execute(f"CREATE VIEW warehouse.main.{view} AS {query}")
        _comment(connection, view, schema)


def select(table: str) -> str:
    """The rows of a published table; facts are of the days from $first_day to $last_day."""
    return files("flows.published").joinpath(f"{table}.sql").read_text(encoding="utf-8")


def _comment(
    connection: duckdb.DuckDBPyConnection, view: str, schema: type[pa.DataFrameModel]
) -> None:
    told = [(f"VIEW warehouse.main.{view}", (schema.__doc__ or "").strip())]
    for column, field in schema.to_schema().columns.items():
        told.append((f'COLUMN warehouse.main.{view}."{column}"', field.description or ""))
    for place, text in told:
        # COMMENT takes no bound value; the text is our own, from the schemas.
        quoted = text.replace("'", "''")
        connection.execute(f"COMMENT ON {place} IS '{quoted}'")
