"""Named records: those that a hold, or a row of a recall's notice, is about (SPEC 7.1)."""

import duckdb
import polars as pl

from schemas.granular import POOL
from schemas.reference import NAMED_CODES


def named_records(connection: duckdb.DuckDBPyConnection, named: pl.DataFrame) -> pl.DataFrame:
    """inventory_id, row: each record that a row of `named` is about.

    named: row, the codes, date_from and date_to. A record equals the row in every code that it
    names; dates bound records that have one.
    """
    connection.register("named", named)
    # Rows that name the same codes are joined by them; one join for all would compare each record
    # with each row.
    patterns = named.select(pl.col(name).is_not_null() for name in NAMED_CODES).unique().rows()
    queries = [_query(dict(zip(NAMED_CODES, pattern, strict=True))) for pattern in sorted(patterns)]
    nothing = "SELECT NULL::BIGINT AS inventory_id, NULL::BIGINT AS row LIMIT 0"
    found: pl.DataFrame = connection.sql(" UNION ALL ".join([f"({nothing})", *queries])).pl()
    connection.unregister("named")
    return found


def _query(names: dict[str, bool]) -> str:
    is_pattern = " AND ".join(
        f"{name} IS {'NOT NULL' if is_named else 'NULL'}" for name, is_named in names.items()
    )
    equal = " AND ".join(
        f"named.{name} = {'pools' if name in POOL else 'records'}.{name}"
        for name, is_named in names.items()
        if is_named
    )
    return f"""
        (SELECT records.inventory_id, named.row
        FROM state.records AS records
        JOIN state.pools AS pools USING (pool_no)
        JOIN (FROM named WHERE {is_pattern}) AS named ON {equal or "TRUE"}
        WHERE coalesce(records.date >= named.date_from, TRUE)
            AND coalesce(records.date <= named.date_to, TRUE))
        """  # noqa: S608  our own names
