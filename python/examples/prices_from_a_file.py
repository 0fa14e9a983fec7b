"""A test that lives through a day of prices from a CSV file, in no time."""

from pathlib import Path

from aioibkr.testing import MockGateway

DAY = Path(__file__).parent / "day.csv"


def test_a_limit_order_fills_when_the_price_gets_there() -> None:
    """The order is filled in the ninetieth second of the market, which takes no time."""
    with MockGateway() as gateway:
        start = gateway.market_time
        gateway.place_manual_order("AAPL", "BUY", 10, order_type="LMT", limit_price=187.05)

        gateway.play_prices(DAY)
        gateway.advance(600)

        (fill,) = gateway.executions()
        assert fill.price == 187.05
        assert abs((fill.time - start).total_seconds() - 90) <= 1


if __name__ == "__main__":
    test_a_limit_order_fills_when_the_price_gets_there()
