"""Settings of the integration as pydantic reads them."""

from pydantic_settings import BaseSettings


class IBKRSettings(BaseSettings): ...
