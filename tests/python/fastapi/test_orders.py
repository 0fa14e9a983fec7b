"""The routes of orders: bodies and statuses as the contract has them."""

import httpx
import pytest
from fastapi import FastAPI

from aioibkr.integrations.fastapi import IBKRSettings, lifespan, router
from aioibkr.testing import MockGateway, faults
from python.broker.wishes import until

ORDER = {"symbol": "aapl", "quantity": 10, "side": "buy", "order_type": "limit", "price": 1.5}
MARKET = {"symbol": "AAPL", "quantity": 1, "side": "BUY", "order_type": "market"}
ORDERS = "/api/ibkr/orders"


async def test_placed_order_is_answered_as_acknowledged(web: httpx.AsyncClient) -> None:
    answer = await web.post(ORDERS, json=ORDER)

    assert answer.status_code == 200
    body = answer.json()
    order_id, message, key = (body.pop(name) for name in ("order_id", "message", "key"))
    assert body == {
        "symbol": "AAPL",
        "quantity": 10,
        "side": "BUY",
        "order_type": "LIMIT",
        "price": 1.5,
        "status": "SUBMITTED",
    }
    assert order_id.isdigit()
    assert message
    assert key


async def test_working_order_is_listed_and_read(web: httpx.AsyncClient) -> None:
    order_id = (await web.post(ORDERS, json=ORDER)).json()["order_id"]

    (row,) = (await web.get(ORDERS)).json()
    detail = (await web.get(f"{ORDERS}/{order_id}")).json()

    assert row == {
        "order_id": order_id,
        "symbol": "AAPL",
        "quantity": 10,
        "side": "BUY",
        "order_type": "LIMIT",
        "status": "SUBMITTED",
        "filled_quantity": 0,
        "remaining_quantity": 10,
        "avg_fill_price": None,
        "as_of": None,
    }
    assert detail.pop("submitted_at") is not None
    assert detail == {
        "order_id": order_id,
        "symbol": "AAPL",
        "quantity": 10,
        "side": "BUY",
        "order_type": "LIMIT",
        "status": "SUBMITTED",
        "price": 1.5,
        "filled_at": None,
        "as_of": None,
    }


async def test_cancelled_order_is_gone_from_the_list(web: httpx.AsyncClient) -> None:
    order_id = (await web.post(ORDERS, json=ORDER)).json()["order_id"]

    cancelled = await web.delete(f"{ORDERS}/{order_id}")
    again = await web.delete(f"{ORDERS}/{order_id}")

    assert cancelled.status_code == 200
    assert cancelled.json()["status"] == "success"
    assert cancelled.json()["order_id"] == order_id
    assert again.status_code == 400
    assert (await web.get(ORDERS)).json() == []
    assert (await web.get(f"{ORDERS}/{order_id}")).json()["status"] == "CANCELLED"


async def test_fault_12_retried_post_places_no_second_order(
    web: httpx.AsyncClient, mock_gateway: MockGateway
) -> None:
    headers = {"Idempotency-Key": "retry-1"}

    first = await web.post(ORDERS, json=ORDER, headers=headers)
    again = await web.post(ORDERS, json=ORDER, headers=headers)
    other = await web.post(ORDERS, json={**ORDER, "quantity": 11}, headers=headers)

    assert first.json()["key"] == "retry-1"
    assert again.json()["order_id"] == first.json()["order_id"]
    assert other.status_code == 422
    assert len(mock_gateway.orders()) == 1


async def test_fault_12_generated_key_works_for_a_retry(
    web: httpx.AsyncClient, mock_gateway: MockGateway
) -> None:
    first = (await web.post(ORDERS, json=ORDER)).json()

    again = await web.post(ORDERS, json=ORDER, headers={"Idempotency-Key": first["key"]})

    assert again.json()["order_id"] == first["order_id"]
    assert len(mock_gateway.orders()) == 1


async def test_fault_12_retry_after_504_is_the_first_order(
    web: httpx.AsyncClient, mock_gateway: MockGateway
) -> None:
    headers = {"Idempotency-Key": "retry-504"}
    silence: list[faults.Fault] = [
        faults.LateFill(),
        faults.Mute("open_order"),
        faults.Mute("order_status"),
    ]
    handles = [mock_gateway.inject(fault) for fault in silence]

    unknown = await web.post(ORDERS, json=MARKET, headers=headers)
    for handle in reversed(handles):
        handle.clear()
    again = await web.post(ORDERS, json=MARKET, headers=headers)

    (order,) = mock_gateway.orders()
    order_id = str(order.order_id)
    assert unknown.status_code == 504
    told = {"order_id": order_id, "key": "retry-504", "status": "unknown"}
    assert unknown.json().items() >= told.items()
    assert again.status_code == 200
    assert again.json()["order_id"] == order_id


