"""Mutants: good files of every kind and format, and what can befall a file on its way."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from random import Random
from typing import Any, Final, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.settings import Kind

Row = dict[str, Any]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
FORMATS: Final = ("csv", "csv.gz", "json", "ndjson", "parquet")
ROWS: Final = 7

ODD: Final[tuple[Any, ...]] = (
    *("", " ", "1e3", "0x10", "١٢", "１２", "1_000", "+5", "5.", ".5", "-0", "1e400", "NaN", "inf"),
    *("true", "5.0", "5.000", "1,000", "007", "=1+1", "'", '"', '""', "a\nb", "a\rb", "a\tb", "\0"),
    *("\ufeff", "\u2028", "2026-02-30", "05/06/2026", "2026-04-01T10:00+05:30", "2026-04-09"),
    "x" * 60,
    *(None, True, 0, -1, 1, 2**31 - 1, 2**31, 2**63, 10**30, 1.0, 1.5, 1e300, float("nan")),
    *([], {}, [1], {"a": 1.50}),
)
BYTES: Final = (
    *(b'"', b"'", b",", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xc3", b"\\"),
    *(b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b":", b"null", b"\\ud800", b"\\u0000", b" ", b"-"),
    *(b"0", b"9", b"e", b".", b"1e9", b"\x1a", b"#", b"//", b"\xc2\xa0", b"\xe2\x80\xa8"),
)


def good_rows(kind: Kind) -> list[Row]:
    """Rows that are all kept, no two of them equal."""
    return [_good_row(kind, number) for number in range(1, ROWS + 1)]


def _good_row(kind: Kind, number: int) -> Row:
    line = {"order_id": f"O{number}", "line_id": str(number)}
    stock: Row = {"location_code": "L", "upc": f"00{number}", "quantity": number * 10}
    fields: Row = {
        "lot_code": ["A", "Größe, 2", 'say "x"', None][number % 4],
        "date": "2026-12-31" if number % 2 else None,
        "condition": "New",
    }
    at = f"2026-04-01T{number:02}:30:00Z" if number % 3 else None
    if kind == "inventory":
        return {**stock, **fields, "safety_stock": number, "ltd": None, "counted_at": at}
    if kind == "adjustments":
        return {**stock, **fields, "quantity": 5 - number * 2, "adjusted_at": at, "reason": "r"}
    if kind == "orders":
        return {**line, **stock, **fields, "priority": number % 2, "placed_at": at}
    if kind == "cancellations":
        flag = number % 2 == 0
        return {**line, "quantity": number, "decrement_on_hand": flag, "cancelled_at": at}
    shipped = {"shipment_id": f"S{number}", "inventory_id": number, "shipped_at": at}
    return {**line, "quantity": number, **fields, **shipped}


def written(rows: list[Row], form: str) -> bytes:
    """A file of rows. Raises where the format can't hold them."""
    if form == "csv":
        names = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(names)
        writer.writerows([row.get(name) for name in names] for row in rows)
        return text.getvalue().encode()
    if form == "json":
        return json.dumps(rows, ensure_ascii=False).encode()
    if form == "ndjson":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    if form == "parquet":
        stream = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), stream)
        return stream.getvalue()
    return zipped(written(rows, form.removesuffix(".gz")))


def zipped(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=1, mtime=0)


def mutant(kind: Kind, form: str, number: int) -> bytes:
    """A good file to which something has happened; of one number always the same."""
    chance = Random(f"{kind} {form} {number}")
    if number % 2:
        rows = good_rows(kind)
        for _ in range(chance.randint(1, 3)):
            chance.choice(ROW_MUTATIONS)(chance, rows)
        try:
            return written(rows, form)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            # Parquet's columns have one type each.
            told = [{name: _text(value) for name, value in row.items()} for row in rows]
            return written(told, form)
    is_zipped = form.endswith(".gz")
    content = bytearray(written(good_rows(kind), form.removesuffix(".gz")))
    if is_zipped and number % 4:
        content, is_zipped = bytearray(zipped(bytes(content))), False
    for _ in range(chance.randint(1, 3)):
        chance.choice(BYTE_MUTATIONS)(chance, content)
    return zipped(bytes(content)) if is_zipped else bytes(content)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _put_odd_value(chance: Random, rows: list[Row]) -> None:
    row = chance.choice(rows)
    row[chance.choice(list(row))] = chance.choice(ODD)


def _swell_number(chance: Random, rows: list[Row]) -> None:
    row = chance.choice(rows)
    told = row.get("quantity")
    number = told if isinstance(told, int) else 7
    row["quantity"] = number * chance.choice([10, 1000, 10**9, 10**19, -1, 1.0])


def _double_row(chance: Random, rows: list[Row]) -> None:
    rows.insert(chance.randrange(len(rows)), dict(chance.choice(rows)))


def _drop_row(chance: Random, rows: list[Row]) -> None:
    if len(rows) > 1:
        rows.pop(chance.randrange(len(rows)))


def _move_columns(chance: Random, rows: list[Row]) -> None:
    names = list(rows[0])
    chance.shuffle(names)
    rows[:] = [{name: row.get(name) for name in names} for row in rows]


def _swap_names(chance: Random, rows: list[Row]) -> None:
    one, other = chance.sample(list(rows[0]), 2)
    swapped = {one: other, other: one}
    rows[:] = [{swapped.get(name, name): value for name, value in row.items()} for row in rows]


def _rename_column(chance: Random, rows: list[Row]) -> None:
    one = chance.choice(list(rows[0]))
    other = chance.choice(["", "Quantity", one.upper(), f" {one} ", "onHand", "items", "x"])
    rows[:] = [
        {other if name == one else name: value for name, value in row.items()} for row in rows
    ]


def _flip_bit(chance: Random, content: bytearray) -> None:
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def _cut(chance: Random, content: bytearray) -> None:
    del content[chance.randrange(len(content) + 1) :]


def _drop_slice(chance: Random, content: bytearray) -> None:
    place = chance.randrange(len(content) + 1)
    del content[place : place + chance.randint(1, 20)]


def _double_slice(chance: Random, content: bytearray) -> None:
    place = chance.randrange(len(content) + 1)
    content[place:place] = content[place : place + chance.randint(1, 80)]


def _put_bytes(chance: Random, content: bytearray) -> None:
    place = chance.randrange(len(content) + 1)
    content[place:place] = chance.choice(BYTES)


def _overwrite(chance: Random, content: bytearray) -> None:
    place = chance.randrange(len(content) + 1)
    put = chance.choice(BYTES)
    content[place : place + len(put)] = put


def _double_all(chance: Random, content: bytearray) -> None:
    content.extend(bytes(content))


ROW_MUTATIONS: Final[tuple[Callable[[Random, list[Row]], None], ...]] = (
    *(_put_odd_value, _put_odd_value, _put_odd_value, _swell_number, _double_row, _drop_row),
    *(_move_columns, _swap_names, _rename_column),
)
BYTE_MUTATIONS: Final[tuple[Callable[[Random, bytearray], None], ...]] = (
    *(_flip_bit, _flip_bit, _cut, _drop_slice, _double_slice, _put_bytes, _put_bytes),
    *(_overwrite, _double_all),
)
