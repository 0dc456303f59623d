"""When each location was last counted, beside a join."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from transforms.last_counted import last_counted

AT = datetime(2026, 4, 1, tzinfo=UTC)
COUNTED = st.one_of(st.none(), st.integers(0, 5).map(lambda hours: AT + timedelta(hours=hours)))


@given(st.data())
def test_a_location_was_counted_when_the_last_of_its_records_was(data: st.DataObject) -> None:
    pools = data.draw(st.lists(st.sampled_from("ABC"), min_size=1, max_size=5))
    records = data.draw(st.lists(st.integers(0, len(pools) - 1), min_size=1, max_size=8))
    counted = data.draw(st.lists(COUNTED, min_size=len(records), max_size=len(records)))
    concerned = data.draw(st.sets(st.sampled_from(sorted({*pools})), min_size=1))
    order = data.draw(st.permutations(range(len(records))))
    schema = {"inventory_id": pl.Int64(), "counted_at": pl.Datetime("us", "UTC")}
    state = pl.DataFrame([(one + 1, counted[one]) for one in order], schema=schema, orient="row")
    keys = pl.DataFrame(
        {"inventory_id": range(1, len(records) + 1), "pool_no": [one + 1 for one in records]},
        schema={"inventory_id": pl.Int64, "pool_no": pl.Int64},
    )
    known = pl.DataFrame(
        {"pool_no": range(1, len(pools) + 1), "location_code": pools},
        schema={"pool_no": pl.Int64, "location_code": pl.String},
    ).filter(pl.col("location_code").is_in([*concerned]))

    told = last_counted(state, keys, known)

    plain = (
        state.join(keys, on="inventory_id")
        .join(known, on="pool_no", how="right")
        .group_by("location_code")
        .agg(pl.col("counted_at").max())
        .sort("location_code")
    )
    assert_frame_equal(told, plain)
