"""Post shipments and cancellations, one by one in the order they happened (SPEC 5.3–5.5).

Each may take units that the next one wanted, so this is a clerk at a ledger and not a join.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from schemas.granular import GRANULAR_FIELDS
from transforms.ledger import Ledger, LineKey, Row, fits, pool
from transforms.picks import Waits, in_words, is_meant, pick
from transforms.rank import rank_key

SCANNED: Final = ("inventory_id", "lot_code", "serial_number")
"""A shipment that names one of these was told by who held the unit, and not by the promise."""


class _Rejected(Exception):  # noqa: N818  the event is rejected
    """It can never fit: rule and column."""


class _Repeated(Exception):  # noqa: N818  the event is a repeat
    """It was posted before."""


def post_shipments(ledger: Ledger, events: Iterable[Row], day: date, wait_days: int) -> None:
    """Post the events on the ledger, in their order, whatever order they come in.

    An event: kind (shipments or cancellations), at, because, file, row, since, order_id, line_id,
    quantity, shipment_id, inventory_id, the granular fields, decrement_on_hand. A restatement that
    wants fewer units has a number, by which those of a line follow each other, and ordered_since:
    units that later ones order.
    """
    for event in sorted(events, key=lambda event: _turn(event, ledger)):
        post = _ship if event["kind"] == "shipments" else _cancel
        try:
            post(ledger, event)
        except _Repeated:
            ledger.repeats.append(event)
        except _Rejected as why:
            ledger.rejects.append(event | {"rule": why.args[0], "column": why.args[1]})
        except Waits as why:
            if (day - event["since"]).days > wait_days:
                ledger.rejects.append(event | {"rule": "waited_too_long", "column": None})
            else:
                ledger.waiting.append(event | {"reason": str(why)})


def _turn(event: Row, ledger: Ledger) -> tuple[Any, ...]:
    """By instant, shipments first, then rows that name a record, then rank, then content (4.5)."""
    line = ledger.lines.get((event["order_id"], event["line_id"]))
    told = ("order_id", "line_id", "quantity", "shipment_id", *GRANULAR_FIELDS)
    return (
        event["at"],
        event["kind"] != "shipments",
        event["inventory_id"] is None,
        line is None,
        () if line is None else rank_key(line),
        event["inventory_id"] or 0,
        event.get("number", -1),
        event["decrement_on_hand"],
        [str(event[name] or "") for name in told],
        event["since"],
        event["file"] or "",
        event["row"] or 0,
    )


def _line(ledger: Ledger, event: Row) -> Row:
    key: LineKey = (event["order_id"], event["line_id"])
    if key not in ledger.lines:
        raise Waits("the order line is not known yet")
    return ledger.lines[key]


def _reject_unknown_record(ledger: Ledger, event: Row, line: Row) -> None:
    if event["inventory_id"] is not None:
        record = ledger.records.get(event["inventory_id"])
        if record is None or pool(record) != pool(line):
            raise _Rejected("unknown_record", "inventory_id")


def _ship(ledger: Ledger, event: Row) -> None:
    line = _line(ledger, event)
    _reject_unknown_record(ledger, event, line)
    if _is_known(ledger, event, line):
        raise _Repeated
    is_open = line["allocated"] + line["pending"]
    if event["quantity"] > is_open:
        raise Waits(f"it ships {event['quantity']}, more than the line has open: {is_open}")
    if line["upc"] in ledger.untracked:
        ledger.move(event, "pass", event["quantity"], line=line)
        _note(ledger, event, line, None, event["quantity"])
        return
    picks = pick(ledger, event, line)
    _leave(ledger, event, line, picks)
    for inventory_id, units in picks.items():
        _note(ledger, event, line, inventory_id, units)
        if not fits(ledger.records[inventory_id], line):
            _tell_wrong_unit(ledger, event, line, ledger.records[inventory_id], units)


def _leave(ledger: Ledger, event: Row, line: Row, picks: dict[int, int]) -> None:
    """Ship units by record: what the line is promised of it, then the others in place of promises.

    A promise is not released to be made again for the same unit, however the unit was found.
    """
    promised = dict(ledger.allocations[line["order_id"], line["line_id"]])
    own = {one: min(units, promised.get(one, 0)) for one, units in picks.items()}
    for one, units in own.items():
        _ship_units(ledger, event, line, ledger.records[one], units)
    _release(ledger, event, line, min(sum(picks.values()) - sum(own.values()), line["allocated"]))
    for one, units in picks.items():
        if units > own[one]:
            ledger.move(event, "allocate", units - own[one], record=ledger.records[one], line=line)
            _ship_units(ledger, event, line, ledger.records[one], units - own[one])


def _ship_units(ledger: Ledger, event: Row, line: Row, record: Row, units: int) -> None:
    if units:
        ledger.move(event, "ship", units, record=record, line=line)
        ledger.correct(event, units, record)


def _release(ledger: Ledger, event: Row, line: Row, units: int) -> None:
    for record, promised in reversed(ledger.promised(line)):
        released = min(units, promised)
        if released:
            ledger.move(event, "release", released, record=record, line=line)
            units -= released


def _is_known(ledger: Ledger, event: Row, line: Row) -> bool:
    """The shipment is known for this line and a record that the event may mean."""
    shipment = (event["shipment_id"], event["order_id"], event["line_id"])
    return any(
        (inventory_id is None and event["inventory_id"] is None)
        or (inventory_id is not None and is_meant(ledger.records[inventory_id], event, line))
        for inventory_id in ledger.known_shipments.get(shipment, [])
    )


def _note(ledger: Ledger, event: Row, line: Row, inventory_id: int | None, units: int) -> None:
    if event["shipment_id"] is not None:
        shipment = (event["shipment_id"], event["order_id"], event["line_id"])
        ledger.known_shipments.setdefault(shipment, []).append(inventory_id)
    ledger.fulfilled.append(
        {
            "line_no": line["line_no"],
            "inventory_id": inventory_id,
            "quantity": units,
            "shipment_id": event["shipment_id"],
            "shipped_at": event["at"],
            "is_scanned": any(event[name] is not None for name in SCANNED),
        }
    )


def _tell_wrong_unit(ledger: Ledger, event: Row, line: Row, record: Row, units: int) -> None:
    fields = in_words(record) or "no granular field"
    ledger.discrepancies.append(
        {
            "kind": "wrong_unit",
            "inventory_id": record["inventory_id"],
            "order_id": line["order_id"],
            "line_id": line["line_id"],
            "quantity": units,
            "detail": f"{units} of record {record['inventory_id']} left ({fields}), the line "
            f"asks for {in_words(line)} "
            f"({event['file']}, row {event['row']})",
        }
    )


def _cancel(ledger: Ledger, event: Row) -> None:
    line = _line(ledger, event)
    _reject_unknown_record(ledger, event, line)
    named = ledger.records.get(event["inventory_id"])
    promised = [
        (record, units) for record, units in ledger.promised(line) if named in (None, record)
    ]
    is_open = sum(units for _, units in promised) + (0 if named else line["pending"])
    wanted = event["quantity"]
    if wanted is None:
        wanted = max(is_open - event.get("ordered_since", 0), 0)
    waits = 0 if named else min(wanted, line["pending"])
    if waits:
        ledger.move(event, "cancel", waits, line=line)
    missing = wanted - waits
    for record, units in reversed(promised):
        taken = min(missing, units)
        if taken:
            ledger.move(event, "release", taken, record=record, line=line)
            ledger.move(event, "cancel", taken, line=line)
            missing -= taken
            if event["decrement_on_hand"]:
                ledger.move(event, "adjust", -taken, record=record)
                ledger.correct(event, taken, record)
    if missing:
        ledger.discrepancies.append(
            {
                "kind": "cancelled_too_much",
                "inventory_id": event["inventory_id"],
                "order_id": line["order_id"],
                "line_id": line["line_id"],
                "quantity": missing,
                "detail": f"{wanted} units cancelled, {wanted - missing} were open "
                f"({event['file']}, row {event['row']})",
            }
        )
