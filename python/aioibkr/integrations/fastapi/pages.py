"""The pages of the service: a front page, and the description of its routes to try them.

They come from the origin that may trade, so nothing on them may change what they do: the front page
has no script at all, and the one of the description is the exact file named here or is not run.
"""

import base64
import hashlib
import json
from html import escape

from starlette.responses import HTMLResponse

__all__ = ["describing", "front"]

SWAGGER = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.35.0"
SCRIPT_HASH = "sha384-gjRm0bEPMeTmMh5jT2cHccIwCUZSTd8YC+j0d0sXw0MdGEfScduGpSyF3ZSSLkX9"
STYLE_HASH = "sha384-WlYgdmXYOOBWL5apwjDEZwN+U3HmXSSu5R6V5aGxEcf7z+KuRNwBhoxKVN1i3D5I"
CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

FRONT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 40rem }}</style>
<h1>{title}</h1>
<p>An IB Gateway over HTTP, for its owner.</p>
<ul>
{links}
</ul>
</html>
"""
DESCRIPTION = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<link rel="stylesheet" href="{swagger}/swagger-ui.css" integrity="{style}" crossorigin="anonymous">
<div id="swagger-ui"></div>
<script src="{swagger}/swagger-ui-bundle.js" integrity="{script}" crossorigin="anonymous"></script>
<script>{start}</script>
</html>
"""


def front(title: str, links: dict[str, str]) -> HTMLResponse:
    """A page that links to what there is: what each link is called, by its path."""
    items = "\n".join(
        f'<li><a href="{escape(path)}">{escape(name)}</a></li>' for path, name in links.items()
    )
    policy = f"{CLOSED}; style-src 'unsafe-inline'"
    text = FRONT.format(title=escape(title), links=items)
    return HTMLResponse(text, headers={"Content-Security-Policy": policy})


def describing(title: str, openapi: str) -> HTMLResponse:
    """The page on which the routes described at the path `openapi` can be tried."""
    url = json.dumps(openapi).replace("<", "\\u003c")
    start = f"SwaggerUIBundle({{url: {url}, dom_id: '#swagger-ui'}})"
    digest = base64.b64encode(hashlib.sha256(start.encode()).digest()).decode()
    policy = (
        f"{CLOSED}; connect-src 'self'; img-src 'self' data:; "
        f"style-src 'unsafe-inline' {SWAGGER}/swagger-ui.css; "
        f"script-src 'sha256-{digest}' {SWAGGER}/swagger-ui-bundle.js"
    )
    text = DESCRIPTION.format(
        title=escape(title), swagger=SWAGGER, style=STYLE_HASH, script=SCRIPT_HASH, start=start
    )
    return HTMLResponse(text, headers={"Content-Security-Policy": policy})
