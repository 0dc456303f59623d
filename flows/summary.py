"""Summary: a night in words for the person who reads it in the morning."""

from flows.night import Night


def told(night: Night) -> list[tuple[str, str]]:
    """What, and its figure, a line each."""
    if not night.is_new:
        return [("nothing new", f"the tables of {night.day} stand as they were")]
    files = night.counts["take"]
    rows = night.counts["validate"]
    lines = [
        ("files", _counted(files) or "none"),
        ("rows", _counted({name: rows[name] for name in ("kept", "repeated", "rejected")})),
        ("posted", _counted(night.counts["post"]) or "no movements"),
        ("units moved", _counted(night.counts["allocate"]) or "none"),
        ("open lines", _open_lines(night)),
        *(("REFUSED", f"{file}: {reason}") for file, reason in night.refused),
        *(("LATE", f"{name}: {why}") for name, why in night.late),
        *(("repeated", f"{file}: {reason}") for file, reason in night.repeated),
    ]
    if rows["rejected"]:
        lines.append(("rejects", "table `rejects` says which rows, and why"))
    if night.counts["publish"]["waiting"]:
        lines.append(("waiting", f"{night.counts['publish']['waiting']} rows that don't fit yet"))
    if night.counts["publish"]["discrepancies"]:
        lines.append(("look at", f"{night.counts['publish']['discrepancies']} discrepancies"))
    return lines


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
