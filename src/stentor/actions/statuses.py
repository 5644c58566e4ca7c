"""Statuses: written, edited, deleted (surroundings C6, C9, C10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from stentor import errors
from stentor.actions import deletions, fan_outs, polls, quotes
from stentor.actions.fan_outs import Story
from stentor.actions.notify import notify
from stentor.domain import limits, text
from stentor.domain import polls as poll_questions
from stentor.domain import quotes as quote_rules
from stentor.domain import statuses as domain
from stentor.domain.accounts import Account, User
from stentor.domain.links import Links
from stentor.domain.notifications import Event, NotificationType
from stentor.domain.polls import Question
from stentor.domain.statuses import Draft, Readable, Status, Wording
from stentor.domain.text import MentionTarget
from stentor.entities import accounts as account_entities
from stentor.store import (
    accounts,
    conversations,
    idempotency_keys,
    mentions,
    readable_statuses,
    status_changes,
    status_edits,
    statuses,
    tags,
)
from stentor.store.database import Database, Reader, Transaction
from stentor.store.mentions import Mention
from stentor.store.snowflakes import Snowflakes
from stentor.store.statuses import Counter, NewStatus
from stentor.streaming.bus import Bus, News

#: Deleting has a file of its own.
delete = deletions.delete

NO_PARENT = "The post you are trying to reply to does not appear to exist."


@dataclass(frozen=True, slots=True)
class Message:
    """A text that may be posted: what it says, as it is shown, whom and what it names."""

    wording: Wording
    content: str
    mentioned: dict[int, Account]
    tags: list[str]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A status about to be written."""

    row: NewStatus
    message: Message
    parent: Status | None
    quoted: Status | None
    question: Question | None

    @property
    def quoted_author(self) -> int | None:
        """Whom it quotes."""
        return self.quoted.account_id if self.quoted else None


async def get_readable(db: Reader, status_id: int | None, viewer_id: int | None) -> Readable:
    """A status that the viewer may read. Raises NotFound, for missing and hidden ones alike."""
    found = await readable_statuses.find(db, status_id, viewer_id)
    if found is None:
        raise errors.NotFound
    return found


@contextmanager
def gone_is_not_found(message: str | None = None) -> Iterator[None]:
    """A status that was deleted while somebody acted on it was not found."""
    try:
        yield
    except errors.RecordNotFound as problem:
        raise errors.NotFound(message) from problem


# --- Posting ---------------------------------------------------------------------------------


async def post(
    db: Database,
    bus: Bus,
    *,
    ids: Snowflakes,
    links: Links,
    account_id: int,
    draft: Draft,
    now: int,
) -> int:
    """Writes a status, tells whom it mentions, and returns its id.

    With an idempotency key that was used within the hour, the id of the status that was made
    then, and nothing else happens; two at the same moment make one. Raises the errors of C6.1,
    in their order.
    """
    key = draft.idempotency_key
    if key is not None:
        made = await idempotency_keys.find(db, account_id, key, now=now)
        if made is not None:
            return made

    async def write(status_id: int) -> int:
        plan = await _plan(db, links, account_id, draft, status_id=status_id, now=now)
        with gone_is_not_found(NO_PARENT if plan.parent else None):
            async with db.transaction() as tx:
                if key is not None:
                    made = await idempotency_keys.claim(tx, account_id, key, status_id, now=now)
                    if made is not None:
                        return made
                await _write(tx, bus, plan, now=now)
                tx.after_commit(bus.publish, News(account_id, "status_created", status_id))
        return status_id

    return await ids.use(now, write)


async def _plan(
    db: Reader, links: Links, account_id: int, draft: Draft, *, status_id: int, now: int
) -> _Plan:
    """Everything that is decided before anything is written."""
    parent = await _parent(db, draft.in_reply_to_id, account_id)
    quoted = await quotes.quotable(db, draft.quoted_status_id, account_id)
    domain.refuse_attachments(draft)
    question = poll_questions.question(draft.poll, now=now)
    author = await accounts.find(db, account_id)
    if author is None:
        raise errors.RecordNotFound
    user = await accounts.find_user(db, account_id)
    domain.check_visibility(draft.visibility)
    domain.check_schedule(draft.scheduled_at, now=now)
    wording = domain.wording(draft, user, local_domain=links.domain, has_quote=quoted is not None)
    visibility = domain.narrowed(
        draft.visibility or domain.default_visibility(user, locked=bool(author.locked)),
        silenced=author.silenced_at is not None,
    )
    if quoted is not None:
        visibility = quote_rules.narrowed(visibility, quoted.visibility)
    quote_policy = domain.quote_policy(draft.quote_policy, user, visibility)
    message = await compose(db, links, account_id, wording)
    check_expected(message, draft.allowed_mentions, links)
    row = NewStatus(
        id=status_id,
        account_id=account_id,
        conversation_id=parent.conversation_id if parent else 0,
        visibility=visibility,
        created_at=now,
        in_reply_to_id=parent.id if parent else None,
        in_reply_to_account_id=domain.answered_account_id(parent, account_id) if parent else None,
        application_id=draft.application_id,
        sensitive=message.wording.sensitive,
        language=message.wording.language,
        spoiler_text=message.wording.spoiler_text,
        text=message.wording.text,
        content=message.content,
        quote_policy=quote_policy,
        has_poll=question is not None,
        has_quote=quoted is not None,
    )
    quotes.check_audience(row, quoted, message.mentioned)
    return _Plan(row, message, parent, quoted, question)


