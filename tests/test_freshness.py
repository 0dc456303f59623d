"""What was expected and did not come is named in the night's summary (SPEC 3.5)."""

from tests.roots import Root

SETTINGS = """
    max_count_age_days = 2
    [[sources]]
    name = "tills"
    kind = "orders"
    files = "till_*.csv"
    expect = "daily"
    [[sources]]
    name = "web"
    kind = "orders"
    files = "web_*.csv"
"""
LINES = "order_id,line_id,location_code,upc,quantity\n"


def test_a_daily_source_without_a_file_of_the_day_is_late(root: Root) -> None:
    root.put("lotwise.toml", SETTINGS)
    root.put("inbox/orders/till_2026-04-01.csv", f"{LINES}1,1,L1,U1,5\n")
    root.put("inbox/orders/web_2026-04-02.csv", f"{LINES}2,1,L1,U1,5\n")

    assert root.night("2026-04-01").late == []
    assert root.night("2026-04-02").late == [
        ("tills", "no file of 2026-04-02 in orders/ (till_*.csv)")
    ]


def test_a_late_file_that_comes_before_the_day_is_run_again_is_late_no_more(root: Root) -> None:
    root.put("lotwise.toml", SETTINGS)
    assert root.night("2026-04-01").late != []
    root.put("inbox/orders/till_2026-04-01.csv", f"{LINES}1,1,L1,U1,5\n")
    assert root.night("2026-04-01").late == []
    root.put("inbox/orders/web_2026-04-01.csv", f"{LINES}2,1,L1,U1,5\n")
    assert root.night("2026-04-01").late == []


def test_a_location_last_counted_too_long_ago_is_late(root: Root) -> None:
    root.put("lotwise.toml", SETTINGS.replace('expect = "daily"', ""))
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,5\nL2,U1,5\n")
    root.night("2026-04-01")
    root.put("inbox/inventory/2026-04-02.csv", "location_code,upc,quantity\nL2,U2,5\n")

    assert root.night("2026-04-03").late == []
    assert root.night("2026-04-04").late == [("L1", "last counted on 2026-04-01")]


def test_the_summary_names_what_is_late(root: Root) -> None:
    root.put("lotwise.toml", SETTINGS)

    done = root.lotwise("nightly", "--day", "2026-04-01")

    assert done.returncode == 0
    assert "LATE         tills: no file of 2026-04-01 in orders/ (till_*.csv)" in done.stdout
