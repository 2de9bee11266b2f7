"""What Tab offers in a shell for a track or a schedule, after `snrbench --install-completion`."""

from __future__ import annotations


def track_names(incomplete: str) -> list[str]:
    """Tracks that begin so."""
    from harness import tracks

    return [name for name in tracks.names() if name.startswith(incomplete)]


def schedule_names(incomplete: str) -> list[str]:
    """Schedules and presets that begin so; parameters and transforms are written after."""
    import schedules

    return [name for name in schedules.names() if name.startswith(incomplete)]
