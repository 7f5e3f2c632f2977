"""Every Redis key and channel that Steppe uses, each spelled in one function here and nowhere else.

A function's docstring says what is kept, of which Redis type, who writes and who reads it, and how
long it lives; docs/redis-keys.md is generated from them. `{…}` in a key is the hash tag that keeps what
belongs together on one node of a cluster. Two servers: *streams* (may be a cluster) and *plain*.
"""


def telemetry(partition: int) -> str:
    """Stream (streams server): whole frames of a partition; gateway → tracker, archiver; ≤ 60 s kept."""
    return f"telemetry:{{{partition}}}"


def state(partition: int) -> str:
    """String (streams server): fixed-record state blob of a partition, each 1 to 3 s; tracker → api."""
    return f"state:{{{partition}}}"


def state_header(partition: int) -> str:
    """Hash (streams server): epoch, tick, time and stream position of the blob; tracker → tracker, api."""
    return f"state-header:{{{partition}}}"


def state_memory(partition: int) -> str:
    """String (streams server): fence membership, facts not in SQL, what is unsettled; tracker → tracker."""
    return f"state-memory:{{{partition}}}"


def durable() -> str:
    """Hash (streams server): partition → id of the last stream entry that is fsynced; archiver → gateway."""
    return "durable"


def room(cell: str) -> str:
    """Channel (plain server): binary live deltas of a parent cell (H3 res 5); tracker → live hubs."""
    return f"room:{cell}"


def presence(gateway: str) -> str:
    """Hash (plain server): vehicle_no → session of one gateway, expires with it; gateway → api."""
    return f"presence:{gateway}"


def commands() -> str:
    """Stream (plain server): commands on their way to vehicles; relay → gateways."""
    return "commands"


def emergency() -> str:
    """Channel (plain server): emergency stops and releases, pushed at once; api → gateways."""
    return "emergency"


def fences_published() -> str:
    """Channel (plain server): a fence version was published or retired; api → trackers, workers, api."""
    return "fences-published"


def changed(noun: str) -> str:
    """Channel (plain server): a fact of this noun changed, ids only; relay → live hubs."""
    return f"changed:{noun}"


def quality() -> str:
    """Stream (plain server): what was counted of vehicles' data, one entry a minute and process, the newest
    60; gateways, trackers → scheduler. May be lost."""
    return "quality"


def quality_windows() -> str:
    """String (plain server): tallies of five minutes, a day and the city day; scheduler → scheduler, api,
    gateways. May be lost: scores begin anew."""
    return "quality-windows"


def running_day() -> str:
    """String (plain server): what each vehicle has driven today by odometer, once a minute, two days kept;
    archiver → api. May be lost: it is made again from the history."""
    return "running-day"


def quality_samples(maker: str, reason: str) -> str:
    """List (plain server): the newest ten records or frames of a maker refused for a reason, a week;
    gateways, trackers → api, gateways."""
    return f"quality-samples:{maker}:{reason}"


def limit(name: str, who: str) -> str:
    """String (plain server): token bucket of a limit for somebody, expires by itself."""
    return f"limit:{name}:{who}"


def live_heartbeat() -> str:
    """Channel (plain server): one message a second, by which subscribers know that they still hear."""
    return "live-heartbeat"
