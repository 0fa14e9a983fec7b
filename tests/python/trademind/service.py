"""The whole of a small TradeMind: settings file, database, routes of its own and ours.

What a reader would change in the application is the import of its broker package and the router.
"""

from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from aioibkr import Keepalive, Settings
from aioibkr.compat.trademind import IBKRBroker, IBKRIntegration
from aioibkr.config import Breaker, Reconnect
from aioibkr.integrations.fastapi import lifespan, router
from python.sqlalchemy.models import Base, Holding, PortfolioSnapshot
from python.trademind.app import add_routes


def settings_in(file: Path) -> Settings:
    """The application's own file: `name: value` lines, texts in quotation marks."""
    lines = (line.split(":", 1) for line in file.read_text().splitlines() if ":" in line)
    told = {name.strip(): value.strip().strip("\"'") for name, value in lines}
    return Settings.load(**told)  # type: ignore[arg-type]


def quick_broker(settings: Settings) -> IBKRBroker:
    """The broker, with times that suit a test: a day within seconds."""
    return IBKRBroker(
        settings=settings,
        keepalive=Keepalive(idle=0.4, probe_timeout=0.2, give_up=0.4, spacing=0.1),
        breaker=Breaker(failures=5, pause=0.2),
        reconnect=Reconnect(first=0.05, longest=0.2, jitter_percent=0),
    )


def create_service(file: Path, database: str) -> FastAPI:
    """The application, as its `main.py` makes it."""
    engine = create_engine(database)
    Base.metadata.create_all(engine)
    integration = IBKRIntegration(settings_in(file), broker=quick_broker)
    integration.configure(
        holdings=Holding, snapshots=PortfolioSnapshot, sessions=sessionmaker(engine)
    )
    app = FastAPI(lifespan=lifespan(integration))
    app.state.integration = integration
    app.include_router(router())
    add_routes(app, lambda: integration.broker)
    return app
