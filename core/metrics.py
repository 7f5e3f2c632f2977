"""Every Prometheus metric of the server, in one registry; docs/metrics.md is generated from it.

Units are in the names (Prometheus habit: base units, `_total` for counters). Labels are few and bounded:
never a vehicle, an order or a person.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()
"""What /metrics of a process shows."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def render() -> bytes:
    """Return the text that Prometheus reads."""
    return generate_latest(REGISTRY)


OUTBOX_CARRIED = Counter(
    "steppe_outbox_carried", "Outbox rows carried to their route", ["topic"], registry=REGISTRY
)
OUTBOX_ASIDE = Counter(
    "steppe_outbox_aside", "Outbox rows set aside after too many failures", ["topic"], registry=REGISTRY
)
OUTBOX_WAITING = Gauge("steppe_outbox_waiting_rows", "Outbox rows not carried yet", registry=REGISTRY)
INBOX_STORED = Counter(
    "steppe_inbox_stored", "Reports of vehicles, by whether they were new", ["result"], registry=REGISTRY
)
INBOX_HANDLED = Counter(
    "steppe_inbox_handled", "Reports handled, by kind and outcome", ["kind", "outcome"], registry=REGISTRY
)
INBOX_ASIDE = Counter(
    "steppe_inbox_aside", "Reports set aside after too many failures", ["kind"], registry=REGISTRY
)
INBOX_COMMIT_SECONDS = Histogram(
    "steppe_inbox_commit_seconds",
    "Duration of one group commit of reports",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2),
    registry=REGISTRY,
)
COMPONENT_CRASHES = Counter(
    "steppe_component_crashes", "Components that ended with an error", ["component"], registry=REGISTRY
)
JOBS_DONE = Counter("steppe_jobs", "Jobs of the queues, by result", ["job", "result"], registry=REGISTRY)
JOB_SECONDS = Histogram(
    "steppe_job_seconds",
    "Duration of one job",
    ["job"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
    registry=REGISTRY,
)
SOLVER_ANSWERS = Counter(
    "steppe_solver_answers",
    "Runs of several orders that were asked for, by who answered",
    ["solver"],
    registry=REGISTRY,
)
VALKEY_RESTARTS = Counter(
    "steppe_valkey_restarts", "Times the embedded Valkey was found dead and started again", registry=REGISTRY
)
FRAMES_REFUSED = Counter(
    "steppe_frames_refused", "Frames refused by the gateway, by code", ["code"], registry=REGISTRY
)
POSITIONS_ACCEPTED = Counter(
    "steppe_positions_accepted", "Positions that the gateway put into the stream", registry=REGISTRY
)
STREAM_ENTRIES_UNSURE = Counter(
    "steppe_stream_entries_unsure",
    "Entries that a cluster may lose, because no replica had them in time: their frames are not accepted",
    registry=REGISTRY,
)
POSITIONS_REFUSED = Counter(
    "steppe_positions_refused",
    "Positions refused by gateway or tracker, by reason",
    ["reason"],
    registry=REGISTRY,
)
LINKS_OPEN = Gauge("steppe_links_open", "Vehicle links that are open on this gateway", registry=REGISTRY)
COMMANDS_PUSHED = Counter("steppe_commands_pushed", "Commands put on a link", ["via"], registry=REGISTRY)
TRACKER_TICK_SECONDS = Histogram(
    "steppe_tracker_tick_seconds",
    "Duration of one tick of the tracker, without its wait",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.08, 0.1, 0.2, 0.5, 2),
    registry=REGISTRY,
)
FENCE_SET_VERSION = Gauge(
    "steppe_fence_set_version", "Version of the set of fences by which this tracker judges", registry=REGISTRY
)
TRACKER_SLOW_TICKS = Counter(
    "steppe_tracker_slow_ticks",
    "Ticks that took longer than their budget, by what took longest",
    ["cause"],
    registry=REGISTRY,
)
TRACKER_LAG_SECONDS = Gauge(
    "steppe_tracker_lag_seconds", "Age of the newest stream entry when it was read", registry=REGISTRY
)
TRACKER_PARTITIONS = Gauge(
    "steppe_tracker_partitions", "Partitions that this tracker owns", registry=REGISTRY
)
TRACKER_POSITIONS = Counter(
    "steppe_tracker_positions", "Positions that moved the live state", registry=REGISTRY
)
FACTS_WAITING = Gauge(
    "steppe_facts_waiting", "Crossings and causes that are not committed yet", registry=REGISTRY
)
MEMORY_UNREADABLE = Counter(
    "steppe_tracker_memory_unreadable",
    "Parts of a partition's memory that a tracker could not read when it took the partition over",
    ["part"],
    registry=REGISTRY,
)
LIVE_CLIENTS = Gauge("steppe_live_clients", "Screens that follow the live feed", registry=REGISTRY)
LIVE_CLOSED = Counter(
    "steppe_live_closed", "Live connections that were closed by us, by reason", ["code"], registry=REGISTRY
)
LIVE_COALESCED = Counter(
    "steppe_live_coalesced",
    "Positions overtaken by a newer one on their way to a slow screen",
    registry=REGISTRY,
)
HISTORY_POSITIONS = Counter(
    "steppe_history_positions",
    "Positions read from the stream by the archiver: stored, a duplicate of a stored one, or shed",
    ["result"],
    registry=REGISTRY,
)
HISTORY_BYTES = Gauge(
    "steppe_history_bytes", "Bytes of positions on disk, raw files and hours", registry=REGISTRY
)
HISTORY_HOURS = Counter(
    "steppe_history_hours",
    "Hours of history written, by kind and by how finely they are kept",
    ["kind", "level"],
    registry=REGISTRY,
)
HISTORY_FLUSH_SECONDS = Histogram(
    "steppe_history_flush_seconds",
    "Duration of writing one raw file, fsync included",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
    registry=REGISTRY,
)