MALFORMED = {
    "no quantity": {**ORDER, "quantity": 0},
    "negative quantity": {**ORDER, "quantity": -1},
    "truth for quantity": {**ORDER, "quantity": True},
    "text for quantity": {**ORDER, "quantity": "many"},
    "no side": {name: value for name, value in ORDER.items() if name != "side"},
    "unknown side": {**ORDER, "side": "hold"},
    "unknown type": {**ORDER, "order_type": "telepathy"},
    "no symbol": {**ORDER, "symbol": " "},
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_order_is_422(
    web: httpx.AsyncClient, mock_gateway: MockGateway, body: dict[str, object]
) -> None:
    assert (await web.post(ORDERS, json=body)).status_code == 422
    assert mock_gateway.orders() == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("field", ["quantity", "price"])
async def test_number_that_is_none_is_422(web: httpx.AsyncClient, field: str, number: str) -> None:
    rest = {name: value for name, value in ORDER.items() if name != field}
    body = httpx.Request("POST", "http://localhost", json=rest).content[:-1].decode()

    answer = await web.post(
        ORDERS,
        content=f'{body}, "{field}": {number}}}',
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 422
    assert field in answer.text


REFUSED = {
    "limit without price": {**ORDER, "price": None},
    "price of 0": {**ORDER, "price": 0},
    "negative price": {**ORDER, "price": -1},
    "stop without price": {**MARKET, "order_type": "stop"},
    "too large": {**ORDER, "quantity": 1001},
    "too dear": {**ORDER, "quantity": 1000, "price": 51},
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
async def test_refused_order_is_400_with_its_rule(
    web: httpx.AsyncClient, mock_gateway: MockGateway, body: dict[str, object]
) -> None:
    answer = await web.post(ORDERS, json=body)

    assert answer.status_code == 400
    assert answer.json()["rule"]
    assert answer.json()["detail"]
    assert mock_gateway.orders() == []


async def test_order_that_ib_rejects_is_400_with_its_code(
    web: httpx.AsyncClient, mock_gateway: MockGateway
) -> None:
    mock_gateway.inject(faults.RejectOrder(201, "Order rejected - reason: no margin"))

    answer = await web.post(ORDERS, json=MARKET)

    assert answer.status_code == 400
    assert answer.json()["code"] == 201
    assert "no margin" in answer.json()["detail"]


async def test_unknown_symbol_is_400(web: httpx.AsyncClient) -> None:
    assert (await web.post(ORDERS, json={**MARKET, "symbol": "NOSUCH"})).status_code == 400


async def test_live_account_is_403() -> None:
    with MockGateway(accounts=["U1234567"]) as gateway:
        app = FastAPI()
        app.include_router(router())
        settings = IBKRSettings(ibkr_enabled=True, ibkr_port=gateway.port)
        transport = httpx.ASGITransport(app)
        async with lifespan(settings)(app), httpx.AsyncClient(transport=transport) as client:
            answer = await client.post(f"http://localhost{ORDERS}", json=MARKET)

        assert answer.status_code == 403
        assert gateway.orders() == []


async def test_order_ids_that_name_nothing(web: httpx.AsyncClient) -> None:
    assert (await web.get(f"{ORDERS}/abc")).status_code == 400
    assert (await web.get(f"{ORDERS}/999999")).status_code == 404
    assert (await web.delete(f"{ORDERS}/abc")).status_code == 400
    assert (await web.delete(f"{ORDERS}/999999")).status_code == 400


async def test_fault_2_filled_order_is_found(
    web: httpx.AsyncClient, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    order_id = (await web.post(ORDERS, json=MARKET)).json()["order_id"]

    async def filled() -> bool:
        order: dict[str, object] = (await web.get(f"{ORDERS}/{order_id}")).json()
        return order["status"] == "FILLED"

    await until(filled)

    assert (await web.get(f"{ORDERS}/{order_id}")).json()["filled_at"] is not None
    assert (await web.get(ORDERS)).json() == []
