"""Take: which files of the inbox a run takes, and what their names say (SPEC 2.5, 2.6)."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from fnmatch import fnmatch
from typing import Final

import polars as pl

from schemas.settings import Source
from transforms.resubmitted import original

NOT_INPUTS: Final = (".part", ".tmp", ".done")
STATEMENTS: Final = ("inventory", "orders")
"""Kinds whose rows say how something is, and not what happened."""

DATES: Final = (
    # Instants first: the day of 20101201T082600 must not be taken without its time.
    # And the day of 2010-12-01_2010-12-05 is followed by no time.
    (r"\d{4}-\d{2}-\d{2}[T_ -]\d{2}(?P<mark>[-:.]?)\d{2}(?P=mark)\d{2}", "%Y%m%d%H%M%S"),
    (r"\d{8}[T_-]\d{6}", "%Y%m%d%H%M%S"),
    (r"\d{14}", "%Y%m%d%H%M%S"),
    (r"\d{12}", "%y%m%d%H%M%S"),
    (r"\d{4}-\d{2}-\d{2}", "%Y%m%d"),
    (r"\d{8}", "%Y%m%d"),
)


def is_input(file: str) -> bool:
    """False for files that are hidden, still being written, or markers."""
    hidden = any(part.startswith((".", "_")) for part in file.split("/"))
    return not hidden and not file.lower().endswith(NOT_INPUTS)


def dated(name: str) -> tuple[date | None, datetime | None]:
    """The day in a file's name, and the instant where it has one (clock time, no zone).

    Of several the first that stands alone counts: digits that belong to a longer number don't.
    """
    for moment, has_time in sorted(_moments(name), key=lambda found: found[1][0]):
        return moment.date(), moment if has_time[1] else None
    return None, None


def _moments(name: str) -> Iterator[tuple[datetime, tuple[int, bool]]]:
    seen: set[int] = set()
    for pattern, written in DATES:
        for match in re.finditer(rf"(?<!\d)(?:{pattern})(?!\d)", name):
            digits = re.sub(r"\D", "", match[0])
            try:
                moment = datetime.strptime(digits, written)  # noqa: DTZ007  a zone is the caller's
            except ValueError:
                continue
            if match.start() not in seen:
                seen.add(match.start())
                yield moment, (match.start(), "%H" in written)


def source_of(kind: str, name: str, sources: tuple[Source, ...]) -> Source | None:
    """The first declared source that a file of a kind's folder belongs to."""
    of = original(name)
    return next((one for one in sources if one.kind == kind and fnmatch(of, one.files)), None)


def last_known(known: pl.DataFrame) -> pl.DataFrame:
    """What each file was when a run last found it changed."""
    return known.sort("run").unique(subset="file", keep="last", maintain_order=True)


def choose(found: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """found (file, kind, dated, sha256) with `status` and `twin`, without what is known as it is.

    new: to be read. version: to be read, its name was known with other content. repeated: the
    same content of that kind and day, or of any day where the file has none, was taken from
    `twin` (SPEC 2.6). known: file, kind, dated, sha256, status, run.

    A file of counts or orders that goes back to what it said before says it again: another version
    held in between. Events that were taken once are facts, and taken already.
    """
    of_day, of_any_day = ["kind", "dated", "sha256"], ["kind", "sha256"]
    is_undated = pl.col("dated").is_null()
    unseen = found.join(last_known(known), on=["file", "sha256"], how="anti")
    said = known.filter(pl.col("status") == "taken", pl.col("kind").is_in(STATEMENTS))
    taken = known.filter(pl.col("status") == "taken").sort(is_undated, "file")
    first_of_day = pl.col("file").first().over(of_day)
    first_of_any_day = pl.col("file").first().over(of_any_day)
    chosen = (
        unseen.sort(is_undated, "file")
        .with_columns(
            tonight=pl.when(is_undated).then(first_of_any_day).otherwise(first_of_day),
        )
        .join(_firsts(taken, of_day, "twin_of_day"), on=of_day, how="left")
        .join(_firsts(taken, of_any_day, "twin_of_any_day"), on=of_any_day, how="left")
        .with_columns(
            twin=pl.coalesce(
                "twin_of_day",
                pl.when(is_undated).then("twin_of_any_day"),
                pl.when(pl.col("tonight") != pl.col("file")).then("tonight"),
            )
        )
        .join(
            said.select("file", "sha256", goes_back=pl.lit(value=True)).unique(),
            on=["file", "sha256"],
            how="left",
        )
        .with_columns(twin=pl.when(pl.col("goes_back").is_null()).then("twin"))
        .sort("file")
    )
    versions = known.filter(pl.col("status") == "taken").get_column("file").unique()
    return chosen.select(
        *found.columns,
        "twin",
        status=pl.when(pl.col("twin").is_not_null())
        .then(pl.lit("repeated"))
        .when(pl.col("file").is_in(versions.implode()))
        .then(pl.lit("version"))
        .otherwise(pl.lit("new")),
    )


def _firsts(taken: pl.DataFrame, same: list[str], name: str) -> pl.DataFrame:
    firsts = taken.unique(subset=same, keep="first", maintain_order=True)
    return firsts.select(*same, pl.col("file").alias(name))
