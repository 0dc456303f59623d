"""Recall: the tables of a report, from what is on the shelf to whom to call (SPEC 7.2)."""

from typing import Final

import pandera.polars as pa
import polars as pl

from schemas.granular import Published
from schemas.recall_people import Answers

CLASSES: Final = (
    "opened",
    "received",
    "returned",
    "transferred_in",
    "shipped",
    "adjusted_out",
    "transferred_out",
    "unaccounted",
)
"""What a movement of a recalled unit was. The first four brought units, the others took them:
on_hand is the difference of their sums."""

CAME: Final = CLASSES[:4]

CERTAINTIES: Final = ("scanned", "inferred", "possible", "unlabelled")
"""How sure it is that a customer has recalled units, the surest first."""

WHY_ALIKE: Final = (
    "case_or_punctuation",
    "leading_zeros",
    "look_alike",
    "swapped",
    "one_more_or_less",
    "one_other",
)
"""How a lot differs from one that was named, the strongest reason first."""

INVENTORY_ID: Final = "The record."
UPC: Final = "Product code the stock is kept under."
LOT: Final = "Lot, null where the units have none."


class Classes(pa.DataFrameModel):
    """The balance: opened + received + returned + transferred_in = on_hand + the others."""

    opened: pl.Int64 = pa.Field(description="Units that the first count found.")
    received: pl.Int64 = pa.Field(description="Units that adjustments brought.")
    returned: pl.Int64 = pa.Field(description="Those of adjustments whose reason begins so.")
    transferred_in: pl.Int64 = pa.Field(description="Units that came from another place.")
    shipped: pl.Int64 = pa.Field(description="Units that left for customers.")
    adjusted_out: pl.Int64 = pa.Field(description="Units that adjustments took.")
    transferred_out: pl.Int64 = pa.Field(description="Units that went to another place.")
    unaccounted: pl.Int64 = pa.Field(
        description="Units that later counts did not find; found ones are negative."
    )


class RecallView(pa.DataFrameModel):
    """Where the units of a lot are and went: filter it by lot_code, upc or serial_number."""

    upc: pl.String = pa.Field(description=UPC)
    lot_code: pl.String = pa.Field(nullable=True, description=LOT)
    date: pl.Date = pa.Field(nullable=True, description="Manufacturing or expiration date.")
    sku: pl.String = pa.Field(nullable=True, description="SKU.")
    condition: pl.String = pa.Field(nullable=True, description="Condition.")
    serial_number: pl.String = pa.Field(nullable=True, description="Serial number.")
    location_code: pl.String = pa.Field(description="Where the units are, or were.")
    inventory_id: pl.Int64 = pa.Field(description=INVENTORY_ID)
    place: pl.String = pa.Field(
        isin=["here", "left"], description="here: on a record. left: for a customer."
    )
    quantity: pl.Int64 = pa.Field(description="Units on hand, or units that left.")
    allocated: pl.Int64 = pa.Field(nullable=True, description="Those here that are promised.")
    is_blocked: pl.Boolean = pa.Field(nullable=True, description="A hold or its date blocks it.")
    order_id: pl.String = pa.Field(nullable=True, description="The order they left for.")
    line_id: pl.String = pa.Field(nullable=True, description="Its line.")
    customer_id: pl.String = pa.Field(nullable=True, description="Whose order it is.")
    shipment_id: pl.String = pa.Field(nullable=True, description="The shipment.")
    shipped_at: Published = pa.Field(nullable=True, description="When they left (UTC).")
    is_scanned: pl.Boolean = pa.Field(
        nullable=True, description="The shipment named the record, its lot or serial number."
    )

    class Config:
        name = "recall"
        strict = True


class RecalledLot(pa.DataFrameModel):
    """A lot, and what of it is still here."""

    upc: pl.String = pa.Field(description=UPC)
    lot_code: pl.String = pa.Field(nullable=True, description=LOT)
    date: pl.Date = pa.Field(nullable=True, description="Manufacturing or expiration date.")
    on_hand: pl.Int64 = pa.Field(description="Units that are still here.")
    allocated: pl.Int64 = pa.Field(description="Those of them promised to orders: to be stopped.")


