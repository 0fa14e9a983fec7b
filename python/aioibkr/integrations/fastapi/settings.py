"""Settings of the integration as pydantic reads them: arguments, environment, `.env` file.

They are the fields of `aioibkr.Settings`, so that an application can compose them with its own.
"""

from dataclasses import fields
from typing import Annotated

from pydantic import AliasChoices, Field, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from aioibkr.config import Settings, given_of

__all__ = ["IBKRSettings"]

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class IBKRSettings(BaseSettings):
    """How an application talks to its gateway. Timeouts are in seconds.

    Precedence: explicit argument > environment > file > default; the file is named by a subclass
    (`SettingsConfigDict(env_file=".env")`) or by `_env_file=`. Environment names are the upper-case
    forms; `IBKR_ACCOUNT_ID` also stands for `IBKR_ACCOUNT`. What is blank in one of them is not
    given there, so the next one counts. Raises pydantic's `ValidationError` naming a value that
    makes no sense.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    ibkr_enabled: bool = False
    ibkr_host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    ibkr_port: Annotated[int, Field(ge=1, le=65535)] = 7497
    ibkr_client_id: Annotated[int, Field(ge=0)] = 1
    ibkr_client_ids: str | None = None
    ibkr_account: str | None = Field(
        default=None, validation_alias=AliasChoices("ibkr_account", "ibkr_account_id")
    )
    ibkr_paper_trading: bool = True
    ibkr_connect_timeout: Seconds = 10.0
    ibkr_account_timeout: Seconds = 10.0
    ibkr_order_timeout: Seconds = 5.0
    ibkr_positions_timeout: Seconds = 10.0
    ibkr_market_data_timeout: Seconds = 5.0
    ibkr_history_timeout: Seconds = 60.0
    ibkr_read_timeout: Seconds = 10.0
    ibkr_max_order_value: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    ibkr_max_daily_orders: Annotated[int, Field(ge=0)] = 100
    ibkr_position_size_limit_pct: Annotated[float, Field(ge=0, le=1)] = 0.10
    ibkr_delayed_data: bool = True
    ibkr_stale_ok: Seconds | None = None
    ibkr_http_allowed_hosts: str | None = None
    ibkr_http_allowed_origins: str | None = None
    ibkr_http_token: str | None = Field(default=None, repr=False)
    ibkr_http_token_file: str | None = None
    ibkr_http_orders: bool | None = None
    ibkr_http_max_body: Annotated[int, Field(gt=0)] = 1 << 20

    def plain(self) -> Settings:
        """The same settings as the package's own dataclass, without those of a subclass."""
        return Settings(**self.model_dump(include={field.name for field in fields(Settings)}))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The usual sources in the usual order, each without what is blank in it."""
        sources = (init_settings, env_settings, dotenv_settings, file_secret_settings)
        for source in sources:
            if isinstance(source, InitSettingsSource):
                source.init_kwargs = given_of(source.init_kwargs)
            if isinstance(source, EnvSettingsSource):
                source.env_vars = given_of(source.env_vars)
        return sources

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: object) -> object:
        """Also what a subclass's own sources say, such as a YAML file."""
        return given_of(values) if isinstance(values, dict) else values
