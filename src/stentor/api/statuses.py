"""Statuses: /api/v1/statuses and the statuses of one account (surroundings B2.1)."""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.actions import conversation_mutes, pins, reblogs
from stentor.actions import statuses as actions
from stentor.api import responses
from stentor.api.request import Request
from stentor.domain import limits, paging, tags
from stentor.domain.polls import PollDraft
from stentor.domain.statuses import Draft, LoadedStatuses
from stentor.entities import accounts as account_entities
from stentor.entities import statuses as entities
from stentor.entities.statuses import Context
from stentor.store import account_statuses, accounts, marks, status_edits, statuses, threads
from stentor.store.account_statuses import Selection


async def render(request: Request, status_id: int | None) -> Any:
    """One status as the viewer may see it. Raises NotFound."""
    services = request.services
    ids = [] if status_id is None else [status_id]
    loaded = await statuses.load(services.db, ids, request.viewer_id, now=services.now())
    return rendered(request, loaded, status_id)


def rendered(request: Request, loaded: LoadedStatuses, status_id: int | None) -> Any:
    """One status of a load. Raises NotFound."""
    if status_id is None or not loaded.may_show(status_id):
        raise errors.NotFound
    return entities.encoded(loaded, status_id, request.services.links)


async def render_page(request: Request, ids: list[int]) -> list[Any]:
    """Those of the statuses that the viewer may see, in their order."""
    services = request.services
    loaded = await statuses.load(services.db, ids, request.viewer_id, now=services.now())
    return list(entities.encoded_page(loaded, ids, services.links))


# --- Reading ---------------------------------------------------------------------------------


async def show(request: Request) -> Any:
    """GET /api/v1/statuses/:id."""
    return await render(request, request.path_id())


async def many(request: Request) -> Any:
    """GET /api/v1/statuses?id[]=: those that may be seen, in the order asked for."""
    if len(request.params.texts("id")) > limits.STATUS_IDS:
        raise errors.Unprocessable(f"Too many ids, at most {limits.STATUS_IDS} are allowed")
    return await render_page(request, request.params.ids("id"))


async def context(request: Request) -> Any:
    """GET /api/v1/statuses/:id/context: no more of it to people who are not signed in."""
    services, viewer_id = request.services, request.viewer_id
    found = await actions.get_readable(services.db, request.path_id(), viewer_id)
    size = limits.ANONYMOUS_THREAD if viewer_id is None else limits.THREAD
    above = await threads.ancestors(services.db, found.original.id, size)
    below = await threads.descendants(services.db, found.original.id, size)
    loaded = await statuses.load(services.db, [*above, *below], viewer_id, now=services.now())
    authors = {status.account_id for status in loaded.statuses.values()}
    hidden = await threads.hidden(services.db, viewer_id, authors, now=services.now())
    if hidden:
        shown = loaded.statuses
        above = [one for one in above if one in shown and shown[one].account_id not in hidden]
        below = [one for one in below if one in shown and shown[one].account_id not in hidden]
    return Context(
        entities.encoded_page(loaded, above, services.links),
        entities.encoded_page(loaded, below, services.links),
    )


async def source(request: Request) -> Any:
    """GET /api/v1/statuses/:id/source."""
    found = await actions.get_readable(request.services.db, request.path_id(), request.viewer_id)
    return entities.render_source(found.status)


async def history(request: Request) -> Any:
    """GET /api/v1/statuses/:id/history: one version if it was never edited."""
    services = request.services
    found = await actions.get_readable(services.db, request.path_id(), request.viewer_id)
    edits = await status_edits.of_status(services.db, found.status)
    author = await accounts.find(services.db, found.status.account_id)
    if author is None:
        raise errors.NotFound
    quote = None
    if found.status.has_quote:
        status_id = found.status.id
        loaded = await statuses.load(
            services.db, [status_id], request.viewer_id, now=services.now()
        )
        quote = entities.encoded_quote(loaded, status_id, services.links)
    return [entities.render_edit(edit, author, services.links, quote=quote) for edit in edits]


async def of_account(request: Request) -> Any:
    """GET /api/v1/accounts/:id/statuses: empty for somebody whom the account blocks."""
    services, params = request.services, request.params
    account_id, viewer_id = request.path_id(), request.viewer_id
    relation = await account_statuses.find_relation(services.db, account_id, viewer_id)
    if account_id is None or relation is None:
        raise errors.RecordNotFound
    # Nobody can attach media yet, so nothing has any.
    if relation.unavailable or relation.blocked_by or params.flag("only_media"):
        return []
    tagged = params.text("tagged")
    tag = tags.normalised(tagged)
    if tagged and tag is None:
        return []
    ids = await account_statuses.page(
        services.db,
        account_id,
        viewer_id,
        params.cursor(*limits.STATUSES_PAGE),
        selection=Selection(
            exclude_replies=params.flag("exclude_replies"),
            exclude_reblogs=params.flag("exclude_reblogs"),
            pinned=params.flag("pinned"),
            tag=tag,
        ),
        following=relation.following,
    )
    kept = ("only_media", "exclude_replies", "exclude_reblogs", "pinned", "tagged")
    return responses.timeline_page(request, await render_page(request, ids), ids, kept=kept)


async def render_accounts(
    request: Request, rows: list[tuple[int, int]], limit: int
) -> responses.Reply:
    """Accounts who did something to a status, by pairs of row id and account id."""
    services = request.services
    found = await accounts.load(services.db, (account_id for _, account_id in rows))
    body = [account_entities.encoded(found[one], services.links) for _, one in rows if one in found]
    return responses.relation_page(request, body, [row_id for row_id, _ in rows], limit)


