"""Warehouse: the pipeline's own state, and the night's tables beside it until they are committed.

No stage but the last writes the warehouse. The others leave in the night's own tables what is to
change: new rows, and whole new images of changed states. `warehouse.state` is the state as the last
night left it, `state` as this one will leave it, and a table's name alone is what is tonight's.
"""

import fcntl
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb
import polars as pl

from flows.errors import error_message
from flows.published.views import create_published_views, create_state_views
from flows.settings import Places, Stopped
from schemas.settings import Settings
from schemas.shortages import REASONS
from schemas.state import STATE, create_tables

VERSION: Final = 7
"""Of the tables in schemas/state.py."""

READABLE_SINCE: Final = "v1.4.0"
"""Storage version; DuckDB 1.4 reads it."""

MEMORY: Final = "1GiB"
"""What DuckDB may hold of a file's rejects and of what its events say; the rest is on disk, in the
folder of the night. Beside it stand a few chunks of rows, in polars: together well below 4 GiB."""

Connection = duckdb.DuckDBPyConnection


def connected(database: Path | str = ":memory:", *, read_only: bool = False) -> Connection:
    """A connection whose instants are UTC, that draws no progress bar into our own output, and
    hands texts to polars as polars keeps them."""
    connection = duckdb.connect(str(database), read_only=read_only)
    connection.execute(
        """
        SET TimeZone = 'UTC';
        SET enable_progress_bar = false;
        SET arrow_output_version = '1.4';
        SET produce_arrow_string_view = true;
        """
    )
    return connection


@contextmanager
def locked(places: Places) -> Iterator[None]:
    """Keep every other run out, whatever started it. Raises Stopped where one is under way."""
    try:
        places.lock.parent.mkdir(parents=True, exist_ok=True)
        lock = places.lock.open("w")
    except OSError as error:
        raise Stopped(f"{places.lock.parent} can't be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Stopped(
                f"another run holds {places.lock.name}; wait until it has finished"
            ) from None
        yield


def open_warehouse(places: Places) -> Connection:
    """The state, made new where there is none. Raises Stopped where it can't be used."""
    connection = connected()
    try:
        _attach(connection, str(places.warehouse))
        version = only(connection, "SELECT version FROM version")
    except duckdb.Error as error:
        connection.close()
        told = error_message(error)
        raise Stopped(f"the warehouse {places.warehouse} can't be opened: {told}") from error
    if version != VERSION:
        connection.close()
        raise Stopped(
            f"the warehouse {places.warehouse} has version {version}, this Lotwise writes "
            f"{VERSION}: use the Lotwise that made it, or let `lotwise rebuild` make it anew"
        )
    return connection


def _attach(connection: Connection, path: str) -> None:
    """Attach a warehouse to read and write it; an empty one gets its tables."""
    connection.execute(
        f"ATTACH $path AS warehouse (STORAGE_VERSION '{READABLE_SINCE}')", {"path": path}
    )
    schemas = "SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'warehouse'"
    if ("state",) not in connection.execute(schemas).fetchall():
        connection.execute("BEGIN")
        connection.execute("CREATE SCHEMA warehouse.state")
        connection.execute("USE warehouse.state")
        connection.execute(create_tables())
        connection.execute("INSERT INTO version VALUES ($version)", {"version": VERSION})
        connection.executemany("INSERT INTO reasons VALUES (?, ?)", [*REASONS.items()])
        create_state_views(connection)
        create_published_views(connection)
        connection.execute("COMMIT")
    connection.execute("USE warehouse.state")


@contextmanager
def night_of(
    places: Places, settings: Settings, reference: Mapping[str, pl.DataFrame], day: date
) -> Iterator[None]:
    """Lay out an empty night over the warehouse; its tables are there until the block ends.

    They live in the memory of this process, and spill to the folder of the night. A killed run
    leaves nothing of them but that folder, which the next one throws away.
    """
    shutil.rmtree(places.night, ignore_errors=True)
    (places.night / "files").mkdir(parents=True)
    stated = settings.model_dump_json()
    told = [frame.write_json() for _, frame in sorted(reference.items()) if frame.height]
    circumstances = sha256("\n".join([stated, str(VERSION), *told]).encode()).hexdigest()
    digest = pl.lit(circumstances).alias("circumstances")
    try:
        with connected(_memory_of(places)) as night:
            night.execute("SET temp_directory = $path", {"path": str(places.night / "spill")})
            night.execute("ATTACH $path AS warehouse (READ_ONLY)", {"path": str(places.warehouse)})
            _lay_out(night)
            night.execute(sql("state", "tonight.sql"), {"day": day, "circumstances": circumstances})
            for table, frame in reference.items():
                save(night, table, frame.with_columns(digest))
            save(night, "circumstances", pl.select(digest, settings=pl.lit(stated)))
            yield
    finally:
        shutil.rmtree(places.night, ignore_errors=True)


@contextmanager
def scratch() -> Iterator[Connection]:
    """The tables of a night over an empty warehouse; nothing remembers them."""
    with TemporaryDirectory() as spill, connected() as night:
        night.execute("SET temp_directory = $path", {"path": spill})
        _attach(night, ":memory:")
        _lay_out(night)
        with bounded(night):
            yield night


