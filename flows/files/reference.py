"""Reference: locations, products, SKUs and holds, read afresh at every run's start (SPEC 3.3)."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pandera.polars as pa
import polars as pl

from flows.files.formats import FORMATS
from flows.files.read import read
from flows.settings import Places, Stopped
from schemas.advice import advice
from schemas.raw import Unreadable
from schemas.recall_people import Answers, Customers, RawAnswers
from schemas.reference import (
    Holds,
    Locations,
    MasterData,
    Products,
    RawHolds,
    RawLocations,
    RawProducts,
    RawSkus,
    Skus,
)
from schemas.settings import Settings
from transforms.breaches import breaches, schema_without
from transforms.columns import recognise, select
from transforms.parse import boolean, day, integers

Typed = Callable[[pl.DataFrame], pl.DataFrame]


def _locations(texts: pl.DataFrame) -> pl.DataFrame:
    return texts.select(
        "location_code",
        boolean("supports_inventory", True),
        boolean("allow_fulfillment_without_stock", False),
    ).pipe(Locations.validate)


def _products(texts: pl.DataFrame) -> pl.DataFrame:
    return texts.select(
        "upc",
        "part_number",
        boolean("track_stock", True),
        pl.col("out_of_stock").fill_null("backorder"),
        "default_condition",
        "date_kind",
        integers(texts["min_days_left"]).fill_null(0),
    ).pipe(Products.validate)


def _skus(texts: pl.DataFrame) -> pl.DataFrame:
    return texts.drop("row").unique(maintain_order=True).pipe(Skus.validate)


def _holds(texts: pl.DataFrame) -> pl.DataFrame:
    days = [day(name) for name in ("date_from", "date_to", "held_from", "held_until")]
    return texts.with_columns(days).drop("row").pipe(Holds.validate)


TABLES: Final[dict[str, tuple[type[pa.DataFrameModel], Typed]]] = {
    "locations": (RawLocations, _locations),
    "products": (RawProducts, _products),
    "skus": (RawSkus, _skus),
    "holds": (RawHolds, _holds),
}


def reference_files(places: Places) -> dict[str, Path]:
    """table: its file. Raises Stopped where a table has two."""
    found = {name: _named(places, name) for name in TABLES}
    return {name: path for name, path in found.items() if path is not None}


def _named(places: Places, name: str) -> Path | None:
    if not places.reference.is_dir():
        return None
    found = [
        path
        for path in sorted(places.reference.iterdir())
        if path.name.split(".", 1)[0] == name and any(one in FORMATS for one in path.suffixes)
    ]
    if len(found) > 1:
        raise Stopped(f"reference/{name} is in {found[0].name} and {found[1].name}; keep one")
    return found[0] if found else None


def read_reference(places: Places, settings: Settings) -> dict[str, pl.DataFrame]:
    """The reference tables there are. Raises Stopped naming file, row and rule of a broken one.

    Where a source says that codes are written as spreadsheets write numbers, they are so here too.
    """
    left_out = _left_out(settings)
    return {
        name: read_table(*TABLES[name], path, f"reference/{path.name}", left_out)[0]
        for name, path in reference_files(places).items()
    }


def _left_out(settings: Settings) -> frozenset[str]:
    are_as_is = any(source.codes == "as_is" for source in settings.sources)
    return frozenset({"spreadsheet_number"} if are_as_is else ())


def read_holds(path: Path, told_as: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """A table with the columns of holds, wherever it lies, and those that nothing reads. Raises
    Stopped as for a reference."""
    return read_table(*TABLES["holds"], path, told_as)


def read_master_data(places: Places, settings: Settings) -> MasterData:
    """Names and addresses, for a report alone: no night keeps them. Raises Stopped as for a
    reference."""
    products, locations, customers = (
        _as_text(model, name, places, settings)
        for name, model in (
            ("products", RawProducts),
            ("locations", RawLocations),
            ("customers", Customers),
        )
    )
    return MasterData(
        products.select("upc", "description", "unit", "lot_source"),
        locations.select("location_code", "name", "address"),
        customers,
    )


def _as_text(
    model: type[pa.DataFrameModel], name: str, places: Places, settings: Settings
) -> pl.DataFrame:
    found = _named(places, name)
    if found is None:
        return pl.DataFrame(schema=dict.fromkeys(model.to_schema().columns, pl.String))
    told_as = f"reference/{found.name}"
    return read_table(model, _as_it_is, found, told_as, _left_out(settings))[0]


def read_answers(path: Path) -> pl.DataFrame:
    """What was heard of those who were called. Raises Stopped as for a reference."""
    if not path.is_file():
        raise Stopped(f"there are no answers at {path}")
    return read_table(RawAnswers, _answers, path, str(path))[0]


def _as_it_is(texts: pl.DataFrame) -> pl.DataFrame:
    return texts.drop("row")


def _answers(texts: pl.DataFrame) -> pl.DataFrame:
    counted = [integers(texts[name]) for name in ("held", "destroyed")]
    return texts.drop("row").with_columns(counted).pipe(Answers.validate)


def read_table(
    model: type[pa.DataFrameModel],
    typed: Typed,
    path: Path,
    told_as: str,
    left_out: frozenset[str] = frozenset(),
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """A file's rows as typed, and its columns that nothing reads. Raises Stopped naming row and
    rule of a broken one."""
    raw = schema_without(model, left_out)
    wanted = list(raw.columns)
    try:
        rows = read(path)
        columns = recognise(rows.header, wanted, None)
        texts = select(rows.rows, columns, wanted, None)
    except Unreadable as error:
        raise Stopped(f"{told_as}: {error}") from error
    broken = breaches(raw, texts.drop("row"))
    broken = broken.with_columns(row=texts.get_column("row").gather(broken.get_column("index")))
    malformed = rows.malformed.select("row", "rule", column=pl.lit(None, dtype=pl.String))
    complaints = pl.concat([broken.select("row", "rule", "column"), malformed]).sort("row")
    if complaints.height:
        row, rule, column = complaints.row(0)
        raise Stopped(
            f"{told_as}, row {row}: {rule}{f' ({column})' if column else ''}: "
            f"{advice(rule)}; {complaints.height} in all. Mend the file and run again"
        )
    return typed(texts), columns.unknown
