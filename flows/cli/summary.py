"""Summary: a night in words for the person who reads it in the morning."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from flows.cli.rejected_rows import Mending, Written
from flows.night.stages import Night

DEFAULT_ROOT: Final = Path("data")
ALL_ROWS: Final = ("--rows", "1000")


def told(night: Night, root: Path) -> list[tuple[str, str]]:
    """What, and its figure, a line each; where a person has to do something, the command."""
    left = [("left", f"{file}: {why}") for file, why in night.left]
    if not night.is_new:
        return [("nothing new", f"the tables of {night.day} stand as they were"), *left]
    files = night.counts["take"]
    rows = night.counts["validate"]
    lines = [
        ("files", _counted(files) or "none"),
        ("rows", _rows_by_outcome(rows)),
        ("posted", _counted(night.counts["post"]) or "no movements"),
        ("units moved", _counted(night.counts["allocate"]) or "none"),
        ("open lines", _open_lines(night)),
        *_refused(night.refused, root),
        *left,
        *(("LATE", f"{name}: {why}") for name, why in night.late),
        *(("repeated", f"{file}: {reason}") for file, reason in night.repeated),
        *(
            (
                "told before",
                f"{file}: {number:,} {_rows(number)} stood in {other} too, and counted again; "
                "where they are the same events, send an event_id",
            )
            for file, other, number in night.told_before
        ),
    ]
    # Rows of refused files are rejected, too, but there is nothing to send back of them.
    if night.counts["publish"]["rejects"]:
        write = _command("rejects", "--day", str(night.day), root=root)
        lines.append(("rejects", f"{write} writes them as files to mend and send back"))
    if night.counts["publish"]["waiting"]:
        lines.append(("waiting", f"{night.counts['publish']['waiting']} rows that don't fit yet"))
    if night.counts["publish"]["discrepancies"]:
        lines.append(("look at", f"{night.counts['publish']['discrepancies']} discrepancies"))
    return lines


def mending_lines(mending: Mending, folder: Path, root: Path) -> Iterator[str]:
    """What was written, a line each, what to do with it, and the numbers in one last line."""
    files = [(_state(written), written) for written in mending.written]
    wide = max((len(str(written.path)) for _, written in files), default=0)
    for state, written in files:
        yield f"{written.path!s:<{wide}}  {written.rows:>6,} {_rows(written.rows)}{state}"
    for what, why in _refused(mending.refused, root):
        yield f"{what}  {why}"
    if not all(written.is_sent for written in mending.written):
        yield (
            f"Mend them, then copy them to their folders: cp -r {shlex.quote(str(folder))}/. "
            f"{shlex.quote(str(mending.inbox))}"
        )
    rows = sum(written.rows for _, written in files)
    yield f"day={mending.day} rows={rows} files={len(files)} refused={len(mending.refused)}"


def _rows_by_outcome(rows: dict[str, int]) -> str:
    told = ("kept", "repeated", "rejected", *(("ignored",) if rows["ignored"] else ()))
    return _counted({name: rows[name] for name in told})


def _rows(number: int) -> str:
    return "row" if number == 1 else "rows"


def _state(written: Written) -> str:
    if written.is_sent:
        return ", sent back already"
    return "" if written.is_new else ", written before and left as it is"


def _refused(refused: list[tuple[str, str]], root: Path) -> Iterator[tuple[str, str]]:
    for file, reason in refused:
        yield "REFUSED", f"{file}: {reason}"
        # What a file would do to a location only the night knows, and its reason says what to do.
        if not reason.startswith("clears_location"):
            kind = file.partition("/")[0]
            look = _command("check", file, "--kind", kind, *ALL_ROWS, root=root)
            yield "", f"{look} says what to mend; correct it in place and run again"


def _command(*words: str, root: Path) -> str:
    named = () if root == DEFAULT_ROOT else ("--root", str(root))
    return f"`{shlex.join(['lotwise', *words, *named])}`"


def _open_lines(night: Night) -> str:
    units = night.open_units
    if not units["ordered"]:
        return "none"
    share = units["allocated"] / units["ordered"]
    return (
        f"{units['ordered']:,} units, {units['allocated']:,} allocated ({share:.1%}), "
        f"{units['short']:,} short on {units['short_lines']:,} lines"
    )


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.items())
