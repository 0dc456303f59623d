"""Views: what others read, told over the state, under the names of SPEC 10.3 (SPEC 8.2)."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final

import duckdb
import pandera.polars as pa

from schemas.published import PUBLISHED, VIEWS

OF_STATE: Final = ("doubled_serials", "stock", "transfers")
"""Views of the pipeline's own, beside the tables of the state."""


def create_state_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Over the tables, or views, that the schema `state` of the connection's database has."""
    for view in OF_STATE:
        connection.execute(f"CREATE VIEW state.{view} AS {select(view)}")


def create_published_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Over the state of the warehouse."""
    connection.execute(_published_views())


@cache
def _published_views() -> str:
    views = []
    for view, schema in {**PUBLISHED, **VIEWS}.items():
        query = select(view)
        for day in ("first_day", "last_day"):
            query = query.replace(f"${day}", f"(SELECT {day} FROM state.published_days)")  # noqa: S608
        views += [f"CREATE VIEW warehouse.main.{view} AS {query}", *_comments(view, schema)]
    return ";".join(views)


def select(table: str) -> str:
    """The rows of a published table; facts are of the days from $first_day to $last_day."""
    return files("flows.published").joinpath(f"{table}.sql").read_text(encoding="utf-8")


def _comments(view: str, schema: type[pa.DataFrameModel]) -> Iterator[str]:
    told = [(f"VIEW warehouse.main.{view}", (schema.__doc__ or "").strip())]
    for column, field in schema.to_schema().columns.items():
        told.append((f'COLUMN warehouse.main.{view}."{column}"', field.description or ""))
    for place, text in told:
        # COMMENT takes no bound value; the text is our own, from the schemas.
        quoted = text.replace("'", "''")
        yield f"COMMENT ON {place} IS '{quoted}'"