def _lay_out(night: Connection) -> None:
    night.execute("ATTACH ':memory:' AS night")
    night.execute("USE night")
    night.execute(create_tables())
    night.execute(sql("state", "night.sql"))
    create_state_views(night)


@contextmanager
def bounded(night: Connection) -> Iterator[None]:
    """Keep DuckDB within MEMORY while files are validated."""
    night.execute(f"SET memory_limit = '{MEMORY}'")
    try:
        yield
    finally:
        night.execute("RESET memory_limit")


@contextmanager
def night_tables(places: Places) -> Iterator[Connection]:
    """The night's tables, read and written, over the warehouse, read only."""
    with connected(_memory_of(places)) as connection:
        connection.execute("USE night")
        yield connection


@contextmanager
def writing_warehouse(places: Places) -> Iterator[Connection]:
    """The state, read and written in one transaction, beside the night (as `night`).

    Committed where the block ends well, and then all of it stands in the warehouse's file;
    otherwise nothing has changed.
    """
    with night_tables(places) as connection:
        connection.execute("DETACH warehouse")
        _attach(connection, str(places.warehouse))
        connection.execute("BEGIN")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT warehouse")
        connection.execute("USE night")
        connection.execute("DETACH warehouse")


def _memory_of(places: Places) -> str:
    return f":memory:{places.night}"


def night_settings(places: Places) -> Settings:
    """The settings as they were when the night began."""
    with night_tables(places) as night:
        return settings_of(night)


def settings_of(night: Connection) -> Settings:
    return Settings.model_validate_json(only(night, "SELECT settings FROM circumstances"))


def load(connection: Connection, query: str, **values: Any) -> pl.DataFrame:
    """A query's rows as a frame; `values` are bound as $name."""
    frame: pl.DataFrame = connection.sql(query, params=values or None).pl()
    return frame


def whole_lines(night: Connection, named: str) -> pl.DataFrame:
    """The order lines that a table of order_id and line_id names, with their pools and state."""
    return load(
        night,
        f"""
        SELECT lines.*, state.* EXCLUDE (line_no), pools.* EXCLUDE (pool_no)
        FROM state.lines AS lines
        SEMI JOIN {named} USING (order_id, line_id)
        JOIN state.line_state AS state USING (line_no)
        JOIN state.pools AS pools USING (pool_no)
        """,  # noqa: S608  our own names
    )


def save(connection: Connection, table: str, frame: pl.DataFrame, **stamp: object) -> int:
    """Append a frame to a table of the night by column name, beside values that all its rows have;
    the number of rows."""
    if frame.height:
        stamps = "".join(f', ${name} AS "{name}"' for name in stamp)
        # A column without a value costs as much to insert as one with values, and says nothing.
        told = [column.name for column in frame if column.null_count() < frame.height]
        connection.register("frame", frame.select(told or frame.columns))
        connection.execute(
            f'INSERT INTO "{table}" BY NAME SELECT *{stamps} FROM frame',  # noqa: S608
            stamp or None,
        )
        connection.unregister("frame")
    return frame.height


def columns_of(table: str) -> list[str]:
    """The columns of a table of the state."""
    return [*STATE[table].to_schema().columns]


def replace(
    connection: Connection,
    table: str,
    frame: pl.DataFrame,
    key: str,
    of: pl.DataFrame | None = None,
) -> None:
    """Put a frame's rows in place of those of the same key, or of the keys `of`."""
    keys = (frame if of is None else of).select(key).unique()
    if keys.height:
        connection.register("replaced_keys", keys)
        connection.execute(f'DELETE FROM "{table}" WHERE {key} IN (FROM replaced_keys)')  # noqa: S608
        connection.unregister("replaced_keys")
    save(connection, table, frame)


def save_movements(night: Connection, movements: pl.DataFrame) -> None:
    """Number movements in their order and write them down as the day's."""
    last = only(
        night,
        """
        SELECT greatest(
            coalesce((SELECT max(movement_id) FROM warehouse.state.movements), 0),
            coalesce((SELECT max(movement_id) FROM movements), 0)
        )
        """,
    )
    day, run = load(night, "SELECT day, run FROM tonight").row(0)
    number = pl.int_range(1, pl.len() + 1, dtype=pl.Int64) + last
    stamped = movements.with_columns(movement_id=number, day=pl.lit(day), run=pl.lit(run))
    save(night, "movements", stamped)


def only(connection: Connection, query: str) -> Any:
    """The one value that a query is sure to give."""
    ((value,),) = connection.execute(query).fetchall()
    return value


def empty(connection: Connection, table: str) -> dict[str, pl.DataType]:
    """The columns of a table, as polars has them."""
    return dict(load(connection, f'FROM "{table}" LIMIT 0').schema)


def sql(room: str, name: str) -> str:
    """The text of a file of SQL that lies in a room of flows."""
    return files("flows").joinpath(room, name).read_text(encoding="utf-8")
