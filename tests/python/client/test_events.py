"""What a client tells of itself: streams of states and notices, callbacks, failures, alerts."""

import asyncio
import logging
import threading
from datetime import UTC
from typing import Any

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway, faults
from python.client.arrivals import until
from python.client.hearing import connecting, greeted, lose_link

pytestmark = pytest.mark.anyio

EVENTS = [
    *("connected", "disconnected", "ready", "state", "notice", "error", "alert", "order_status"),
    *("execution", "commission", "update", "started", "stopped", "soft_timeout", "hard_timeout"),
]


async def test_states_tell_of_every_change_until_the_client_is_closed(
    mock_gateway: MockGateway,
) -> None:
    async with connecting(mock_gateway) as client, client.states() as states:
        await lose_link(mock_gateway, client)
        await client.close()

        told = [change async for change in states if change.link == "control"]

    path = [change.state for change in told]
    assert path == ["waiting", "connecting", "handshaking", "live", "closed"]
    assert "was lost" in str(told[0].reason)
    assert told[3].generation == 2
    assert states.lost == 0


async def test_notices_carry_class_and_meaning(mock_gateway: MockGateway) -> None:
    async with connecting(mock_gateway) as client, client.notices() as notices:
        mock_gateway.notice(2103)

        notice = await anext(told async for told in notices if told.code == 2103)

    assert (notice.link, notice.code, notice.notice_class) == ("control", 2103, "warning")
    assert "usfarm" in notice.message
    assert notice.meaning.startswith("market-data farm connection broken")
    assert notice.time.tzinfo == UTC


async def test_a_slow_reader_is_told_exactly_how_much_it_lost(mock_gateway: MockGateway) -> None:
    async with connecting(mock_gateway) as client:
        await greeted(client)
        everything, few = client.notices(), client.notices(capacity=5)
        for _ in range(100):
            mock_gateway.notice(2104)
        await until(lambda: everything.waiting == 100)

    assert len([notice async for notice in few]) == 5
    assert (few.lost, everything.lost) == (95, 0)


async def test_callbacks_hear_the_life_of_a_client_and_of_an_order(
    mock_gateway: MockGateway,
) -> None:
    told: list[str] = []
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    opened = connecting(mock_gateway)
    for event in EVENTS:
        on: Any = opened.client.on  # by names that no type checker sees
        on(event, lambda *_, event=event: told.append(event))

    async with opened as client:
        await client.wait_ready()
        trade = await client.place(ib.Stock("AAPL"), ib.MarketOrder("BUY", 5))
        await trade.done(timeout=10)
        mock_gateway.drop_connections()
        await until(lambda: told.count("ready") == 2)

    expected = {"connected", "disconnected", "ready", "state", "order_status", "execution"}
    assert expected | {"commission", "update", "started", "stopped", "error", "alert"} <= set(told)
    assert told.count("execution") == told.count("commission") == 1


async def test_a_coroutine_function_is_awaited_before_its_next_call(
    mock_gateway: MockGateway,
) -> None:
    running, codes = 0, []

    async def note(notice: ib.Notice) -> None:
        nonlocal running
        running += 1
        assert running == 1, "two calls at once"
        await asyncio.sleep(0)
        codes.append(notice.code)
        running -= 1

    async with connecting(mock_gateway) as client:
        await greeted(client)
        client.on("notice", note)
        for code in (2104, 2106, 2158) * 10:
            mock_gateway.notice(code)
        await until(lambda: len(codes) == 30)

    assert codes == [2104, 2106, 2158] * 10


