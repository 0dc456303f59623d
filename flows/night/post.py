"""Post: what tonight's files say, as movements over the ledger, in the order of SPEC 4.5."""

from datetime import date
from itertools import accumulate
from typing import Final

import polars as pl

from flows.night.post_orders import post_orders
from flows.night.post_returns import post_returns, tell_unknown_returns
from flows.night.post_shipments import post_shipments
from flows.night.post_stock import post_stock, refuse_clearing_counts
from flows.night.valid_rows import all_kept, show
from flows.settings import Places, Stopped
from flows.state.warehouse import Connection, load, night_settings, night_tables, only, save
from schemas.granular import POOL
from transforms.parse import end_of_day
from transforms.pools import named_pools

# What the ledger rejected may be mended and sent again under its own id.
FORGET: Final = """
    DELETE FROM event_ids USING (
        SELECT 'shipments' AS kind, md5_number(event_id) AS content
        FROM shipments SEMI JOIN late_rejects USING (file, row)
        UNION ALL
        SELECT 'cancellations', md5_number(event_id)
        FROM cancellations SEMI JOIN late_rejects USING (file, row)
    ) AS rejected
    WHERE event_ids.kind = rejected.kind AND event_ids.content = rejected.content
"""


def post(places: Places, day: date) -> dict[str, int]:
    """Post orders, then counts and adjustments, then shipments and cancellations.

    Returns the number of movements of each kind.
    """
    settings = night_settings(places)
    with night_tables(places) as night:
        show(night)
        orders, counts, adjustments = _in_pools(
            night, [all_kept(night, kind) for kind in ("orders", "inventory", "adjustments")]
        )
        decreases = post_orders(night, orders, settings, day)
        # The night may be large, and they are posted.
        del orders
        refused = refuse_clearing_counts(night, settings)
        if refused and settings.on_refused == "fail":
            raise Stopped(f"{refused[0]} is refused: it clears a location")
        counts, adjustments = (
            rows.filter(~pl.col("file").is_in(refused)) if refused else rows
            for rows in (counts, adjustments)
        )
        post_stock(night, counts, adjustments, end_of_day(day, settings.zone))
        post_returns(night)
        post_shipments(night, settings, day, decreases)
        tell_unknown_returns(night, day)
        night.execute(FORGET)
        _count_outcomes(night)
        kinds = load(night, "SELECT kind, count(*) AS n FROM movements GROUP BY ALL ORDER BY kind")
    return dict(kinds.iter_rows())


def _in_pools(night: Connection, tables: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """The tables with pool_no; new pools come behind known ones, in the order of their texts."""
    named, place = named_pools(tables)
    night.register("named_pools", named)
    known = load(
        night,
        "FROM warehouse.state.pools SEMI JOIN named_pools USING (location_code, upc, segment)",
    )
    night.unregister("named_pools")
    last = only(night, "SELECT coalesce(max(pool_no), 0) FROM warehouse.state.pools")
    pools = named.join(known, on=POOL, how="left", maintain_order="left")
    is_new = pl.col("pool_no").is_null()
    pools = pools.with_columns(
        pool_no=pl.when(is_new).then(last + is_new.cum_sum().cast(pl.Int64)).otherwise("pool_no"),
        is_new=is_new,
    )
    save(night, "pools", pools.filter("is_new").drop("is_new"))
    numbers = pools.get_column("pool_no").gather(place)
    ends = list(accumulate(table.height for table in tables))
    return [
        table.with_columns(pool_no=numbers.slice(end - table.height, table.height))
        for table, end in zip(tables, ends, strict=True)
    ]


def _count_outcomes(night: Connection) -> None:
    """Tell in `files` what the ledger found of rows that validation had kept."""
    night.execute(
        """
        WITH found AS (
            SELECT file, row, 'repeated' AS outcome FROM repeats
            WHERE run = (SELECT run FROM tonight)
            UNION ALL
            SELECT file, row, 'waiting' FROM waiting WHERE run = (SELECT run FROM tonight)
            UNION ALL
            SELECT DISTINCT file, row, 'rejected' FROM late_rejects
        ),
        counted AS (
            SELECT
                file,
                count(*) FILTER (outcome = 'repeated') AS repeated,
                count(*) FILTER (outcome = 'waiting') AS waiting,
                count(*) FILTER (outcome = 'rejected') AS rejected,
            FROM found
            GROUP BY file
        )
        UPDATE files SET
            kept = kept - counted.repeated - counted.waiting - counted.rejected,
            repeated = files.repeated + counted.repeated,
            waiting = counted.waiting,
            rejected = files.rejected + counted.rejected,
        FROM counted
        WHERE files.file = counted.file AND files.status = 'taken'
        """
    )
