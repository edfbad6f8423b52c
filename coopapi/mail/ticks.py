"""When mail may be sent: at whole minutes, at whole hours, or once a day, so that its time tells nothing of what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

_STEPS: Final = {"at_once": timedelta(minutes=1), "hourly": timedelta(hours=1)}
_DAY: Final = timedelta(days=1)


def is_quiet(chosen: Any, moment: datetime) -> bool:
    """Tell whether a moment is in the quiet hours that a person chose. They do not apply to mail once a day."""
    if chosen.quiet_from is None or chosen.frequency == "daily":
        return False
    clock = f"{moment.astimezone(ZoneInfo(chosen.time_zone)):%H:%M}"
    if chosen.quiet_from <= chosen.quiet_until:
        return bool(chosen.quiet_from <= clock < chosen.quiet_until)
    return bool(clock >= chosen.quiet_from or clock < chosen.quiet_until)


def next_tick(chosen: Any, after: datetime) -> datetime | None:
    """Return the first moment after `after` at which mail may go to a person, or None if it chose none.

    A moment in the quiet hours is put off to their end.
    """
    if chosen.frequency == "never":
        return None
    if chosen.frequency == "daily":
        return _at_clock(chosen, f"{chosen.hour:02}:00", after)
    if is_quiet(chosen, after):
        return _at_clock(chosen, chosen.quiet_until, after)
    step = _STEPS[chosen.frequency]
    tick = _whole(after, step) + step
    return _at_clock(chosen, chosen.quiet_until, tick) if is_quiet(chosen, tick) else tick


def next_look(chosen: Any, now: datetime) -> datetime | None:
    """Return when the worker has to look next: at the next tick, and at each whole hour, so that nothing is seen too late."""
    tick = next_tick(chosen, now)
    return None if tick is None else min(tick, _whole(now, _STEPS["hourly"]) + _STEPS["hourly"])


def sends(chosen: Any, now: datetime) -> bool:
    """Tell whether a tick came since the worker looked last. It also holds if the worker did not run at that moment."""
    tick = next_tick(chosen, chosen.looked_at or now - timedelta(minutes=1))
    return tick is not None and tick <= now and not is_quiet(chosen, now)


def _at_clock(chosen: Any, clock: str, after: datetime) -> datetime:
    """Return the first moment after `after` at which a clock in the time zone of the person shows this time."""
    zone = ZoneInfo(chosen.time_zone)
    hour, minute = map(int, clock.split(":"))
    day = after.astimezone(zone).replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    found = day.astimezone(UTC)
    return found if found > after else (day + _DAY).astimezone(UTC)


def _whole(moment: datetime, step: timedelta) -> datetime:
    """Return the last whole minute or hour at or before a moment."""
    epoch = datetime.fromtimestamp(0, UTC)
    return moment.astimezone(UTC) - (moment - epoch) % step
