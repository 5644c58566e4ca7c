"""The decision, as a grid over what it looks at (notifications.md 4)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.domain.notification_policies import (
    NAMES,
    Decision,
    Facts,
    NotificationPolicy,
    Verdict,
    decide,
)
from stentor.domain.notifications import TRAITS, NotificationType

MENTION, FAVOURITE = NotificationType.MENTION, NotificationType.FAVOURITE
#: A follower of long standing: no option applies to him by himself.
KNOWN = Facts(follower_ok=True)
OPEN = NotificationPolicy(for_private_mentions=Verdict.ACCEPT, for_limited_accounts=Verdict.ACCEPT)
FILTERABLE = [one for one in NotificationType if TRAITS[one].filterable]


def only(name: str, verdict: Verdict) -> NotificationPolicy:
    """A policy in which one option says that and the others accept."""
    return OPEN._replace(**{name: verdict})


def test_every_type_has_a_nature() -> None:
    assert set(TRAITS) == set(NotificationType)


def test_the_filterable_types_are_those_of_the_table() -> None:
    assert {one.value for one in FILTERABLE} == {
        "mention", "reblog", "follow", "follow_request", "favourite", "quote",
        "added_to_collection",
    }  # fmt: skip


# What must hold for each option to apply, beside not being followed (None: nothing else).
APPLIES: dict[str, Facts] = {
    "for_not_following": KNOWN,
    "for_not_followers": KNOWN._replace(follower_ok=False),
    "for_new_accounts": KNOWN._replace(new_account=True),
    "for_private_mentions": KNOWN._replace(private_unsolicited=True),
    "for_limited_accounts": KNOWN._replace(limited=True),
    "for_bots": KNOWN._replace(bot=True),
}


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("type", FILTERABLE)
def test_an_option_decides_when_it_applies(
    type: NotificationType, name: str, verdict: Verdict
) -> None:
    decision = decide(type, APPLIES[name], only(name, verdict))
    assert decision.verdict is verdict
    if verdict is not Verdict.ACCEPT:
        assert decision.reason == name


@pytest.mark.parametrize("verdict", [Verdict.FILTER, Verdict.DROP])
@pytest.mark.parametrize("name", NAMES)
def test_following_exempts_from_all_but_the_followers_option(name: str, verdict: Verdict) -> None:
    """A57, A58: weakness C-38 is kept, clients show it that way."""
    decision = decide(MENTION, APPLIES[name]._replace(following=True), only(name, verdict))
    expected = verdict if name == "for_not_followers" else Verdict.ACCEPT
    assert decision.verdict is expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("type", [one for one in NotificationType if one not in FILTERABLE])
def test_no_option_touches_what_is_not_filterable(type: NotificationType, name: str) -> None:
    """A65."""
    facts = APPLIES[name]._replace(oneself=TRAITS[type].from_oneself)
    assert decide(type, facts, only(name, Verdict.DROP)).verdict is Verdict.ACCEPT


@pytest.mark.parametrize("name", NAMES)
def test_a_permission_beats_every_option(name: str) -> None:
    """A70."""
    facts = APPLIES[name]._replace(permitted=True)
    assert decide(MENTION, facts, only(name, Verdict.DROP)) == Decision(Verdict.ACCEPT, "permitted")


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(NAMES, 2)))
def test_one_drop_beats_any_filter(first: str, second: str) -> None:
    """A64."""
    facts = Facts(new_account=True, private_unsolicited=True, limited=True, bot=True)
    policy = OPEN._replace(**{first: Verdict.FILTER, second: Verdict.DROP})
    assert decide(MENTION, facts, policy) == Decision(Verdict.DROP, second)


def test_the_defaults_filter_strangers_direct_messages_and_limited_accounts_only() -> None:
    defaults = NotificationPolicy()
    for name, facts in APPLIES.items():
        expected = (
            Verdict.FILTER
            if name in ("for_private_mentions", "for_limited_accounts")
            else Verdict.ACCEPT
        )
        assert decide(MENTION, facts, defaults).verdict is expected, name


# Each blunt rule, the fact that triggers it, and what it says.
BLUNT = [
    ({"unavailable": True}, "recipient_unavailable"),
    ({"oneself": True}, "oneself"),
    ({"blocks_domain": True}, "domain_block"),
    ({"blocks": True}, "block"),
    ({"mutes": True}, "mute"),
    ({"mutes_conversation": True}, "conversation_mute"),
]


@pytest.mark.parametrize(("facts", "reason"), BLUNT)
@pytest.mark.parametrize("permitted", [False, True])
@pytest.mark.parametrize("type", FILTERABLE)
def test_blunt_rules_drop_whatever_is_permitted(
    type: NotificationType, permitted: bool, facts: dict[str, bool], reason: str
) -> None:
    assert decide(type, Facts(permitted=permitted, **facts), OPEN) == Decision(Verdict.DROP, reason)


@pytest.mark.parametrize("facts", [facts for facts, _ in BLUNT[2:]])
@pytest.mark.parametrize("type", NotificationType)
def test_only_duties_get_past_a_block_or_a_mute(
    type: NotificationType, facts: dict[str, bool]
) -> None:
    """C-34: a moderator who blocks somebody still hears of his report."""
    dropped = decide(type, Facts(**facts), OPEN).verdict is Verdict.DROP
    assert dropped is not type.value.startswith("admin.")


@pytest.mark.parametrize("type", NotificationType)
def test_only_some_types_may_come_from_oneself(type: NotificationType) -> None:
    """A66."""
    expected = type.value in {
        "poll", "severed_relationships", "moderation_warning", "annual_report",
    }  # fmt: skip
    verdict = decide(type, Facts(oneself=True), NotificationPolicy()).verdict
    assert (verdict is Verdict.ACCEPT) is expected


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"blocks_domain": True, "following": True}, Verdict.ACCEPT),
        ({"blocks": True, "following": True}, Verdict.DROP),
        ({"mutes": True, "following": True}, Verdict.DROP),
    ],
)
def test_following_saves_from_a_domain_block_only(facts: dict[str, bool], verdict: Verdict) -> None:
    """A67."""
    assert decide(FAVOURITE, Facts(**facts), OPEN).verdict is verdict


@pytest.mark.parametrize(("facts", "reason"), BLUNT)
def test_staff_get_through_with_mentions_but_not_to_the_unavailable_or_oneself(
    facts: dict[str, bool], reason: str
) -> None:
    """A54."""
    mention = decide(MENTION, Facts(staff=True, limited=True, **facts), NotificationPolicy())
    if reason in ("recipient_unavailable", "oneself"):
        assert mention == Decision(Verdict.DROP, reason)
    else:
        assert mention == Decision(Verdict.ACCEPT, "staff")
    assert decide(FAVOURITE, Facts(staff=True, **facts), OPEN) == Decision(Verdict.DROP, reason)


def test_naming_somebody_hidden_drops_a_mention_only() -> None:
    """A52, A53."""
    assert decide(MENTION, KNOWN._replace(among_hidden=True), OPEN).reason == "among_hidden"
    assert decide(FAVOURITE, KNOWN._replace(among_hidden=True), OPEN).verdict is Verdict.ACCEPT


some_facts = st.builds(Facts, **{name: st.booleans() for name in Facts._fields})
some_policy = st.builds(NotificationPolicy, **{name: st.sampled_from(Verdict) for name in NAMES})
some_type = st.sampled_from(NotificationType)


@given(some_type, some_facts, some_policy, st.sampled_from(NAMES))
def test_a_stricter_option_never_lets_more_through(
    type: NotificationType, facts: Facts, policy: NotificationPolicy, name: str
) -> None:
    verdicts = [decide(type, facts, policy._replace(**{name: v})).verdict for v in Verdict]
    assert verdicts == sorted(verdicts)


@given(some_type, some_facts, some_policy, some_policy)
def test_what_is_dropped_bluntly_is_dropped_under_every_policy(
    type: NotificationType, facts: Facts, policy: NotificationPolicy, other: NotificationPolicy
) -> None:
    decision = decide(type, facts, policy)
    if decision.verdict is Verdict.DROP and decision.reason not in NAMES:
        assert decide(type, facts, other) == decision


@given(some_type, some_facts, some_policy)
def test_every_decision_names_a_reason(
    type: NotificationType, facts: Facts, policy: NotificationPolicy
) -> None:
    assert decide(type, facts, policy).reason