async def reblogged_by(request: Request) -> Any:
    """GET /api/v1/statuses/:id/reblogged_by: cursors are the ids of the reblogs."""
    services, cursor = request.services, request.params.cursor(*limits.ACCOUNTS_PAGE)
    found = await actions.get_readable(services.db, request.path_id(), request.viewer_id)
    rows = await marks.reblogged_by(
        services.db, found.original.id, request.viewer_id, cursor, now=services.now()
    )
    return await render_accounts(request, rows, cursor.limit)


# --- Writing ---------------------------------------------------------------------------------


def draft(request: Request) -> Draft:
    """What POST and PUT ask to be written."""
    params = request.params
    allowed = None
    if params.values.get("allowed_mentions") is not None:
        allowed = frozenset(params.ids("allowed_mentions"))
    answered, quoted = params.text("in_reply_to_id"), params.text("quoted_status_id")
    return Draft(
        text=params.text("status") or "",
        spoiler_text=params.text("spoiler_text") or "",
        in_reply_to_id=(paging.parse_id(answered) or 0) if answered else None,
        sensitive=params.boolean("sensitive"),
        visibility=params.text("visibility") or None,
        language=params.text("language"),
        quote_policy=params.text("quote_approval_policy") or None,
        allowed_mentions=allowed,
        application_id=request.viewer.application_id if request.viewer else None,
        idempotency_key=request.header("Idempotency-Key") or None,
        media_ids=tuple(one for one in params.texts("media_ids") if one),
        quoted_status_id=(paging.parse_id(quoted) or 0) if quoted else None,
        poll=_poll(request),
        scheduled_at=params.text("scheduled_at") or None,
    )


def _poll(request: Request) -> PollDraft | None:
    poll = request.params.nested("poll")
    if poll is None or not poll.values:
        return None
    return PollDraft(
        options=tuple(poll.texts("options")),
        expires_in=poll.integer("expires_in"),
        multiple=poll.flag("multiple"),
        hide_totals=poll.flag("hide_totals"),
        shortest=request.services.features.poll_min_expiration,
    )


async def create(request: Request) -> Any:
    """POST /api/v1/statuses."""
    services = request.services
    status_id = await actions.post(
        services.db,
        services.bus,
        ids=services.ids,
        links=services.links,
        account_id=request.account_id,
        draft=draft(request),
        now=services.now(),
    )
    return await render(request, status_id)


async def edit(request: Request) -> Any:
    """PUT /api/v1/statuses/:id: a full replacement (trap 41)."""
    services = request.services
    await actions.edit(
        services.db,
        services.bus,
        links=services.links,
        account_id=request.account_id,
        status_id=request.path_id(),
        draft=draft(request),
        now=services.now(),
    )
    return await render(request, request.path_id())


async def delete(request: Request) -> Any:
    """DELETE /api/v1/statuses/:id: the status as it was, with what was typed (trap 42)."""
    services, status_id = request.services, request.path_id()
    loaded = await actions.delete(
        services.db,
        services.bus,
        account_id=request.account_id,
        status_id=status_id,
        now=services.now(),
    )
    return entities.render_deleted(loaded, status_id or 0, services.links)


async def interaction_policy(request: Request) -> Any:
    """PUT /api/v1/statuses/:id/interaction_policy."""
    await actions.set_quote_policy(
        request.services.db,
        account_id=request.account_id,
        status_id=request.path_id(),
        policy=request.params.text("quote_approval_policy") or None,
    )
    return await render(request, request.path_id())


async def translate(request: Request) -> Any:  # noqa: ARG001 - every handler is given a request
    """POST /api/v1/statuses/:id/translate: nothing translates here."""
    raise errors.NotFound


# --- Acting ----------------------------------------------------------------------------------


async def reblog(request: Request) -> Any:
    """POST /api/v1/statuses/:id/reblog: answers the reblog (trap 37)."""
    services = request.services
    reblog_id = await reblogs.reblog(
        services.db,
        services.bus,
        ids=services.ids,
        account_id=request.account_id,
        status_id=request.path_id(),
        visibility=request.params.text("visibility") or None,
        now=services.now(),
    )
    return await render(request, reblog_id)


async def unreblog(request: Request) -> Any:
    """POST /api/v1/statuses/:id/unreblog: answers the original (trap 37)."""
    services = request.services
    original_id = await reblogs.unreblog(
        services.db,
        services.bus,
        account_id=request.account_id,
        status_id=request.path_id(),
        now=services.now(),
    )
    return await render(request, original_id)


async def mute(request: Request) -> Any:
    """POST /api/v1/statuses/:id/mute: the conversation, not the author."""
    services, status_id = request.services, request.path_id()
    await conversation_mutes.mute(
        services.db, account_id=request.account_id, status_id=status_id, now=services.now()
    )
    return await render(request, status_id)


async def unmute(request: Request) -> Any:
    """POST /api/v1/statuses/:id/unmute."""
    db, status_id = request.services.db, request.path_id()
    await conversation_mutes.unmute(db, account_id=request.account_id, status_id=status_id)
    return await render(request, status_id)


async def pin(request: Request) -> Any:
    """POST /api/v1/statuses/:id/pin."""
    services, status_id = request.services, request.path_id()
    await pins.pin(
        services.db, account_id=request.account_id, status_id=status_id, now=services.now()
    )
    return await render(request, status_id)


async def unpin(request: Request) -> Any:
    """POST /api/v1/statuses/:id/unpin."""
    status_id = request.path_id()
    await pins.unpin(request.services.db, account_id=request.account_id, status_id=status_id)
    return await render(request, status_id)
