"""Page: a recall on one page that prints, for who has to decide before noon (SPEC 7.7)."""

from importlib.resources import files
from typing import Any, Final
from xml.etree.ElementTree import tostring

import polars as pl
import pygal
from jinja2 import Environment
from markupsafe import Markup
from pygal.style import CleanStyle

from flows.recalls.report import Recall
from flows.recalls.summary import told_age
from schemas.recall import CAME, CERTAINTIES, CLASSES

SHOWN: Final = 200
"""Rows of a table on the page; the others are in its file."""

NAMED_SHOWN: Final = 20
DAYS_SHOWN: Final = 60

TABLES: Final = ("contacts", "stock", "stop", "unlabelled", "rows", "lacking", "matches")

PICTURE: Final[dict[str, Any]] = {
    # No script, and nothing from elsewhere: the page opens from a share.
    "js": (),
    "style": CleanStyle(
        background="transparent", plot_background="transparent", font_family="sans-serif"
    ),
    "explicit_size": False,
    "disable_xml_declaration": True,
    "print_values": True,
    "print_zeroes": False,
}


def page_of(report: Recall, name: str, balance: str) -> str:
    """The page as one HTML file; all that comes from data is text. balance: the same in words."""
    tables = {one: report.tables[f"recall_{one}"] for one in TABLES}
    is_neighbour = pl.col("why") == "one_other"
    tables["neighbours"] = tables["matches"].filter(is_neighbour)
    tables["matches"] = tables["matches"].filter(~is_neighbour)
    lots, customers = report.tables["recall_lots"], report.tables["recall_customers"]
    units = {
        **{one: int(lots[one].sum()) for one in (*CLASSES, "on_hand", "allocated")},
        **{one: int(tables["contacts"][one].sum()) for one in CERTAINTIES},
    }
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["told"] = _told
    template = environment.from_string(
        files("flows.recalls").joinpath("page.html").read_text(encoding="utf-8")
    )
    named = [_in_words(row) for row in report.named.head(NAMED_SHOWN).iter_rows(named=True)]
    return template.render(
        name=name,
        named=named,
        more_named=max(0, report.named.height - NAMED_SHOWN),
        fresh=report.fresh,
        unsearched=report.unsearched,
        unread=[f"{file} ({told_age(age)} old)" for file, age in report.fresh.unread.items()],
        is_nowhere=lots.is_empty(),
        units=units,
        balance=balance,
        balance_picture=_balance(units),
        shipments_picture=_shipments(customers),
        numbers={
            column
            for table in tables.values()
            for column, kind in table.schema.items()
            if kind == pl.Int64
        },
        tables={one: table.head(SHOWN).to_dicts() for one, table in tables.items()},
        filled={
            one: {column.name for column in table if column.null_count() < column.len()}
            for one, table in tables.items()
        },
        more={one: max(0, table.height - SHOWN) for one, table in tables.items()},
    )


def _told(value: object) -> object:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
    return value


def _in_words(row: dict[str, Any]) -> str:
    told = ((name, value) for name, value in row.items() if name != "row" and value is not None)
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told)


def _balance(units: dict[str, int]) -> Markup:
    """What came, and what became of it: two bars of the same length."""
    went = ("on_hand", *(name for name in CLASSES if name not in CAME))
    chart = pygal.HorizontalStackedBar(height=260, title="The balance, in units", **PICTURE)
    chart.uuid = "balance"
    chart.x_labels = ["where they went", "where they came from"]
    for name in (*CAME, *went):
        if units[name]:
            sides = [None, units[name]] if name in CAME else [units[name], None]
            chart.add(name.replace("_", " "), sides)
    return _drawn(chart)


def _shipments(customers: pl.DataFrame) -> Markup | None:
    """Units that left each day, by how sure it is that they were recalled ones."""
    by_day = customers.group_by(
        day=pl.col("shipped_at").dt.date(), certainty=pl.col("certainty")
    ).agg(pl.col("quantity").sum())
    days = by_day.get_column("day").unique().sort().tail(DAYS_SHOWN).to_list()
    if not days:
        return None
    sums = {(day, sure): units for day, sure, units in by_day.iter_rows()}
    # Parts of a bar may be thinner than their figures.
    picture = {**PICTURE, "print_values": False}
    chart = pygal.StackedBar(height=320, title="Units that left, by day", **picture)
    chart.uuid = "shipments"
    chart.x_labels = [str(day) for day in days]
    for sure in CERTAINTIES:
        units = [sums.get((day, sure)) for day in days]
        if any(units):
            chart.add(sure, units)
    return _drawn(chart)


def _drawn(chart: Any) -> Markup:
    """The picture without the script that would move it."""
    picture = chart.render_tree()
    for parent in picture.iter():
        for script in [one for one in parent if str(one.tag).endswith("script")]:
            parent.remove(script)
    return Markup(tostring(picture, encoding="unicode"))  # noqa: S704  drawn here, escaped there
