"""The body of `/account`: made once per change of the account, and told again while that holds."""

from weakref import WeakKeyDictionary

from aioibkr import AccountSnapshot, Client, IBKRBroker, Pnl
from aioibkr.integrations.fastapi import schemas

__all__ = ["account_body"]

# What the body was made of, and the body.
Made = tuple[tuple[AccountSnapshot, Pnl], bytes]
_made: WeakKeyDictionary[Client, Made] = WeakKeyDictionary()


async def account_body(broker: IBKRBroker) -> bytes:
    """The account as JSON; raises as `IBKRBroker.get_account`."""
    client = broker.latest_client if broker.is_connected else None
    now = None if client is None else client.account_now()
    if client is None or now is None:
        return (await _answer(broker)).model_dump_json().encode()
    known = _made.get(client)
    if known is not None and known[0] == now:
        return known[1]
    answer = await _answer(broker)
    body = answer.model_dump_json().encode()
    # Figures that changed while they were read may be of either side of the change.
    if answer.as_of is None and client.account_now() == now:
        _made[client] = now, body
    return body


async def _answer(broker: IBKRBroker) -> schemas.AccountAnswer:
    told = await broker.get_account(stale_ok=broker.stale_ok)
    return schemas.AccountAnswer(account=schemas.AccountFigures.of(told), as_of=told.as_of)
