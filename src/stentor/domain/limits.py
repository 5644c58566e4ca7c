"""How much of everything: every size that a request, a stored text or a page may have.

The first two parts are Mastodon's numbers, which clients read from the instance documents
(surroundings D1, D2); the last are our own (reliability 5g, T47, T54). Lengths are grapheme
clusters unless the name says bytes, pixels or seconds; `stentor.domain.text.fits` checks both
the length of a text and its bytes.
"""

from __future__ import annotations

from typing import NamedTuple

KIB = 1024
MIB = 1024 * KIB

# --- Statuses (D1) ---------------------------------------------------------------------------

STATUS_CHARACTERS = 500
# A URL counts as this many, whatever its length, so that nobody needs a link shortener.
URL_CHARACTERS = 23
MEDIA_ATTACHMENTS = 4

SCHEDULED_STATUSES = 300
SCHEDULED_STATUSES_PER_DAY = 25
SCHEDULED_AHEAD_SECONDS = 5 * 60

# A hashtag that takes more is plain text to the index: keys of an index have their limit.
TAG_BYTES = 500

POLL_OPTIONS_MIN = 2
POLL_OPTIONS = 4
POLL_OPTION = 50
POLL_SECONDS_MIN = 300
POLL_SECONDS = 2_629_746  # a twelfth of a Gregorian year

# --- Media (D1) ------------------------------------------------------------------------------

IMAGE_BYTES = 16 * MIB
IMAGE_PIXELS = 33_177_600
# An animated GIF with more pixels than this is converted to video.
ANIMATED_GIF_PIXELS = 921_600
VIDEO_BYTES = 99 * MIB
VIDEO_PIXELS = 8_294_400
VIDEO_FRAME_RATE = 120
MEDIA_DESCRIPTION = 10_000
PROFILE_IMAGE_BYTES = 8 * MIB  # avatar and header, each
PROFILE_IMAGE_DESCRIPTION = 150

# --- Accounts (D1) ---------------------------------------------------------------------------

USERNAME = 30
DISPLAY_NAME = 40
NOTE = 500
FIELDS = 4
FIELD_NAME = 255
FIELD_VALUE = 255
EMAIL = 320
PASSWORD_MIN = 8
# Mastodon's hash stops at 72 bytes; ours does not, and longer ones cost it nothing (T35).
PASSWORD = 256
SIGN_UP_REASON = 420
ATTRIBUTION_DOMAINS = 100
PINNED_STATUSES = 5
FEATURED_TAGS = 10
FOLLOWING = 7500
# Past FOLLOWING an account may follow this many times its own followers.
FOLLOWING_PER_FOLLOWER = 1.1

# --- Texts about others, lists, filters, applications (D1) -----------------------------------

ACCOUNT_NOTE = 2000
REPORT_COMMENT = 1000
APPEAL = 2000
# Mastodon does not limit these.
REPORT_IDS = 200  # statuses, rules, collections, each
WARNING_TEXT = 10_000
DOMAIN_BLOCK_COMMENT = 2000
COLLECTION_NAME = 40
COLLECTION_DESCRIPTION = 100
COLLECTION_ITEMS = 25
COLLECTIONS = 10
LISTS = 50
LIST_TITLE = 256
FILTER_TITLE = 256
FILTER_KEYWORD = 512
# Of one account: each page of statuses is searched for all of its keywords.
FILTERS = 200
FILTER_KEYWORDS = 1000
FILTER_STATUSES = 1000
FILTER_SECONDS = 100 * 366 * 24 * 3600
APPLICATION_NAME = 60
APPLICATION_WEBSITE = 2000
REDIRECT_URI = 2000
REDIRECT_URIS = 16
STATE = 4096

# --- Ids in one request (D1) -----------------------------------------------------------------

ACCOUNT_IDS = 40
STATUS_IDS = 20


# --- A thread (surroundings B1.3) ------------------------------------------------------------


class ThreadSize(NamedTuple):
    """How much of a conversation GET /context shows."""

    ancestors: int
    descendants: int
    depth: int


THREAD = ThreadSize(4096, 4096, 4096)
ANONYMOUS_THREAD = ThreadSize(40, 60, 20)


# --- Pages (D2) ------------------------------------------------------------------------------


class PageSize(NamedTuple):
    """How many a list shows unless asked, and at most: ``paging.limit(asked, *page_size)``."""

    default: int
    maximum: int


STATUSES_PAGE = PageSize(20, 40)  # timelines too
ACCOUNTS_PAGE = PageSize(40, 80)
NOTIFICATIONS_PAGE = PageSize(40, 80)  # v1 and v2
COLLECTIONS_PAGE = PageSize(40, 80)
GROUP_ACCOUNTS_PAGE = PageSize(40, 80)
UNREAD_COUNT_PAGE = PageSize(100, 1000)
NOTIFICATION_REQUESTS_PAGE = PageSize(40, 80)
FOLLOW_REQUESTS_PAGE = PageSize(40, 80)
BLOCKS_PAGE = PageSize(40, 80)
MUTES_PAGE = PageSize(40, 80)
DOMAIN_BLOCKS_PAGE = PageSize(100, 200)
FAVOURITES_PAGE = PageSize(20, 40)
BOOKMARKS_PAGE = PageSize(20, 40)
CONVERSATIONS_PAGE = PageSize(20, 40)
SEARCH_PAGE = PageSize(20, 40)
FOLLOWED_TAGS_PAGE = PageSize(100, 200)
LIST_ACCOUNTS_PAGE = PageSize(40, 80)  # here limit=0 means all of them
SCHEDULED_STATUSES_PAGE = PageSize(20, 40)
TRENDS_PAGE = PageSize(10, 20)
ADMIN_ACCOUNTS_PAGE = PageSize(100, 200)
ADMIN_REPORTS_PAGE = PageSize(100, 200)

# --- Requests (reliability 5g) ---------------------------------------------------------------

REQUEST_LINE_BYTES = 8 * KIB
REQUEST_HEADERS = 100
REQUEST_HEADERS_BYTES = 16 * KIB
BODY_BYTES = 256 * KIB  # JSON and forms; media have their own
INBOX_BYTES = 1 * MIB
WEBSOCKET_MESSAGE_BYTES = 64 * KIB
JSON_DEPTH = 64
IDS = 1000  # of an ``ids[]`` that has no narrower limit of its own
TYPES = 64
TIMELINES = 8
URI = 2000
PUSH_ENDPOINT = 2048

# --- Web Push (reliability T47) --------------------------------------------------------------

PUSH_BODY = 140
PUSH_PLAINTEXT_BYTES = 3993
# Devices of one person (reliability T45), and what of a policy that means nothing is kept.
PUSH_SUBSCRIPTIONS = 30
PUSH_POLICY = 64

# --- Bytes behind characters (reliability T54) -----------------------------------------------

# One grapheme cluster can carry any number of combining marks, and one URL or one mention can
# be as long as the body allows, so a limit in characters alone limits nothing. The longest
# emoji sequences of Unicode take 35 bytes.
BYTES_PER_CHARACTER = 64
STATUS_BYTES = 64 * KIB
