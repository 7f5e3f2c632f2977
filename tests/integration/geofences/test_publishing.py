"""Versions in SQL: drawn, published, in force from a moment, retired; on both stores."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from core.auth.principal import EVERYTHING, Reach
from core.database import Database
from core.errors import IllegalTransition, Invalid, NotFound
from core.ids import DistrictCode, FenceId, FenceVersion, OperatorId
from core.outbox import outbox
from geofences.fences import FenceDraft, FenceKind, FenceState
from geofences.publishing import (
    TOPIC,
    SyncCounts,
    draw_fence,
    preview_fence,
    publish_fence,
    retire_fence,
    sync_fences,
)
from geofences.store import FenceStore
from tests.fences import a_draft, a_limit, a_square
from tests.published import NOTHING_SEEN, previewed, published

NOW = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
F = FenceId("f")


async def in_force(database: Database, at: datetime) -> dict[str, int]:
    async with database.read() as tx:
        return dict(await FenceStore(tx).keys_in_force(at))


async def drawn_and_published(
    database: Database, at: datetime, effective_at: datetime | None = None, **fields: Any
) -> FenceVersion:
    async with database.write() as tx:
        return (await published(tx, a_draft(**fields), at=at, effective_at=effective_at)).version


async def test_a_draft_decides_nothing_until_it_is_published(database: Database) -> None:
    async with database.write() as tx:
        version = await draw_fence(tx, a_draft(), at=NOW, by="tester")
    assert await in_force(database, NOW) == {}
    async with database.write() as tx:
        await previewed(tx, F, version, at=NOW)
        fence = await publish_fence(tx, F, version, at=NOW, by="lead", reach=EVERYTHING)
    assert fence.effective_at == NOW
    assert await in_force(database, NOW) == {"f": 1}


async def test_what_was_published_is_read_back_whole(database: Database) -> None:
    version = await drawn_and_published(database, NOW, rules=a_limit(3.0))
    async with database.read() as tx:
        store = FenceStore(tx)
        record = await store.get(F, version, reach=EVERYTHING)
        bodies = await store.published_bodies([(F, version), (FenceId("none"), version)])
    assert record.state is FenceState.PUBLISHED
    assert record.draft == a_draft(rules=a_limit(3.0))
    assert (record.drawn_by, record.published_by, record.effective_at) == ("tester", "tester", NOW)
    assert [fence.rules.speed_limit_mps for fence in bodies.values()] == [3.0]


async def test_a_future_version_takes_over_at_its_moment(database: Database) -> None:
    await drawn_and_published(database, NOW)
    await drawn_and_published(database, NOW, effective_at=LATER, rules=a_limit(2.0))
    assert await in_force(database, NOW) == {"f": 1}
    assert await in_force(database, LATER - timedelta(microseconds=1)) == {"f": 1}
    assert await in_force(database, LATER) == {"f": 2}
    async with database.read() as tx:
        assert await FenceStore(tx).next_effective_after(NOW) == LATER
        assert await FenceStore(tx).next_effective_after(LATER) is None


async def test_a_version_cannot_come_into_force_in_the_past(database: Database) -> None:
    with pytest.raises(Invalid) as error:
        await drawn_and_published(database, NOW, effective_at=NOW - timedelta(seconds=1))
    assert error.value.fields["field"] == "effectiveAt"


async def test_a_version_is_published_once(database: Database) -> None:
    version = await drawn_and_published(database, NOW)
    with pytest.raises(IllegalTransition):
        async with database.write() as tx:
            await publish_fence(tx, F, version, at=LATER, by="lead", reach=EVERYTHING)


async def test_retiring_brings_no_older_version_back(database: Database) -> None:
    await drawn_and_published(database, NOW)
    version = await drawn_and_published(database, NOW, rules=a_limit(2.0))
    async with database.write() as tx:
        await retire_fence(tx, F, version, at=LATER, by="lead", reach=EVERYTHING)
    assert await in_force(database, LATER) == {}
    async with database.read() as tx:
        states = [record.state for record in await FenceStore(tx).versions(F, reach=EVERYTHING)]
    assert states == [FenceState.RETIRED, FenceState.RETIRED]


async def test_a_version_that_waits_is_withdrawn_alone(database: Database) -> None:
    await drawn_and_published(database, NOW)
    version = await drawn_and_published(database, NOW, effective_at=LATER)
    async with database.write() as tx:
        await retire_fence(tx, F, version, at=NOW, by="lead", reach=EVERYTHING)
    assert await in_force(database, LATER) == {"f": 1}


async def test_what_nobody_previewed_cannot_be_published(database: Database) -> None:
    async with database.write() as tx:
        version = await draw_fence(tx, a_draft(), at=NOW, by="tester")
    with pytest.raises(IllegalTransition):
        async with database.write() as tx:
            await publish_fence(tx, F, version, at=NOW, by="lead", reach=EVERYTHING)


async def test_a_preview_is_kept_with_its_version_and_may_be_made_again(database: Database) -> None:
    async with database.write() as tx:
        version = await draw_fence(tx, a_draft(), at=NOW, by="tester")
        await previewed(tx, F, version, at=NOW)
        seen = msgspec.structs.replace(NOTHING_SEEN, vehicles_inside=2, inside=(3, 4))
        await preview_fence(tx, F, version, seen, at=LATER, by="lead", reach=EVERYTHING)
    async with database.read() as tx:
        record = await FenceStore(tx).get(F, version, reach=EVERYTHING)
    assert (record.state, record.preview) == (FenceState.PREVIEWED, seen)
    assert (record.previewed_at, record.previewed_by) == (LATER, "lead")


async def test_a_draft_is_discarded_without_a_word_to_anybody(database: Database) -> None:
    async with database.write() as tx:
        version = await draw_fence(tx, a_draft(), at=NOW, by="tester")
        await retire_fence(tx, F, version, at=NOW, by="lead", reach=EVERYTHING)
    async with database.read() as tx:
        record = await FenceStore(tx).get(F, version, reach=EVERYTHING)
        assert (record.state, await FenceStore(tx).revision()) == (FenceState.RETIRED, 0)
    with pytest.raises(IllegalTransition):
        async with database.write() as tx:
            await previewed(tx, F, version, at=NOW)


async def test_an_unknown_version_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound):
        async with database.write() as tx:
            await publish_fence(tx, F, FenceVersion(9), at=NOW, by="lead", reach=EVERYTHING)


async def test_every_publish_is_announced_with_a_higher_revision(database: Database) -> None:
    version = await drawn_and_published(database, NOW)
    async with database.write() as tx:
        await retire_fence(tx, F, version, at=LATER, by="lead", reach=EVERYTHING)
    async with database.read() as tx:
        rows = (await tx.execute(select(outbox).where(outbox.c.topic == TOPIC).order_by(outbox.c.id))).all()
        revision = await FenceStore(tx).revision()
    revisions = [row.payload["revision"] for row in rows]
    assert len(revisions) == 2
    assert revisions[0] < revisions[1] == revision


async def test_a_failed_publish_announces_nothing(database: Database) -> None:
    version = await drawn_and_published(database, NOW)
    with pytest.raises(IllegalTransition):
        async with database.write() as tx:
            await FenceStore(tx).publish([(F, version)], FenceState.DRAFT, effective_at=NOW, at=NOW, by="x")
    async with database.read() as tx:
        assert len((await tx.execute(select(outbox))).all()) == 1


async def test_a_synced_set_is_loaded_once_however_often_it_is_asked(database: Database) -> None:
    drafts = [a_draft(f"f{n}", a_square(10, 100 * n), source="pack") for n in range(700)]

    async def sync(wanted: list[FenceDraft], at: datetime) -> SyncCounts:
        async with database.write() as tx:
            return await sync_fences(tx, wanted, source="pack", at=at, by="city load")

    assert await sync(drafts, NOW) == SyncCounts(added=700)
    assert await sync(drafts, LATER) == SyncCounts(unchanged=700)
    changed = [a_draft("f0", a_square(20), source="pack"), *drafts[1:-1]]
    assert await sync(changed, LATER) == SyncCounts(redrawn=1, unchanged=698, retired=1)
    now_in_force = await in_force(database, LATER)
    assert len(now_in_force) == 699
    assert now_in_force["f0"] == 2
    assert await sync(drafts, LATER) == SyncCounts(added=1, redrawn=1, unchanged=698)


async def test_a_sync_leaves_fences_of_other_sources_alone(database: Database) -> None:
    await drawn_and_published(database, NOW)
    async with database.write() as tx:
        await sync_fences(tx, [a_draft("p", source="pack")], source="pack", at=NOW, by="city load")
        with pytest.raises(ValueError, match="source"):
            await sync_fences(tx, [a_draft("q")], source="pack", at=NOW, by="city load")
    assert await in_force(database, NOW) == {"f": 1, "p": 1}


async def test_readers_see_only_fences_within_reach(database: Database) -> None:
    drafts = [
        a_draft("everybody", a_square(10, 0), source="pack"),
        a_draft("kb", a_square(10, 100), source="pack", district=DistrictCode("KB")),
        a_draft("ds", a_square(10, 200), source="pack", district=DistrictCode("DS")),
        a_draft("a", a_square(10, 300), source="pack", operator=OperatorId("op-a"), kind=FenceKind.DEPOT),
    ]
    async with database.write() as tx:
        await sync_fences(tx, drafts, source="pack", at=NOW, by="city load")

    async def seen(reach: Reach, kinds: list[FenceKind] | None = None) -> set[str]:
        async with database.read() as tx:
            return {fence.fence_id for fence in await FenceStore(tx).listed(at=NOW, reach=reach, kinds=kinds)}

    kangbashi = Reach(districts=frozenset({DistrictCode("KB")}), operators=frozenset({OperatorId("op-b")}))
    assert await seen(EVERYTHING) == {"everybody", "kb", "ds", "a"}
    assert await seen(EVERYTHING, kinds=[FenceKind.DEPOT]) == {"a"}
    assert await seen(kangbashi) == {"everybody", "kb"}
    async with database.read() as tx:
        store = FenceStore(tx)
        with pytest.raises(NotFound):
            await store.get(FenceId("ds"), FenceVersion(1), reach=kangbashi)
        assert await store.versions(FenceId("a"), reach=kangbashi) == ()
