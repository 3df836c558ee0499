"""How numbers are written: counts, shares and spans of time.

Plain text out, so that pages, exports and commands write a number the same way.
"""

from decimal import ROUND_HALF_UP, Decimal

NARROW = "\N{NO-BREAK SPACE}"
NOTHING = "\N{EN DASH}"

MINUTE, HOUR, DAY = 60, 3600, 86400


def figure(value: float | None) -> str:
    """A count with groups of three: 13087 → "13,087". None becomes a dash."""
    if value is None:
        return NOTHING
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def share(part: float, base: float) -> str:
    """`part` of `base` in per cent with one decimal.

    Something is never written as nothing and less than all never as all: "<0.1 %", ">99.9 %".
    """
    if not base:
        return NOTHING
    if part == base:
        return f"100{NARROW}%"
    if not part:
        return f"0{NARROW}%"
    percent = (Decimal(part) * 100 / Decimal(base)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    if percent < Decimal("0.1"):
        return f"<0.1{NARROW}%"
    if part < base and percent >= 100:
        return f">99.9{NARROW}%"
    return f"{percent}{NARROW}%"


def duration(seconds: float | None) -> str:
    """A span of time in its two largest units: "0.3 s", "44 s", "1 h 35 min", "4 d 3 h"."""
    if seconds is None:
        return NOTHING
    if seconds < 0:
        return f"\N{MINUS SIGN}{duration(-seconds)}"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + f"{NARROW}s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole}{NARROW}s"
    if whole < 10 * MINUTE:
        return _two(whole, MINUTE, "min", 1, "s")
    if (minutes := round(seconds / MINUTE)) * MINUTE < DAY:
        return _two(minutes * MINUTE, HOUR, "h", MINUTE, "min")
    hours = round(seconds / HOUR)
    if hours >= 10 * 24:
        return f"{figure(round(seconds / DAY))}{NARROW}d"
    return _two(hours * HOUR, DAY, "d", HOUR, "h")


def _two(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    whole, rest = divmod(seconds, large)
    parts = [f"{whole}{NARROW}{large_name}"] if whole else []
    if rest // small:
        parts.append(f"{rest // small}{NARROW}{small_name}")
    return NARROW.join(parts)


def points(difference: float) -> str:
    """A difference of shares in percentage points: 0.031 → "+3.1". Something is never written as nothing."""
    percent = Decimal(difference) * 100
    sign = "+" if percent > 0 else "\N{MINUS SIGN}"
    rounded = abs(percent).quantize(Decimal("0.1"), ROUND_HALF_UP)
    if not percent:
        return "0.0"
    return f"{sign}{rounded}" if rounded else f"{sign}<0.1"


def ratio(part: float, base: float) -> str:
    """How many times as much: "1.25×". A dash where the base is nothing."""
    if not base:
        return NOTHING
    times = part / base
    return f"{times:,.0f}×" if times >= 100 else f"{times:.2f}×" if times >= 0.1 or not times else "<0.1×"


def p_value(p: float | None) -> str:
    """Three decimals; very small ones as "<0.001"."""
    if p is None:
        return NOTHING
    return "<0.001" if p < 0.001 else f"{p:.3f}"
