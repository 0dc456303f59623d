"""Summary: what a report says, in a few lines for a person (SPEC 7.2, 7.3)."""

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from flows.recalls.report import Recall
from schemas.recall import CAME, CERTAINTIES, CLASSES

MOST_TOLD = 5


def recall_told(report: Recall) -> Iterator[tuple[str, str]]:
    """Pairs of what is told and what there is to tell; what is in capitals needs a look."""
    tables, fresh = report.tables, report.fresh
    lots, stock, people = (tables[f"recall_{name}"] for name in ("lots", "stock", "contacts"))
    if lots.is_empty():
        yield "nowhere", "no record of any night is named by this recall"
    else:
        here, promised = (int(lots[name].sum()) for name in ("on_hand", "allocated"))
        places = stock.get_column("location_code").n_unique()
        yield "here", f"{_of(here, 'unit')} at {_of(places, 'location')}, {promised:,} to stop"
        yield "out", ", ".join(_units(people, name) for name in CERTAINTIES)
        yield "to call", _of(people.height, "customer")
        came = " + ".join(f"{int(lots[name].sum()):,} {_words(name)}" for name in CAME)
        went = " + ".join(
            f"{int(lots[name].sum()):,} {_words(name)}" for name in CLASSES if name not in CAME
        )
        yield "balance", f"{came} = {here:,} on hand + {went}"
    if "recall_status" in tables:
        row = tables["recall_status"].row(-1, named=True)
        yield (
            "calls",
            f"{row['told']:,} of {_of(row['contacts'], 'contact')} told, {row['answered']:,} "
            f"answered; {row['outstanding']:,} of {_of(row['units'], 'unit')} outstanding",
        )
        unknown = tables["recall_unknown_answers"].height
        if unknown:
            yield "UNKNOWN", f"{_of(unknown, 'answer')} of no contact: recall_unknown_answers"
    if tables["recall_unlabelled"].height:
        bare = int(tables["recall_unlabelled"]["on_hand"].sum())
        yield "unlabelled", f"{bare:,} units of these UPCs have no lot or serial number"
    if tables["recall_rows"].height:
        yield "rows", f"{tables['recall_rows'].height:,} rows not posted carry it: recall_rows"
    if tables["recall_lacking"].height:
        columns = tables["recall_lacking"]["column"].unique(maintain_order=True).to_list()
        names = ", ".join(_words(name) for name in columns)
        yield "LACKING", f"for a tracing request, in some rows: {names}: recall_lacking"
    if tables["recall_matches"].height:
        yield "MAYBE MEANT", ", ".join(_match(row) for row in _first(tables["recall_matches"]))
    yield "as of", f"the night of {fresh.day}, which ended {fresh.finished:%Y-%m-%d %H:%M} UTC"
    for location_code, counted_at in fresh.counted.head(MOST_TOLD).iter_rows():
        when = f"{counted_at:%Y-%m-%d %H:%M}" if counted_at else "never"
        yield "counted", f"{location_code} {when}"
    if fresh.unread:
        more = f" and {len(fresh.unread) - MOST_TOLD} more" if len(fresh.unread) > MOST_TOLD else ""
        files = [f"{file} ({told_age(age)} old)" for file, age in fresh.unread.items()][:MOST_TOLD]
        yield "UNREAD", f"{', '.join(files)}{more}: no night has read them"
    if report.unsearched:
        names = ", ".join(report.unsearched)
        yield (
            "NOT SEARCHED",
            f"too large to look through for a report, look into them: {names}",
        )
    yield "on hold", f"{fresh.held:,} of {fresh.records:,} records"


def what_if_told(lines: pl.DataFrame) -> str:
    """What the holds would do to order lines, in a sentence."""
    loses = lines.filter(pl.col("allocated_then") < pl.col("allocated"))
    units = int((loses["allocated"] - loses["allocated_then"]).sum())
    moved = lines.height - loses.height
    return (
        f"held now, {_of(loses.height, 'line')} would lose {_of(units, 'unit')}, "
        f"{_of(moved, 'line')} would be served otherwise"
    )


def told_age(age: timedelta) -> str:
    """How long ago, in the largest unit that fits."""
    minutes = max(0, int(age.total_seconds() // 60))
    for unit, length in (("d", 24 * 60), ("h", 60)):
        if minutes >= length:
            return f"{minutes // length} {unit}"
    return f"{minutes} min"


def _units(people: pl.DataFrame, certainty: str) -> str:
    return f"{int(people[certainty].sum()):,} {certainty}"


def _of(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _first(matches: pl.DataFrame) -> list[dict[str, object]]:
    return matches.head(MOST_TOLD).to_dicts()


def _match(row: dict[str, object]) -> str:
    return f"{row['lot_code']} of {row['upc']} ({str(row['why']).replace('_', ' ')})"
