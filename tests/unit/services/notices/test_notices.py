"""Who is told what by which channel and when, and what can become of a notice: pure."""

from datetime import UTC, datetime, timedelta
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import IllegalTransition
from core.ids import DistrictCode, NoticeId, OperatorId, ResidentId
from services.notices.escalation import LADDERS, must_be_quiet, steps
from services.notices.kinds import (
    CHANNEL_NAMES,
    OCCASION_NAMES,
    STATE_NAMES,
    TERMINAL,
    TRANSITIONS,
    Channel,
    NoticeEvent,
    NoticeState,
    Occasion,
    ReceiptCame,
    ReceiptFailed,
    Refused,
    StoodDown,
    Taken,
)
from services.notices.notice import Notice, advance
from services.notices.texts import TEXTS, WITH_CODE, write
from services.notices.wishes import REACHED_BY_NAMES, ReachedBy, Wishes, quiet_until

T0 = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
HER = ResidentId("r-1")
EVENTS: tuple[NoticeEvent, ...] = (
    Taken(reference="p-1", cost_fen=5),
    ReceiptCame(cost_fen=6),
    ReceiptFailed(trouble="absent"),
    Refused(trouble="no number"),
    StoodDown(),
)


def a_notice(state: NoticeState = NoticeState.WAITING) -> Notice:
    return Notice(
        notice_id=NoticeId("n-1"),
        subject="order:o-1",
        turn=7,
        occasion=Occasion.ARRIVED,
        channel=Channel.SMS,
        state=state,
        resident_id=HER,
        district=DistrictCode("KB"),
        operator=OperatorId("op-a"),
        wanted_at=T0,
        due_at=T0,
    )


def test_every_channel_occasion_state_and_wish_has_a_name_and_every_occasion_its_words() -> None:
    assert set(CHANNEL_NAMES) == set(Channel)
    assert set(OCCASION_NAMES) == set(TEXTS) == set(LADDERS) == set(Occasion)
    assert set(STATE_NAMES) == set(NoticeState)
    assert set(REACHED_BY_NAMES) == set(ReachedBy)
    for pair in [*TEXTS.values(), *WITH_CODE.values()]:
        gaps = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in pair]
        assert gaps[0] == gaps[1], "both languages say the same"


@settings(max_examples=60)
@given(st.lists(st.sampled_from(EVENTS), max_size=6))
def test_a_notice_keeps_its_table_and_what_is_over_stays_over(events: list[NoticeEvent]) -> None:
    notice = a_notice()
    for event in events:
        target = TRANSITIONS.get((notice.state, type(event)))
        if target is None:
            with pytest.raises(IllegalTransition):
                advance(notice, event, at=T0)
            continue
        assert notice.state not in TERMINAL
        moved = advance(notice, event, at=T0)
        assert (moved.state, moved.version) == (target, notice.version + 1)
        notice = moved


def test_a_receipt_knows_the_price_better_than_the_city() -> None:
    sent = advance(a_notice(), Taken(reference="p-1", cost_fen=5), at=T0)
    assert advance(sent, ReceiptCame(cost_fen=9), at=T0).cost_fen == 9
    assert advance(sent, ReceiptCame(), at=T0).cost_fen == 5


def test_an_arrival_goes_from_page_to_text_to_call() -> None:
    told = steps(Occasion.ARRIVED, Wishes(resident_id=HER))
    assert [step.channel for step in told] == [Channel.PAGE, Channel.SMS, Channel.VOICE]
    assert [step.after_s for step in told] == sorted({step.after_s for step in told})
    bound = steps(Occasion.ARRIVED, Wishes(resident_id=HER, wechat_id="wx-1"))
    assert [step.channel for step in bound] == [Channel.PAGE, Channel.WECHAT, Channel.VOICE]


@pytest.mark.parametrize("occasion", [o for o in Occasion if LADDERS[o].text_s is not None])
def test_who_has_no_smartphone_is_told_by_what_she_has_and_at_once(occasion: Occasion) -> None:
    texts = steps(occasion, Wishes(resident_id=HER, reached_by=ReachedBy.SMS))
    assert (texts[0].channel, texts[0].after_s) == (Channel.SMS, 0)
    assert [
        step.channel for step in steps(occasion, Wishes(resident_id=HER, reached_by=ReachedBy.VOICE))
    ] == [Channel.VOICE]


def test_quiet_hours_hold_back_what_can_wait_and_calls_to_those_who_read() -> None:
    reads, rings = Wishes(resident_id=HER), Wishes(resident_id=HER, reached_by=ReachedBy.VOICE)
    assert must_be_quiet(Occasion.RETURNED, Channel.SMS, reads)
    assert not must_be_quiet(Occasion.ARRIVED, Channel.SMS, reads)
    assert must_be_quiet(Occasion.ARRIVED, Channel.VOICE, reads)
    assert not must_be_quiet(Occasion.ARRIVED, Channel.VOICE, rings)
    assert must_be_quiet(Occasion.WAYBILL, Channel.VOICE, rings)


@settings(max_examples=60)
@given(st.integers(0, 47), st.integers(0, 47), st.integers(0, 2879))
def test_quiet_hours_end_at_their_end_and_never_before_now(begin: int, end: int, minute: int) -> None:
    hours = f"{begin // 2:02d}:{begin % 2 * 30:02d}-{end // 2:02d}:{end % 2 * 30:02d}"
    at = T0 + timedelta(minutes=minute)
    until = quiet_until(hours, at, time_zone="Asia/Shanghai")
    if until is None:
        return
    assert timedelta(0) < until - at <= timedelta(days=1)
    local_end = (until + timedelta(hours=8)).strftime("%H:%M")
    assert local_end == hours[6:]
    assert quiet_until(hours, until, time_zone="Asia/Shanghai") is None


def test_a_voice_reads_a_code_digit_by_digit_and_each_language_its_own_words() -> None:
    words = {"place": ("南门", "the south gate"), "code": ("123456", "123456")}
    read = write(Occasion.ARRIVED, Channel.VOICE, "zh", words, has_code=True)
    assert "1 2 3 4 5 6" in read
    assert "南门" in read
    text = write(Occasion.ARRIVED, Channel.SMS, "en", words, has_code=True)
    assert "123456" in text
    assert "the south gate" in text
    assert "123456" not in write(Occasion.ARRIVED, Channel.SMS, "en", words, has_code=False)