async def _parent(db: Reader, status_id: int | None, account_id: int) -> Status | None:
    """What is answered: never a reblog, but what it reblogs (C6.2). Raises NotFound."""
    if status_id is None:
        return None
    found = await readable_statuses.find(db, status_id, account_id)
    if found is None:
        raise errors.NotFound(NO_PARENT)
    return found.original


async def compose(db: Reader, links: Links, account_id: int, wording: Wording) -> Message:
    """Finds whom and what a text names, and makes its HTML; at most two queries."""
    found = await mentions.resolve(
        db, [match.key for match in text.find_mentions(wording.text, links.domain)], account_id
    )
    targets = {key: _target(account, links) for key, account in found.items()}
    body = text.canonical_mentions(wording.text, targets, local_domain=links.domain)
    content = text.to_html(body, mentions=targets, tag_url=links.tag, local_domain=links.domain)
    names = [match.name for match in text.find_hashtags(body)]
    return Message(
        wording._replace(text=body),
        content,
        _in_order(body, found, links),
        [name for name in names if 0 < len(name.encode()) <= limits.TAG_BYTES],
    )


def _target(account: Account, links: Links) -> MentionTarget:
    return MentionTarget(
        account.acct, account.username, account_entities.account_url(account, links)
    )


def _in_order(
    body: str, found: Mapping[tuple[str, str | None], Account], links: Links
) -> dict[int, Account]:
    """The mentioned accounts by id, each once, in the order of the text."""
    keys = (match.key for match in text.find_mentions(body, links.domain))
    return {found[key].id: found[key] for key in keys if key in found}


def check_expected(message: Message, allowed: frozenset[int] | None, links: Links) -> None:
    """Raises UnexpectedAccounts if somebody is mentioned who was not to be (C6.1 item 8)."""
    if allowed is None:
        return
    others = [account for one, account in message.mentioned.items() if one not in allowed]
    if others:
        raise errors.UnexpectedAccounts(
            [account_entities.encoded(account, links) for account in others]
        )


async def _write(tx: Transaction, bus: Bus, plan: _Plan, *, now: int) -> None:
    """Writes everything down: conversation, statuses by id, tags, accounts, inboxes.

    Whoever locks more than one of them does so in this order, so that nobody waits in a ring.
    For the same reason a status is counted on before a row that refers to it is added: adding
    it takes a weaker lock, and to strengthen a lock is to wait for others that do the same.
    """
    row, message = plan.row, plan.message
    if plan.parent is None:
        row = row._replace(conversation_id=await statuses.add_conversation(tx, now=now))
    elif row.visibility == "direct":
        await statuses.lock_conversation(tx, row.conversation_id)
    await _count(tx, plan)
    await statuses.add(tx, row)
    if plan.question is not None:
        await polls.ask(tx, row.id, row.account_id, plan.question)
    await tags.tag(tx, row.id, message.tags, now=now)
    named = await mentions.add(tx, row.id, list(message.mentioned))
    if domain.counted(row.visibility):
        await statuses.count_written(tx, row.account_id, now=now)
    else:
        await conversations.add_direct(
            tx,
            account_id=row.account_id,
            conversation_id=row.conversation_id,
            participants=[row.account_id, *message.mentioned],
            status_id=row.id,
            unread=False,
        )
        tx.after_commit(bus.publish, News(row.account_id, "conversation", row.id))
    story = Story(row.id, row.account_id, now)
    events: list[Event] = []
    if plan.quoted is not None:
        events += await quotes.add(tx, row, plan.quoted, now=now)
    events += _mentioned(named, message.mentioned, story, quoted=plan.quoted_author)
    if domain.told_to_followers(row.visibility, row.account_id, row.in_reply_to_account_id):
        events += await fan_outs.begin(tx, fan_outs.STATUS, story, now=now)
    await notify(tx, bus, *events, now=now)


async def _count(tx: Transaction, plan: _Plan) -> None:
    """Counts the status on what it answers and quotes, by rising id. Raises NotFound."""
    counted: list[tuple[int, Counter, str]] = []
    if plan.parent is not None and domain.counted_as_reply(plan.row.visibility):
        counted.append((plan.parent.id, "replies_count", NO_PARENT))
    if plan.quoted is not None:
        counted.append((plan.quoted.id, "quotes_count", quotes.NOT_QUOTABLE))
    for status_id, counter, missing in sorted(counted):
        if not await statuses.count(tx, status_id, counter, 1):
            raise errors.NotFound(missing)


