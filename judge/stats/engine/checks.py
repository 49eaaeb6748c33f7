"""Checks of numeric parameters against their bounds."""

from __future__ import annotations

__all__: list[str] = []


def between(name: str, value: float, low: float, high: float, *, closed: bool = False) -> None:
    """Refuse a value outside (low, high), or [low, high] if `closed`; NaN is outside."""
    if not (low <= value <= high if closed else low < value < high):
        bounds = f"[{low:g}, {high:g}]" if closed else f"({low:g}, {high:g})"
        raise ValueError(f"{name} must lie in {bounds}, got {value:g}.")


def above(name: str, value: float, low: float) -> None:
    """Refuse a value at or below `low`."""
    if not value > low:
        raise ValueError(f"{name} must be above {low:g}, got {value:g}.")


def at_least(name: str, value: float, low: float) -> None:
    """Refuse a value below `low`."""
    if not value >= low:
        raise ValueError(f"{name} must be at least {low:g}, got {value:g}.")
