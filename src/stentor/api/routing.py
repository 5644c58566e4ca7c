"""One line of the list of routes: a verb, a path, what answers, and who may ask."""

from __future__ import annotations

from functools import partial

from stentor.api.auth import Access
from stentor.api.endpoint import Handler, Route
from stentor.api.rate_limits import API, Limit


def route(
    method: str, path: str, handler: Handler, access: Access, *scopes: str,
    limits: tuple[Limit, ...] = (), remembered: bool = False,
) -> Route:  # fmt: skip
    """A route. All but those that are open to everybody count against the limits of the API."""
    general = () if access is Access.OPEN else API
    return Route(method, path, handler, access, frozenset(scopes), general + limits, remembered)


get = partial(route, "GET")
post = partial(route, "POST")
put = partial(route, "PUT")
patch = partial(route, "PATCH")
delete = partial(route, "DELETE")
