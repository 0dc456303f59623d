"""Settings: from `lotwise.toml` and `LOTWISE_…` to one typed value, and the places they name."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from schemas.settings import Numbers, Rows, Settings, Source


class Stopped(Exception):  # noqa: N818  it is the run that is stopped
    """A run that can't go on, in words for the person who started it. Nothing has changed."""


class Closed(Stopped):
    """A night before the last one that ran, which is `last`."""

    def __init__(self, last: date, why: str) -> None:
        super().__init__(why)
        self.last = last


@dataclass(frozen=True)
class Places:
    """Where a data root keeps what. Every path is absolute."""

    root: Path
    inbox: Path
    reference: Path
    warehouse: Path
    published: Path
    inputs: Path

    @property
    def night(self) -> Path:
        """What tonight's stages hand on, until it is committed."""
        return self.warehouse.with_name(f"{self.warehouse.stem}.night")

    @property
    def replaced(self) -> Path:
        """The warehouse that a rebuild put another one in the place of."""
        return self.warehouse.with_name(f"{self.warehouse.stem}.replaced{self.warehouse.suffix}")

    def day_folder(self, day: date) -> Path:
        """Where a day's facts and closing state are published."""
        return self.published / f"day={day}"

    @property
    def lock(self) -> Path:
        return self.warehouse.with_name(f"{self.warehouse.stem}.lock")


BLOCKS: Final[dict[type[BaseModel], str]] = {
    Settings: "at the top of lotwise.toml, above the first [[sources]]",
    Source: "in a [[sources]] block of lotwise.toml",
    Rows: "in a [[sources.rows]] block of lotwise.toml",
    Numbers: "in the `numbers` of a [[sources]] block of lotwise.toml",
}
"""Where the settings of each model stand."""


def load_settings(root: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a data root. Raises Stopped, naming the setting and the nearest known one."""
    if not root.is_dir():
        raise Stopped(f"there is no data root at {root}; name it with --root, or make the folder")
    path = root / "lotwise.toml"
    stated: dict[str, Any] = {}
    if path.is_file():
        try:
            stated = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Stopped(f"{path.name}: {error}") from error
    for name, value in environment.items():
        if name.startswith("LOTWISE_"):
            setting = name.removeprefix("LOTWISE_").lower()
            is_list = setting in ("granular_fields", "csv_tables")
            stated[setting] = [part.strip() for part in value.split(",")] if is_list else value
    try:
        return Settings.model_validate(stated)
    except ValidationError as error:
        raise Stopped(_complaint(error)) from error


def _complaint(error: ValidationError) -> str:
    first = error.errors()[0]
    # Of a setting that may be one thing or another it also says which was tried.
    named = (str(part) for part in first["loc"])
    setting = ".".join(part for part in named if "[" not in part)
    if first["type"] == "unknown_column":
        setting = f"{setting}.{first['ctx']['setting']}"
        name, known = first["ctx"]["name"], first["ctx"]["known"]
    elif first["type"] == "extra_forbidden":
        name = str(first["loc"][-1])
        for block, where in BLOCKS.items():
            if name in block.model_fields:
                return f"the setting '{setting}' belongs {where}"
        known = [field for block in BLOCKS for field in block.model_fields]
    else:
        return f"setting '{setting}' is {first['input']!r}: {first['msg']}"
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else "; the README lists the settings"
    return f"there is no setting '{setting}'{hint}"


def places(root: Path, settings: Settings) -> Places:
    warehouse = (root / settings.warehouse).absolute()
    return Places(
        root=root.absolute(),
        inbox=(root / settings.inbox).absolute(),
        reference=(root / settings.reference).absolute(),
        warehouse=warehouse,
        published=(root / settings.published).absolute(),
        inputs=warehouse.with_name(f"{warehouse.stem}.inputs"),
    )
