"""The gateway process: long-lived vehicle links and batch ingest; it holds nothing but open links."""

from litestar import Router
from litestar.di import Provide

from core.auth.configured import machine_tokens, secret_keys
from core.auth.machines import GatewayIdentity
from core.auth.principal import Principal
from core.auth.token_exchange import TokenExchange
from core.inbox import InboxWriter
from core.supervision import Component
from fleet.commands.pending import SqlPendingCommands
from fleet.links.gateway import Gateway, GatewayStores, gateway_app
from fleet.links.profile import LinkProfile
from fleet.links.tokens import ask_for_token
from fleet.quality.routes import quality_routes
from fleet.quality.shown import QualityReader
from fleet.vehicles.roster_source import SqlRoster
from steppe.checks import store_checks
from steppe.gateway_quality import gateway_reporter
from steppe.link_socket import LinkSocketProtocol
from steppe.probes import probe_routes
from steppe.resources import Resources
from steppe.running import Components, run_process
from steppe.serving import WebServer


async def compose(resources: Resources) -> Components:
    """Return the components of a gateway."""
    settings, clock, database = resources.settings, resources.clock, resources.database
    tokens = machine_tokens(settings.security)
    identity = GatewayIdentity(database, clock, tokens)
    inbox = InboxWriter(database, clock)

    async def is_still_trusted(principal: Principal) -> bool:
        return not identity.is_revoked(principal)

    stores = GatewayStores(
        streams=resources.streams,
        plain=resources.redis,
        roster=SqlRoster(database),
        submit_report=inbox.submit,
        commands=SqlPendingCommands(database, clock),
        recheck=is_still_trusted,
    )
    gateway = Gateway(
        stores,
        clock,
        LinkProfile(
            stream_most_mb=settings.gateway.stream_mb,
            max_frame_bytes=settings.gateway.max_frame_bytes,
            frames_per_wall_s=settings.gateway.frames_per_s,
        ),
        partitions=settings.tracker.partitions,
    )
    exchange = TokenExchange(database, clock, secret_keys(settings.security), tokens)

    def give_exchange() -> TokenExchange:
        return exchange

    token_route = Router(
        "/",
        route_handlers=[ask_for_token],
        dependencies={"token_exchange": Provide(give_exchange, sync_to_thread=False)},
    )
    checks = {**store_checks(resources), "links": gateway.ready}
    quality = quality_routes(QualityReader(resources.redis))
    app = gateway_app(gateway, identity, routes=[token_route, quality, *probe_routes(checks)])
    web = WebServer(
        app,
        settings.gateway.host,
        settings.gateway.port,
        trusted_proxies=settings.api.trusted_proxies,
        sockets=LinkSocketProtocol,
    )
    return {
        "inbox": inbox,
        "revocations": identity,
        "quality": gateway_reporter(gateway, resources.redis, clock),
        "web": Component(runnable=web, policy="fail"),
    }


async def run() -> None:
    """Run a gateway until it is told to stop."""
    await run_process("gateway", compose)