class RecallLots(Classes, RecalledLot):
    """What became of the recalled units, one row per UPC, lot and date, with the balance."""

    in_transit: pl.Int64 = pa.Field(description="Units on the way from one place to another.")
    outstanding: pl.Int64 = pa.Field(description="Units shipped and not returned.")
    orders: pl.Int64 = pa.Field(description="Orders that units left for or are promised to.")
    customers: pl.Int64 = pa.Field(description="Customers of these orders.")
    locations: pl.Int64 = pa.Field(description="Locations that have or had units.")
    first_seen: Published = pa.Field(nullable=True, description="First movement (UTC).")
    last_seen: Published = pa.Field(nullable=True, description="Last movement (UTC).")

    class Config:
        name = "recall_lots"
        strict = True


class RecalledRecord(pa.DataFrameModel):
    """A record, as the tables of a recall name it."""

    location_code: pl.String = pa.Field(description="Where it is.")
    upc: pl.String = pa.Field(description=UPC)
    segment: pl.String = pa.Field(description="Segment, '' where none is set.")
    inventory_id: pl.Int64 = pa.Field(description=INVENTORY_ID)
    sku: pl.String = pa.Field(nullable=True, description="SKU.")
    lot_code: pl.String = pa.Field(nullable=True, description=LOT)
    date: pl.Date = pa.Field(nullable=True, description="Manufacturing or expiration date.")
    condition: pl.String = pa.Field(nullable=True, description="Condition, such as New or Used.")
    serial_number: pl.String = pa.Field(nullable=True, description="Serial number.")
    on_hand: pl.Int64 = pa.Field(description="Units there.")
    allocated: pl.Int64 = pa.Field(description="Those of them promised to orders.")


class RecallStock(RecalledRecord):
    """What is still here, one row per record that has or owes units."""

    in_transit: pl.Int64 = pa.Field(description="Units that left it and have not arrived.")
    is_blocked: pl.Boolean = pa.Field(description="A hold or its date blocks it.")
    counted_at: Published = pa.Field(nullable=True, description="Last counted (UTC).")

    class Config:
        name = "recall_stock"
        strict = True


class RecallStop(pa.DataFrameModel):
    """What to stop: recalled units promised and not shipped, one row per order line and record."""

    order_id: pl.String = pa.Field(description="The order.")
    line_id: pl.String = pa.Field(description="The line within the order.")
    customer_id: pl.String = pa.Field(nullable=True, description="Whose order it is.")
    location_code: pl.String = pa.Field(description="Where the units are.")
    upc: pl.String = pa.Field(description=UPC)
    lot_code: pl.String = pa.Field(nullable=True, description=LOT)
    inventory_id: pl.Int64 = pa.Field(description=INVENTORY_ID)
    quantity: pl.Int64 = pa.Field(ge=1, description="Units.")

    class Config:
        name = "recall_stop"
        strict = True


class RecallCustomers(pa.DataFrameModel):
    """What left, one row per shipped row, record and certainty."""

    order_id: pl.String = pa.Field(description="The order.")
    line_id: pl.String = pa.Field(description="The line within the order.")
    customer_id: pl.String = pa.Field(nullable=True, description="Whose order it is.")
    location_code: pl.String = pa.Field(description="Where the units left.")
    upc: pl.String = pa.Field(description=UPC)
    lot_code: pl.String = pa.Field(
        nullable=True, description="The recalled lot; of possible units the one that was booked."
    )
    shipment_id: pl.String = pa.Field(nullable=True, description="The shipment.")
    shipped_at: Published = pa.Field(description="When they left (UTC).")
    quantity: pl.Int64 = pa.Field(ge=1, description="Units; of possible ones, at most so many.")
    returned: pl.Int64 = pa.Field(description="Those of them that came back.")
    certainty: pl.String = pa.Field(
        isin=list(CERTAINTIES),
        description="scanned: the shipment named the record, its lot or serial number. inferred: "
        "it followed the allocation. possible: another lot was booked while recalled units were "
        "there. unlabelled: the units have no lot or serial number.",
    )

    class Config:
        name = "recall_customers"
        strict = True


