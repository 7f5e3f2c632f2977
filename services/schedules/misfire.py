"""What becomes of the occurrences whose time has come, some of them long ago. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.schedules.kinds import Misfire

MISFIRED = "misfire"


def which_run(
    dues: Sequence[datetime], policy: Misfire, *, at: datetime, on_time: timedelta, grace: timedelta
) -> tuple[bool, ...]:
    """Return for each due moment whether it runs now; the others are skipped as misfired.

    One that is at most ``on_time`` late always runs. Of the later ones none (SKIP), the latest within
    ``grace`` (RUN_ONCE), or each within it (RUN_ALL). A run-once does not come on top of one that is on time.
    """
    punctual = [at - due <= on_time for due in dues]
    late = [i for i, due in enumerate(dues) if not punctual[i] and at - due <= grace]
    runs = {i for i, is_punctual in enumerate(punctual) if is_punctual}
    if policy is Misfire.RUN_ALL:
        runs.update(late)
    elif policy is Misfire.RUN_ONCE and late and not runs:
        runs.add(max(late, key=lambda i: dues[i]))
    return tuple(i in runs for i in range(len(dues)))