def _mentioned(
    named: list[Mention],
    known: Mapping[int, Account],
    story: Story,
    *,
    quoted: int | None,
) -> list[Event]:
    """What to tell everybody here who is mentioned aloud, each by his own mention.

    Whoever is quoted hears of the quote instead (C6.3).
    """
    return [
        Event(
            NotificationType.MENTION,
            activity_id=mention.id,
            from_account_id=story.author_id,
            recipients=(mention.account_id,),
            created_at=story.at,
            status_id=story.status_id,
        )
        for mention in named
        if not mention.silent
        and mention.account_id not in (story.author_id, quoted)
        and mention.account_id in known
        and known[mention.account_id].local
    ]


# --- Editing ---------------------------------------------------------------------------------


async def edit(
    db: Database,
    bus: Bus,
    *,
    links: Links,
    account_id: int,
    status_id: int | None,
    draft: Draft,
    now: int,
) -> None:
    """Replaces what an own status says, whole (C9); without a change nothing happens.

    What it said stays in its history, and what it quotes stays. Whoever is mentioned for the
    first time is told, and whoever has reblogged it or quotes it; nobody of a policy that has
    changed. Raises NotFound for a missing one and for somebody else's, and the errors of C6.1.
    """
    status = await statuses.find(db, status_id)
    if status is None or status.account_id != account_id or status.reblog_of_id is not None:
        raise errors.NotFound
    domain.refuse_attachments(draft)
    question = poll_questions.question(draft.poll, now=now)
    wording = domain.wording(
        draft,
        None,
        local_domain=links.domain,
        before=status.language,
        has_quote=bool(status.has_quote),
    )
    policy = draft.quote_policy and domain.quote_policy(draft.quote_policy, None, status.visibility)
    message = await compose(db, links, account_id, wording)
    async with db.transaction() as tx:
        await fan_outs.hold(tx, status.id)
        if not await statuses.lock(tx, [status.id]):
            raise errors.NotFound
        before = await statuses.find(tx, status.id)
        if before is None:
            return
        asked = await polls.asked(tx, before)
        if policy not in (None, before.quote_policy):
            await statuses.set_quote_policy(tx, status.id, policy)
        if domain.wording_of(before) == message.wording and asked == question:
            return
        await status_edits.keep_first(tx, before)
        await _reword(tx, status.id, message, question, now=now)
        if asked != question:
            await polls.ask_again(tx, before, question)
        story = Story(status.id, account_id, now)
        events = await _mention_again(tx, before, message, story)
        for audience in (fan_outs.UPDATE, fan_outs.QUOTED_UPDATE):
            events += await fan_outs.begin(tx, audience, story, now=now)
        await notify(tx, bus, *events, now=now)
        await status_changes.add_edit(tx, status.id, account_id, now=now)
        tx.after_commit(bus.publish, News(account_id, "status_edited", status.id))


async def _reword(
    tx: Transaction, status_id: int, message: Message, question: Question | None, *, now: int
) -> None:
    """Replaces what a status says, and keeps the new version in its history."""
    wording, content = message.wording, message.content
    await statuses.change(
        tx, status_id, wording, content=content, has_poll=question is not None, now=now
    )
    await status_edits.add(tx, status_id, wording, content=content, question=question, now=now)
    await tags.untag(tx, status_id)
    await tags.tag(tx, status_id, message.tags, now=now)


async def _mention_again(
    tx: Transaction, status: Status, message: Message, story: Story
) -> list[Event]:
    """What to tell whom the text names for the first time; who is not named now may still read.

    Whoever was ever named is not told again, whatever he has done with what he was told (C-3).
    """
    status_id = status.id
    before = await mentions.of_status(tx, status_id)
    aloud = {one.account_id for one in before if not one.silent}
    await mentions.silence(tx, status_id, sorted(aloud - set(message.mentioned)))
    named = await mentions.add(tx, status_id, list(message.mentioned))
    told = {one.account_id for one in before}
    first = [one for one in named if one.account_id not in told]
    return _mentioned(
        first, message.mentioned, story, quoted=await quotes.quoted_author(tx, status)
    )


# --- Settings of one -------------------------------------------------------------------------


async def set_quote_policy(
    db: Database, *, account_id: int, status_id: int | None, policy: str | None
) -> None:
    """Changes who may quote an own status.

    Raises NotFound, NotAllowed for somebody else's, ValidationFailed for an unknown policy.
    """
    found = await get_readable(db, status_id, account_id)
    if found.status.account_id != account_id:
        raise errors.NotAllowed
    user: User | None = await accounts.find_user(db, account_id)
    chosen = domain.quote_policy(policy, user, found.status.visibility)
    async with db.transaction() as tx:
        await statuses.set_quote_policy(tx, found.status.id, chosen)