class RecallContacts(pa.DataFrameModel):
    """Whom to call, one row per customer, or per order where none is known; the surest first."""

    customer_id: pl.String = pa.Field(nullable=True, description="The customer.")
    order_id: pl.String = pa.Field(nullable=True, description="The order, where no customer is.")
    certainty: pl.String = pa.Field(isin=list(CERTAINTIES), description="The surest of theirs.")
    scanned: pl.Int64 = pa.Field(description="Units surely theirs.")
    inferred: pl.Int64 = pa.Field(description="Units that followed the allocation.")
    possible: pl.Int64 = pa.Field(description="Units that may be of the recalled lot.")
    unlabelled: pl.Int64 = pa.Field(description="Units without lot or serial number.")
    returned: pl.Int64 = pa.Field(description="Those of them that came back.")
    to_stop: pl.Int64 = pa.Field(description="Units promised and not shipped yet.")
    orders: pl.Int64 = pa.Field(description="Their orders concerned.")
    first_shipped_at: Published = pa.Field(nullable=True, description="First shipment (UTC).")
    last_shipped_at: Published = pa.Field(nullable=True, description="Last shipment (UTC).")
    name: pl.String = pa.Field(nullable=True, description="Who it is, from reference/customers.")
    phone: pl.String = pa.Field(nullable=True, description="From reference/customers.")
    email: pl.String = pa.Field(nullable=True, description="From reference/customers.")
    address: pl.String = pa.Field(nullable=True, description="From reference/customers.")
    notified_at: pl.String = pa.Field(nullable=True, description="To be filled in: when told.")
    notified_by: pl.String = pa.Field(nullable=True, description="To be filled in: by whom, how.")
    answered_at: pl.String = pa.Field(nullable=True, description="To be filled in: when.")
    held: pl.Int64 = pa.Field(nullable=True, description="To be filled in: units kept back.")
    destroyed: pl.Int64 = pa.Field(nullable=True, description="To be filled in: units.")
    note: pl.String = pa.Field(nullable=True, description="To be filled in.")

    class Config:
        name = "recall_contacts"
        strict = True


class RecallUnlabelled(RecalledRecord):
    """Records that lack the lot or serial number that was named: they can't be excluded."""

    shipped: pl.Int64 = pa.Field(description="Units that left.")

    class Config:
        name = "recall_unlabelled"
        strict = True


class RecallRows(pa.DataFrameModel):
    """Rows that no movement speaks for and that carry a recalled lot: waiting, rejected, of a
    refused file, or of one that no night has read."""

    file: pl.String = pa.Field(description="The file, as its path inside the inbox.")
    row: pl.Int64 = pa.Field(description="Row of the file.")
    kind: pl.String = pa.Field(description="What it is.")
    outcome: pl.String = pa.Field(
        isin=["waiting", "rejected", "refused", "unread"], description="What became of it."
    )
    reason: pl.String = pa.Field(description="Why, in its own words.")
    order_id: pl.String = pa.Field(nullable=True, description="The order, where the row tells it.")
    customer_id: pl.String = pa.Field(nullable=True, description="Whose order it is, if known.")
    quantity: pl.Int64 = pa.Field(nullable=True, description="Units, where the row tells them.")
    raw: pl.String = pa.Field(nullable=True, description="The row as it was read.")

    class Config:
        name = "recall_rows"
        strict = True