async def test_what_a_callback_raises_is_logged_and_hurts_no_other(
    mock_gateway: MockGateway, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[int] = []

    def fail(notice: ib.Notice) -> None:
        raise RuntimeError(f"of {notice.code}")

    async def fail_later(_: ib.Notice) -> None:
        raise LookupError

    async with connecting(mock_gateway) as client:
        await greeted(client)
        client.on("notice", fail)
        client.on("notice", fail_later)
        client.on("notice", lambda notice: told.append(notice.code))
        mock_gateway.notice(2104)
        mock_gateway.notice(2106)
        await until(lambda: told == [2104, 2106])

    failures = [record for record in caplog.records if record.name == "aioibkr.events"]
    errors = [record.exc_info[0] for record in failures if record.exc_info]
    assert sorted(map(repr, errors)) == sorted(map(repr, [RuntimeError, LookupError] * 2))
    assert all(record.levelno == logging.ERROR for record in failures if record.exc_info)


async def test_a_callback_that_cancels_itself_is_called_again(mock_gateway: MockGateway) -> None:
    told: list[int] = []

    def cancelled(notice: ib.Notice) -> None:
        told.append(notice.code)
        raise asyncio.CancelledError

    async def cancelled_later(notice: ib.Notice) -> None:
        cancelled(notice)

    async with connecting(mock_gateway) as client:
        await greeted(client)
        client.on("notice", cancelled)
        client.on("notice", cancelled_later)
        for code in (2103, 2105):
            mock_gateway.notice(code)
        await until(lambda: len(told) == 4)

    assert sorted(told) == [2103, 2103, 2105, 2105]


async def test_a_slow_callback_delays_only_itself_and_what_it_loses_is_counted(
    mock_gateway: MockGateway,
) -> None:
    slow_told, told, go_on = [], [], asyncio.Event()

    async def slow(notice: ib.Notice) -> None:
        await go_on.wait()
        slow_told.append(notice.code)

    async with connecting(mock_gateway) as client:
        await greeted(client)
        handle = client.on("notice", slow, capacity=4)
        client.on("notice", lambda notice: told.append(notice.code))
        mock_gateway.notice(2106)
        await until(lambda: handle.waiting == 0 and len(told) > 0)
        for _ in range(50):
            mock_gateway.notice(2104)
        await until(lambda: len(told) == 51)
        go_on.set()

    assert slow_told == [2106] + [2104] * 4
    assert handle.lost == 46


async def test_a_cancelled_handle_is_called_no_more(mock_gateway: MockGateway) -> None:
    told: list[int] = []
    async with connecting(mock_gateway) as client:
        await greeted(client)
        with client.on("notice", lambda notice: told.append(notice.code)) as handle:
            mock_gateway.notice(2104)
            await until(lambda: len(told) > 0)
        other = client.on("notice", lambda notice: told.append(-notice.code))
        mock_gateway.notice(2106)
        await until(lambda: len(told) > 1)

        assert handle.is_finished
        assert not other.is_finished
    assert told == [2104, -2106]


async def test_a_cancelled_handle_drops_what_waits_and_lets_its_call_end(
    mock_gateway: MockGateway,
) -> None:
    begun: list[int] = []
    go_on, ended = asyncio.Event(), asyncio.Event()

    async def note(notice: ib.Notice) -> None:
        begun.append(notice.code)
        await go_on.wait()
        ended.set()

    async with connecting(mock_gateway) as client:
        await greeted(client)
        handle = client.on("notice", note)
        for code in (2103, 2105, 2157):
            mock_gateway.notice(code)
        await until(lambda: begun == [2103] and handle.waiting == 2)

        handle.cancel()
        go_on.set()
        await until(lambda: handle.is_finished)

    assert begun == [2103]
    assert ended.is_set()


async def test_a_callback_runs_on_the_loop_on_which_it_was_registered(
    mock_gateway: MockGateway,
) -> None:
    threads: dict[str, int] = {}
    registered, told = threading.Event(), threading.Event()

    async def elsewhere(client: ib.Client) -> None:
        def note(_: ib.Notice) -> None:
            threads["other"] = threading.get_ident()
            told.set()

        client.on("notice", note)
        registered.set()
        await asyncio.to_thread(told.wait, 10)

    async with connecting(mock_gateway) as client:
        await greeted(client)
        client.on("notice", lambda _: threads.setdefault("mine", threading.get_ident()))
        thread = threading.Thread(target=lambda: asyncio.run(elsewhere(client)))
        thread.start()
        await asyncio.to_thread(registered.wait, 10)
        mock_gateway.notice(2104)
        await asyncio.to_thread(thread.join, 10)
        await until(lambda: "mine" in threads)

    assert threads == {"mine": threading.get_ident(), "other": thread.ident}


@pytest.mark.parametrize(
    ("event", "callback", "words"),
    [
        ("filled", print, "order_status, execution"),
        ("state", None, "coroutine function"),
        ("state", "print", "coroutine function"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    mock_gateway: MockGateway, event: str, callback: object, words: str
) -> None:
    async with connecting(mock_gateway) as client:
        on: Any = client.on
        errors: Any = client.errors
        with pytest.raises(ib.ConfigError, match=words):
            on(event, callback)
        with pytest.raises(ib.ConfigError, match="capacity"):
            client.states(capacity=0)
        with pytest.raises(ib.ConfigError, match="market_data"):
            errors("everything")


def test_callbacks_need_a_running_loop(mock_gateway: MockGateway) -> None:
    client = connecting(mock_gateway).client

    with pytest.raises(ib.ConfigError, match="no event loop"):
        client.on("state", print)


async def test_failures_are_listed_by_category(mock_gateway: MockGateway) -> None:
    async with connecting(mock_gateway) as client:
        await client.wait_ready()
        with pytest.raises(ib.ContractNotFound):
            await client.contract_details(ib.Stock("NOPE"))
        mock_gateway.drop_connections()
        await until(lambda: len(client.errors()) > 1)

        asked, lost = client.errors()[:2]
        assert (asked.category, asked.code, asked.count) == ("request", 200, 1)
        assert (lost.category, lost.link) == ("socket", "control")
        assert client.errors("order") == []
        assert len(client.errors("any")) == len(client.errors())


async def test_the_watch_over_a_silent_link_tells_its_steps(mock_gateway: MockGateway) -> None:
    steps: list[str] = []
    watch = ib.Keepalive(idle=0.05, probe_timeout=0.05, give_up=0.1, spacing=0.05)
    opened = connecting(mock_gateway, keepalive=watch, feed=False)
    for event in ("started", "soft_timeout", "hard_timeout", "stopped"):
        opened.client.on(event, lambda event: steps.append(event.step))

    async with opened:
        silence = mock_gateway.inject(faults.Mute("all"))
        await until(lambda: "hard_timeout" in steps)
        silence.clear()
        await until(lambda: steps.count("started") > 1)

    assert steps[:4] == ["started", "soft_timeout", "hard_timeout", "stopped"]
