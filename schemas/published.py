"""Published: the tables that others read, in the order of the README (SPEC 10.3)."""

from typing import Final

import pandera.polars as pa

from schemas.aggregates import AggregateByLocation, AggregateByUpc
from schemas.allocated import Allocated, ShipmentLines
from schemas.explanations import Explanations
from schemas.files import Files, Runs
from schemas.fulfilled import Fulfilled
from schemas.in_transit import InTransit
from schemas.inventory import Inventory
from schemas.movements import Movements
from schemas.order_lines import OrderLines
from schemas.recall import RecallView
from schemas.rejects import Rejects
from schemas.shortages import Shortages
from schemas.waiting import Discrepancies, Waiting

PUBLISHED: Final[dict[str, type[pa.DataFrameModel]]] = {
    "inventory": Inventory,
    "order_lines": OrderLines,
    "allocated": Allocated,
    "fulfilled": Fulfilled,
    "shipment_lines": ShipmentLines,
    "shortages": Shortages,
    "aggregate_by_upc": AggregateByUpc,
    "aggregate_by_location": AggregateByLocation,
    "waiting": Waiting,
    "discrepancies": Discrepancies,
    "in_transit": InTransit,
    "movements": Movements,
    "rejects": Rejects,
    "files": Files,
    "runs": Runs,
}

VIEWS: Final[dict[str, type[pa.DataFrameModel]]] = {
    "shipment_lines": ShipmentLines,
    "explanations": Explanations,
    "recall": RecallView,
}
"""What the other published tables tell: no day's folder has it unless it is asked for."""

CLOSING: Final = ("inventory", "order_lines", "allocated")
"""Tables of what stands, as large as all nights before have made it."""

TABLES: Final = {name: schema for name, schema in PUBLISHED.items() if name not in VIEWS}