class RecallEvents(pa.DataFrameModel):
    """Every movement of recalled units in order of time, with both its ends and its document."""

    moved_at: Published = pa.Field(description="When it happened (UTC).")
    event: pl.String = pa.Field(isin=list(CLASSES), description="What it was, as in the balance.")
    certainty: pl.String = pa.Field(
        nullable=True, isin=["scanned", "inferred"], description="Of shipments: how sure it is."
    )
    upc: pl.String = pa.Field(description=UPC)
    description: pl.String = pa.Field(nullable=True, description="From reference/products.")
    sku: pl.String = pa.Field(nullable=True, description="SKU.")
    lot_code: pl.String = pa.Field(nullable=True, description=LOT)
    date: pl.Date = pa.Field(nullable=True, description="Manufacturing or expiration date.")
    condition: pl.String = pa.Field(nullable=True, description="Condition.")
    serial_number: pl.String = pa.Field(nullable=True, description="Serial number.")
    quantity: pl.Int64 = pa.Field(description="Units, signed as in the balance.")
    unit: pl.String = pa.Field(nullable=True, description="From reference/products.")
    location_code: pl.String = pa.Field(description="Where it happened.")
    location_name: pl.String = pa.Field(nullable=True, description="From reference/locations.")
    location_address: pl.String = pa.Field(nullable=True, description="From reference/locations.")
    inventory_id: pl.Int64 = pa.Field(description=INVENTORY_ID)
    from_code: pl.String = pa.Field(
        nullable=True, description="Where from: a location, a customer, or a supplier."
    )
    from_name: pl.String = pa.Field(nullable=True, description="Its name.")
    from_address: pl.String = pa.Field(nullable=True, description="Its address.")
    to_code: pl.String = pa.Field(nullable=True, description="Where to: a location or a customer.")
    to_name: pl.String = pa.Field(nullable=True, description="Its name.")
    to_address: pl.String = pa.Field(nullable=True, description="Its address.")
    order_id: pl.String = pa.Field(nullable=True, description="The order they left for.")
    line_id: pl.String = pa.Field(nullable=True, description="Its line.")
    customer_id: pl.String = pa.Field(nullable=True, description="Whose order it is.")
    reason: pl.String = pa.Field(nullable=True, description="Why, where the file says so.")
    transfer_id: pl.String = pa.Field(nullable=True, description="The transfer it is a side of.")
    document_type: pl.String = pa.Field(
        description="What paper goes with it: count, receipt, return, transfer, shipment, "
        "adjustment."
    )
    document_number: pl.String = pa.Field(
        nullable=True, description="Its number: the shipment, the document, or the transfer."
    )
    lot_source: pl.String = pa.Field(
        nullable=True, description="Who gave the lot its code, from reference/products."
    )
    file: pl.String = pa.Field(nullable=True, description="The file that said so.")
    row: pl.Int64 = pa.Field(nullable=True, description="The row of that file.")

    class Config:
        name = "recall_events"
        strict = True


class RecallFsma(pa.DataFrameModel):
    """What was shipped and received, by the names of 21 CFR 1.1340 and 1.1345."""

    event: pl.String = pa.Field(isin=["shipping", "receiving"], description="Which of the two.")
    traceability_lot_code: pl.String = pa.Field(nullable=True, description=LOT)
    quantity: pl.Int64 = pa.Field(description="Units.")
    unit_of_measure: pl.String = pa.Field(nullable=True, description="What a unit is.")
    product_description: pl.String = pa.Field(nullable=True, description="What the product is.")
    upc: pl.String = pa.Field(description=UPC)
    immediate_previous_source: pl.String = pa.Field(
        nullable=True, description="Receiving: name and address of who sent it."
    )
    location_received: pl.String = pa.Field(nullable=True, description="Receiving: where.")
    date_received: pl.Date = pa.Field(nullable=True, description="Receiving: the business day.")
    immediate_subsequent_recipient: pl.String = pa.Field(
        nullable=True, description="Shipping: name and address of who gets it."
    )
    location_shipped_from: pl.String = pa.Field(nullable=True, description="Shipping: where from.")
    date_shipped: pl.Date = pa.Field(nullable=True, description="Shipping: the business day.")
    traceability_lot_code_source: pl.String = pa.Field(
        nullable=True, description="Who gave the lot its code."
    )
    reference_document_type: pl.String = pa.Field(description="What paper goes with it.")
    reference_document_number: pl.String = pa.Field(nullable=True, description="Its number.")

    class Config:
        name = "recall_fsma"
        strict = True


class RecallLacking(pa.DataFrameModel):
    """What a tracing request asks for and the data does not tell; nothing is filled in."""

    event: pl.String = pa.Field(isin=list(CLASSES), description="Rows of recall_events of this.")
    column: pl.String = pa.Field(description="Their column that is empty.")
    rows: pl.Int64 = pa.Field(ge=1, description="In so many of them.")
    of_rows: pl.Int64 = pa.Field(description="Of so many.")

    class Config:
        name = "recall_lacking"
        strict = True


