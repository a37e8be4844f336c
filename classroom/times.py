"""When something was handed in: read strictly, and written so that nbgrader reads it rightly."""

import re
from datetime import UTC, datetime

from classroom.errors import Refused

# nbgrader reads `2026-11-20T17-45-00+00-00`, which file names have, as another time; and a time
# without an offset as UTC.
FORM = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d)[:-](\d\d)[:-](\d\d)(\.\d{1,6})? ?(Z|UTC|[+-]\d\d[:-]?\d\d)"
)


def read_time(text: str) -> datetime:
    """Return a time with an offset from UTC, in UTC.

    Raises
    ------
    Refused
        It is none: no offset, no such day, another order.

    Examples
    --------
    >>> print(read_time("2026-11-20T18:45:00+01:00"))
    2026-11-20 17:45:00+00:00
    >>> print(read_time("2026-11-20T18-45-00+01-00"))  # as in the name of a file
    2026-11-20 17:45:00+00:00
    """
    found = FORM.fullmatch(text.strip()) if text.isascii() else None
    try:
        if found is None:
            raise ValueError
        day, hour, minute, second, part, offset = found.groups()
        offset = "+00:00" if offset in ("Z", "UTC") else f"{offset[:3]}:{offset[-2:]}"
        fraction = (part or ".0").ljust(7, "0")
        when = datetime.fromisoformat(f"{day}T{hour}:{minute}:{second}{fraction}{offset}")
        if not 2000 <= when.year < 2100:
            raise ValueError
        return when.astimezone(UTC)
    except ValueError:
        raise Refused(
            f"The time {text.strip()[:60]!r} cannot be read; expected is ISO 8601 with an offset "
            "from UTC, as 2026-11-20T17:45:00+00:00."
        ) from None


def write_time(when: datetime) -> str:
    """Return a time as it stands in nbgrader's `timestamp.txt`."""
    return when.astimezone(UTC).isoformat()
