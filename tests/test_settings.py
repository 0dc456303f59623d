"""Settings: one typed value, and a plain word where one is unknown or bad (SPEC 9.5)."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from flows.settings import Stopped, load_settings, places
from schemas.settings import Numbers, Rows, Settings, Source
from tests.roots import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def loaded(root: Path, toml: str = "", **environment: str) -> Settings:
    (root / "lotwise.toml").write_text(toml, encoding="utf-8")
    return load_settings(root, environment)


def test_a_data_root_without_a_file_has_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {}) == Settings()


def test_every_setting_has_a_default() -> None:
    assert [name for name, field in Settings.model_fields.items() if field.is_required()] == []


def test_the_defaults_are_those_that_the_rules_name() -> None:
    chosen = Settings()
    assert (chosen.timezone, chosen.on_refused) == ("UTC", "continue")
    assert (chosen.max_reject_rows, chosen.max_reject_share) == (100, 0.1)
    assert (chosen.max_cleared_share, chosen.wait_days, chosen.history_days) == (0.5, 7, 90)
    assert chosen.granular_fields == ("sku", "lot_code", "date", "condition", "serial_number")


def test_what_the_file_states_is_taken_and_the_rest_stays(tmp_path: Path) -> None:
    chosen = loaded(tmp_path, 'timezone = "Europe/London"\nmax_reject_rows = 5')
    assert chosen == Settings(timezone="Europe/London", max_reject_rows=5)
    assert chosen.zone.key == "Europe/London"


@pytest.mark.parametrize(
    ("toml", "unknown", "nearest"),
    [
        ("max_reject_row = 5", "max_reject_row", "max_reject_rows"),
        ('time_zone = "UTC"', "time_zone", "timezone"),
        ('[[sources]]\nname = "a"\nkind = "orders"\ncolumn = {}', "sources.0.column", "columns"),
        (
            '[[sources]]\nname = "a"\nkind = "orders"\nnumbers = {thousand = "."}',
            "sources.0.numbers.thousand",
            "thousands",
        ),
    ],
)
def test_an_unknown_setting_is_named_with_the_nearest_known_one(
    tmp_path: Path, toml: str, unknown: str, nearest: str
) -> None:
    with pytest.raises(Stopped) as why:
        loaded(tmp_path, toml)
    assert str(why.value) == f"there is no setting '{unknown}'; did you mean '{nearest}'?"


SOURCE = '[[sources]]\nname = "a"\nkind = "orders"\n'


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        (
            'count_mode = "full"',
            "the setting 'count_mode' belongs in a [[sources]] block of lotwise.toml",
        ),
        (
            f"{SOURCE}wait_days = 3",
            "the setting 'sources.0.wait_days' belongs at the top of lotwise.toml, above the first "
            "[[sources]]",
        ),
        (
            f'{SOURCE}negate = ["quantity"]',
            "the setting 'sources.0.negate' belongs in a [[sources.rows]] block of lotwise.toml",
        ),
        (
            f'{SOURCE}minus = "trailing"',
            "the setting 'sources.0.minus' belongs in the `numbers` of a [[sources]] block of "
            "lotwise.toml",
        ),
    ],
)
def test_a_setting_that_stands_elsewhere_than_it_belongs_is_told_where(
    tmp_path: Path, toml: str, complaint: str
) -> None:
    with pytest.raises(Stopped) as why:
        loaded(tmp_path, toml)
    assert str(why.value) == complaint


def test_a_setting_of_a_source_is_none_of_the_environment(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match=r"'count_mode' belongs in a \[\[sources\]\] block"):
        load_settings(tmp_path, {"LOTWISE_COUNT_MODE": "full"})


def test_an_unknown_setting_that_is_near_none_is_named_alone(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match="there is no setting 'qqq'; the README"):
        loaded(tmp_path, "qqq = 1")


@pytest.mark.parametrize(
    ("toml", "setting"),
    [
        ('timezone = "Mars"', "timezone"),
        ("max_reject_rows = -1", "max_reject_rows"),
        ("max_reject_rows = 1.5", "max_reject_rows"),
        ("max_reject_share = 10", "max_reject_share"),
        ("history_days = 0", "history_days"),
        ('on_refused = "stop"', "on_refused"),
        ('granular_fields = ["lot"]', "granular_fields.0"),
        ('[[sources]]\nname = "a"\nkind = "stock"', "sources.0.kind"),
        ('[[sources]]\nkind = "orders"', "sources.0.name"),
        ('[[sources]]\nname = "a"\nkind = "orders"\ndates = "DD/MM/YYYY"', "sources.0.dates"),
        ('[[sources]]\nname = "a"\nkind = "orders"\ninstants = "ISO"', "sources.0.instants"),
        ('[[sources]]\nname = "a"\nkind = "orders"\ndates = "%G-W%V"', "sources.0.dates"),
        ('[[sources]]\nname = "a"\nkind = "orders"\ndates = "%Y %U"', "sources.0.dates"),
        ('[[sources]]\nname = "a"\nkind = "orders"\ndates = "%a %m/%Y"', "sources.0.dates"),
        ('[[sources]]\nname = "a"\nkind = "orders"\ndates = "%d/%m"', "sources.0.dates"),
        ('[[sources]]\nname = "a"\nkind = "orders"\nignore = ["("]', "sources.0.ignore.0"),
        (
            '[[sources]]\nname = "a"\nkind = "orders"\nrows = [{kind = "orders", where = {}}]',
            "sources.0.rows.0.where",
        ),
    ],
)
def test_a_bad_value_stops_the_run_with_the_name_of_its_setting(
    tmp_path: Path, toml: str, setting: str
) -> None:
    with pytest.raises(Stopped, match=f"^setting '{setting}' is"):
        loaded(tmp_path, toml)


@pytest.mark.parametrize(
    "described",
    [
        'columns = {lotcod = "Lot"}',
        'constants = {lotcod = "A"}',
        "values = {lotcod = {A = 'B'}}",
        "rows = [{kind = 'adjustments', where = {Lot = 'A'}, negate = ['lotcod']}]",
    ],
)
def test_a_source_that_describes_a_column_we_have_not_is_an_unknown_setting(
    tmp_path: Path, described: str
) -> None:
    with pytest.raises(Stopped, match=r"no setting 'sources\.0\..*lotcod'; .*'lot_code'\?"):
        loaded(tmp_path, f'[[sources]]\nname = "a"\nkind = "inventory"\n{described}')


@pytest.mark.parametrize("toml", ["max_reject_rows = = 5", "[sources", "a = 1\na = 2"])
def test_a_broken_file_is_named(tmp_path: Path, toml: str) -> None:
    with pytest.raises(Stopped, match=r"^lotwise\.toml: "):
        loaded(tmp_path, toml)


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "lotwise.toml").write_bytes('default_condition = "schön"'.encode("latin-1"))
    with pytest.raises(Stopped, match=r"^lotwise\.toml: "):
        load_settings(tmp_path, {})


def test_a_missing_data_root_is_named(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match=r"no data root at .*nowhere"):
        load_settings(tmp_path / "nowhere", {})


def test_the_environment_is_stronger_than_the_file(tmp_path: Path) -> None:
    chosen = loaded(
        tmp_path,
        "max_reject_rows = 5\nwait_days = 3",
        LOTWISE_MAX_REJECT_ROWS="7",
        LOTWISE_MAX_REJECT_SHARE="0.25",
        LOTWISE_GRANULAR_FIELDS="lot_code, date",
        LOTWISE_CSV_TABLES="rejects",
        PATH="elsewhere",
    )
    assert chosen == Settings(
        max_reject_rows=7,
        max_reject_share=0.25,
        wait_days=3,
        granular_fields=("lot_code", "date"),
        csv_tables=("rejects",),
    )


def test_a_misspelt_variable_is_an_unknown_setting(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match="'wait_day'; did you mean 'wait_days'"):
        loaded(tmp_path, LOTWISE_WAIT_DAY="3")


def test_a_bad_variable_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match="setting 'wait_days' is 'soon'"):
        loaded(tmp_path, LOTWISE_WAIT_DAYS="soon")


SOURCE = """
[[sources]]
name = "warehouse"
kind = "orders"
files = "wms_*.csv"
columns = {order_id = "No", quantity = "Qty"}
constants = {location_code = "L"}
line_id = "row"
numbers = {thousands = ".", decimal = ","}
dates = "%d/%m/%Y"
timezone = "Europe/Lisbon"
values = {condition = {NEW = "New"}}
done = true
rows = [{kind = "cancellations", where = {No = "C"}, negate = ["quantity"]}]
"""


def test_a_source_describes_a_teams_own_files(tmp_path: Path) -> None:
    assert loaded(tmp_path, SOURCE).sources == (
        Source(
            name="warehouse",
            kind="orders",
            files="wms_*.csv",
            columns={"order_id": "No", "quantity": "Qty"},
            constants={"location_code": "L"},
            line_id="row",
            numbers=Numbers(thousands=".", decimal=","),
            dates="%d/%m/%Y",
            timezone="Europe/Lisbon",
            values={"condition": {"NEW": "New"}},
            done=True,
            rows=(Rows(kind="cancellations", where={"No": "C"}, negate=("quantity",)),),
        ),
    )


def test_places_are_inside_the_root_unless_they_are_set_apart(tmp_path: Path) -> None:
    apart = tmp_path / "apart"
    where = places(tmp_path, Settings(inbox="in", published=str(apart)))
    assert where.inbox == tmp_path / "in"
    assert where.published == apart
    assert where.warehouse == tmp_path / "warehouse.duckdb"
    assert where.reference == tmp_path / "reference"


def test_editors_are_told_of_every_setting_and_what_it_means() -> None:
    written = (REPOSITORY / "schemas" / "lotwise.schema.json").read_text(encoding="utf-8")
    told = json.dumps(Settings.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
    assert written == told, "write Settings.model_json_schema() to schemas/lotwise.schema.json"
    for model in (Settings, Source, Rows, Numbers):
        unsaid = [name for name, field in model.model_fields.items() if not field.description]
        assert not unsaid, model


def test_the_readme_shows_every_setting_of_a_source(tmp_path: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    sources = [one for example in examples for one in tomllib.loads(example)["sources"]]

    shown = {name for one in sources for name in one}
    assert shown == set(Source.model_fields)
    assert {name for one in sources for name in one.get("numbers", {})} == {*Numbers.model_fields}
    rows = [part for one in sources for part in one.get("rows", [])]
    assert {name for part in rows for name in part} == set(Rows.model_fields)
    assert Settings.model_validate({"sources": sources})