class RecallMatches(pa.DataFrameModel):
    """Lots that may be meant by one that was named: they are no part of the recall."""

    named: pl.String = pa.Field(description="The lot as it was named.")
    upc: pl.String = pa.Field(description=UPC)
    lot_code: pl.String = pa.Field(description="A lot that is written nearly so.")
    why: pl.String = pa.Field(isin=list(WHY_ALIKE), description="How it differs.")
    on_hand: pl.Int64 = pa.Field(description="Units of it.")
    shipped: pl.Int64 = pa.Field(description="Units of it that left.")
    customers: pl.Int64 = pa.Field(description="Customers that they left for.")

    class Config:
        name = "recall_matches"
        strict = True


class WhatIfLines(pa.DataFrameModel):
    """Order lines that would have other units if the holds came into force now."""

    order_id: pl.String = pa.Field(description="The order.")
    line_id: pl.String = pa.Field(description="The line within the order.")
    allocated: pl.Int64 = pa.Field(description="Units promised to it now.")
    allocated_then: pl.Int64 = pa.Field(description="Units that would be.")
    pending_then: pl.Int64 = pa.Field(description="Units that would wait.")

    class Config:
        name = "what_if_lines"
        strict = True


class WhatIfMoves(pa.DataFrameModel):
    """Where the units of these lines would come from instead."""

    order_id: pl.String = pa.Field(description="The order.")
    line_id: pl.String = pa.Field(description="The line within the order.")
    from_inventory_id: pl.Int64 = pa.Field(
        nullable=True, description="The record they are on now, null where they wait."
    )
    to_inventory_id: pl.Int64 = pa.Field(
        nullable=True, description="The record they would be on, null where they would wait."
    )
    quantity: pl.Int64 = pa.Field(ge=1, description="Units.")

    class Config:
        name = "what_if_moves"
        strict = True


class RecallStatus(pa.DataFrameModel):
    """How far the calls have come, one row per certainty and one of all (SPEC 7.9)."""

    certainty: pl.String = pa.Field(isin=[*CERTAINTIES, "all"], description="The surest of theirs.")
    contacts: pl.Int64 = pa.Field(description="Customers, or orders without one.")
    told: pl.Int64 = pa.Field(description="Those that were told.")
    not_told: pl.Int64 = pa.Field(description="Those that were not.")
    percent_told: pl.Int64 = pa.Field(description="Share of those told, rounded down.")
    answered: pl.Int64 = pa.Field(description="Those that answered.")
    not_answered: pl.Int64 = pa.Field(description="Those told that did not answer.")
    units: pl.Int64 = pa.Field(description="Units that left for them.")
    returned: pl.Int64 = pa.Field(description="Those that came back.")
    held: pl.Int64 = pa.Field(description="Those that they keep back.")
    destroyed: pl.Int64 = pa.Field(description="Those that they destroyed.")
    outstanding: pl.Int64 = pa.Field(description="Those of which nothing is known.")

    class Config:
        name = "recall_status"
        strict = True


class UnknownAnswers(Answers):
    """Answers of somebody who is no contact of this recall."""

    class Config:
        name = "recall_unknown_answers"
        strict = True


ANSWERED: Final[dict[str, type[pa.DataFrameModel]]] = {
    "recall_status": RecallStatus,
    "recall_unknown_answers": UnknownAnswers,
}
"""The tables that a report has beside the others once there are answers."""

WHAT_IF: Final[dict[str, type[pa.DataFrameModel]]] = {
    "what_if_lines": WhatIfLines,
    "what_if_moves": WhatIfMoves,
}
"""The tables that a report has beside the others where it is asked what holds would do."""

RECALL: Final[dict[str, type[pa.DataFrameModel]]] = {
    "recall_lots": RecallLots,
    "recall_stock": RecallStock,
    "recall_stop": RecallStop,
    "recall_contacts": RecallContacts,
    "recall_customers": RecallCustomers,
    "recall_unlabelled": RecallUnlabelled,
    "recall_rows": RecallRows,
    "recall_events": RecallEvents,
    "recall_fsma": RecallFsma,
    "recall_lacking": RecallLacking,
    "recall_matches": RecallMatches,
}
"""The tables of a report, in the order in which they are read."""
