"""Every entity that goes over the wire, field by field.

Written from notifications.md part 2 and surroundings.md C1, C3, C5, C11 to C13 and C15. The
language is that of `tests.shapes`.
"""

ACCOUNTS = """
# surroundings C3.1
Account
  id: id
  username: text
  acct: text
  display_name: str
  locked: bool
  bot: bool
  discoverable: bool | null
  indexable: bool
  group: bool
  created_at: midnight
  note: html
  url: url
  uri: url
  avatar: url
  avatar_static: url
  avatar_description: str
  header: url
  header_static: url
  header_description: str
  followers_count: int
  following_count: int
  statuses_count: int
  last_status_at: date | null
  hide_collections: bool | null
  show_media: bool
  show_media_replies: bool
  show_featured: bool
  noindex?: bool
  feature_approval: FeatureApproval
  emojis: [] -- there are no custom emojis
  roles?: [Role]
  fields: [Field]
  moved?: MovedAccount
  suspended?: true
  limited?: true
  memorial?: true
# Where somebody moved to; whether that one moved on is not told.
MovedAccount < Account
  - moved
FeatureApproval
  automatic: ["public"]
  manual: [] -- nobody can be asked
  current_user: "automatic" | "denied"
Role
  id: role
  name: text
  color: "" -- roles have no colours
Field
  name: str
  value: str
  verified_at: null -- no links are followed, so none is verified

# C3.2
CredentialAccount < Account
  source: Source
  role: CredentialRole
Source
  privacy: "public" | "unlisted" | "private"
  sensitive: bool
  language: text | null
  note: str
  fields: [SourceField]
  follow_requests_count: int
  hide_collections: bool | null
  discoverable: bool | null
  indexable: bool
  attribution_domains: [text]
  quote_policy: "public" | "followers" | "nobody"
SourceField
  name: str
  value: str
  verified_at: null -- as in Field
CredentialRole
  id: role
  name: str
  permissions: digits
  color: "" -- as in Role
  highlighted: bool
  collection_limit: int
Profile
  id: id
  display_name: str
  note: str
  formatted_note: html
  fields: [SourceField]
  formatted_fields: [Field]
  avatar: url | null
  avatar_static: url | null
  avatar_description: str
  header: url | null
  header_static: url | null
  header_description: str
  locked: bool
  bot: bool
  hide_collections: bool | null
  discoverable: bool | null
  indexable: bool
  show_media: bool
  show_media_replies: bool
  show_featured: bool
  attribution_domains: [text]
  featured_tags: [FeaturedTag]

# C3.3, C3.4 (notifications.md 2.4), C3.5, C3.6
MutedAccount < Account
  mute_expires_at: datetime | null
PartialAccount
  id: id
  acct: text
  locked: bool
  bot: bool
  url: url
  avatar: url
  avatar_static: url
  avatar_description: str
Relationship
  id: id
  following: bool
  showing_reblogs: bool
  notifying: bool
  languages: [text]+ | null
  followed_by: bool
  blocking: bool
  blocked_by: bool
  muting: bool
  muting_notifications: bool
  muting_expires_at: seconds | null
  requested: bool
  requested_by: bool
  domain_blocking: bool
  endorsed: bool
  note: str
FamiliarFollowers
  id: id
  accounts: [Account]
Mention
  id: id
  username: text
  url: url
  acct: text

# C12.2
Preferences
  "posting:default:visibility": "public" | "unlisted" | "private"
  "posting:default:sensitive": bool
  "posting:default:language": text | null
  "posting:default:quote_policy": "public" | "followers" | "nobody"
  "reading:expand:media": "default" | "show_all" | "hide_all"
  "reading:expand:spoilers": bool
  "reading:autoplay:gifs": bool
"""

STATUSES = """
# surroundings C5. Nobody can hide his application here, so the key is always there.
Status
  id: id
  created_at: datetime
  in_reply_to_id: id | null
  in_reply_to_account_id: id | null
  sensitive: bool
  spoiler_text: str
  visibility: "public" | "unlisted" | "private" | "direct"
  language: text | null
  uri: url
  url: url
  replies_count: int
  reblogs_count: int
  favourites_count: int
  quotes_count: int
  edited_at: datetime | null
  favourited?: bool
  reblogged?: bool
  muted?: bool
  bookmarked?: bool
  pinned?: bool
  content: html
  filtered?: [FilterResult]
  reblog: OriginalStatus | null
  application: StatusApplication | null
  account: Account
  media_attachments: [] -- nothing can be attached yet
  mentions: [Mention]
  tags: [StatusTag]
  emojis: [] -- there are no custom emojis
  tagged_collections: [] -- links to collections are not looked for
  quote: Quote | null
  card: null -- no page is fetched for a preview
  poll: Poll | null
  quote_approval: QuoteApproval
OriginalStatus < Status
  reblog: null -- a reblog of a reblog is one of the original
QuotedStatus < OriginalStatus
  quote: ShallowQuote | null
# The answer to DELETE (trap 42).
DeletedStatus < Status
  - content
  text: str
StatusApplication
  name: text
  website: url | null
StatusTag
  name: text
  url: url
Quote
  state: "pending" | "accepted" | "rejected" | "revoked" | "deleted" | "unauthorized"
    | "blocked_account" | "blocked_domain" | "muted_account"
  quoted_status: QuotedStatus | null
ShallowQuote
  state: "pending" | "accepted" | "rejected" | "revoked" | "deleted" | "unauthorized"
    | "blocked_account" | "blocked_domain" | "muted_account"
  quoted_status_id: id | null
QuoteApproval
  automatic: ["public" | "followers"]
  manual: [] -- nobody is asked: a policy allows or does not
  current_user: "automatic" | "denied" | "unknown"

# C5.1, C11.1
StatusSource
  id: id
  text: str
  spoiler_text: str
StatusEdit
  content: html
  spoiler_text: str
  sensitive: bool
  created_at: datetime
  account: Account
  media_attachments: [] -- nothing can be attached yet
  emojis: [] -- there are no custom emojis
  poll?: EditedPoll
  quote?: Quote
EditedPoll
  options: [EditedOption]+
EditedOption
  title: text
Context
  ancestors: [Status]
  descendants: [Status]
Poll
  id: id
  expires_at: datetime | null
  expired: bool
  multiple: bool
  votes_count: int
  voters_count: int
  voted?: bool
  own_votes?: [int]
  options: [PollOption]+
  emojis: [] -- there are no custom emojis
PollOption
  title: text
  votes_count: int | null
Conversation
  id: id
  unread: bool
  accounts: [Account]+
  last_status: Status | null
# A tag that nobody has used yet has no row, so no id.
Tag
  id: id | ""
  name: text
  url: url
  history: [TagDay]+
  following?: bool
  featuring?: bool
TagDay
  day: digits
  uses: digits
  accounts: digits
FeaturedTag
  id: id
  name: text
  url: url
  statuses_count: digits
  last_status_at: date | null
List
  id: id
  title: text
  replies_policy: "followed" | "list" | "none"
  exclusive: bool
Search
  accounts: [Account]
  statuses: [Status]
  hashtags: [Tag]
  collections: [] -- collections are not searched

# C12.3
FilterSummary
  id: id
  title: text
  context: ["home" | "notifications" | "public" | "thread" | "account"]+
  expires_at: datetime | null
  filter_action: "warn" | "hide" | "blur"
Filter < FilterSummary
  keywords: [FilterKeyword]
  statuses: [FilterStatus]
FilterKeyword
  id: id
  keyword: text
  whole_word: bool
FilterStatus
  id: id
  status_id: id
FilterResult
  filter: FilterSummary
  keyword_matches: [text]+ | null
  status_matches: [id]+ | null
FilterV1
  id: id
  phrase: text
  context: ["home" | "notifications" | "public" | "thread" | "account"]+
  whole_word: bool
  expires_at: datetime | null
  irreversible: bool
"""

NOTIFICATIONS = """
# notifications.md 2.1
Notification
  id: id
  type: "mention" | "status" | "reblog" | "follow" | "follow_request" | "favourite" | "poll"
    | "update" | "severed_relationships" | "moderation_warning" | "annual_report"
    | "admin.sign_up" | "admin.report" | "quote" | "quoted_update" | "added_to_collection"
    | "collection_update"
  created_at: datetime
  group_key: text
  filtered?: true
  fallback?: NotificationFallback
  account: Account
  status?: Status | null
  report?: Report | null
  event?: RelationshipSeveranceEvent | null
  moderation_warning?: AccountWarning | null
  collection?: Collection | null

# 2.2, 2.3
GroupedNotificationsResults
  accounts: [Account]
  partial_accounts?: [PartialAccount]
  statuses: [Status]
  notification_groups: [NotificationGroup]
NotificationGroup
  group_key: text
  notifications_count: int
  type: "mention" | "status" | "reblog" | "follow" | "follow_request" | "favourite" | "poll"
    | "update" | "severed_relationships" | "moderation_warning" | "annual_report"
    | "admin.sign_up" | "admin.report" | "quote" | "quoted_update" | "added_to_collection"
    | "collection_update"
  most_recent_notification_id: int
  page_min_id?: id
  page_max_id?: id
  latest_page_notification_at?: datetime
  fallback?: NotificationFallback
  sample_account_ids: [id]+
  status_id?: id | null
  report?: Report | null
  event?: RelationshipSeveranceEvent | null
  moderation_warning?: AccountWarning | null
  collection?: Collection | null
  annual_report?: AnnualReportEvent | null
AnnualReportEvent
  year: digits

# 2.5
NotificationPolicy
  for_not_following: "accept" | "filter" | "drop"
  for_not_followers: "accept" | "filter" | "drop"
  for_new_accounts: "accept" | "filter" | "drop"
  for_private_mentions: "accept" | "filter" | "drop"
  for_limited_accounts: "accept" | "filter" | "drop"
  for_bots: "accept" | "filter" | "drop"
  summary: NotificationSummary
NotificationPolicyV1
  filter_not_following: bool
  filter_not_followers: bool
  filter_new_accounts: bool
  filter_private_mentions: bool
  filter_bots: bool
  summary: NotificationSummary
NotificationSummary
  pending_requests_count: int
  pending_notifications_count: int

# 2.6; ours is in one object of its own
NotificationRequest
  id: id
  created_at: datetime
  updated_at: datetime
  notifications_count: digits
  account: Account
  last_status: Status | null
  stentor: Waiting
Waiting
  types: {int}
  reasons: {int}

# 2.7, 2.8
Report
  id: id
  action_taken: bool
  action_taken_at: datetime | null
  category: "spam" | "legal" | "violation" | "other"
  comment: str
  forwarded: false -- there is nowhere to forward it to
  created_at: datetime
  status_ids: [id]
  rule_ids: [id] | null
  collection_ids: [id]
  target_account: Account
RelationshipSeveranceEvent
  id: id
  type: "domain_block" | "user_domain_block" | "account_suspension"
  purged: false -- what was cut is not kept, so it cannot be purged later
  target_name: text
  followers_count: int
  following_count: int
  created_at: datetime
# The other two actions belong to decisions about single statuses, which cannot be taken here.
AccountWarning
  id: id
  action: "none" | "disable" | "sensitive" | "silence" | "suspend"
  text: str
  status_ids: [id]+ | null
  created_at: datetime
  target_account: Account
  appeal: null -- there are no appeals

# 2.9, with the key of the documentation (B-5) beside that of the code
NotificationFallback
  title: text
  summary: text
  description: null -- always (2.9)
  details: null -- always (B-5)

# 2.10
Collection
  id: id
  uri: url
  name: text
  description: str | null
  language: text | null
  account_id: id
  local: true -- nothing is federated
  sensitive: bool
  discoverable: bool
  url: url
  item_count: int
  created_at: datetime
  updated_at: datetime
  tag: StatusTag | null
  items: [CollectionItem]
CollectionItem
  id: id
  state: "pending" | "accepted" | "rejected" | "revoked"
  created_at: datetime
  account_id?: id

# 2.11 (C12.1)
Markers
  home?: Marker
  notifications?: Marker
Marker
  last_read_id: id
  version: int
  updated_at: datetime

# 2.12: one of the three ids that are numbers
WebPushSubscription
  id: int
  endpoint: url
  standard: bool
  alerts: {bool}
  server_key: key
  policy: str

# Ours
EmailSettings
  available: bool
  always_send_emails: bool
  notification_emails: {bool}+

PushDelivery
  id: id
  notification_id: id | null
  test: bool
  attempt: int
  started_at: datetime
  latency: int
  status: int | null
  outcome: "delivered" | "gone" | "retry" | "too_large" | "refused" | "expired" | "unsent"
  problem: text | null
  explanation: text
  next_attempt_at: datetime | null
PushTest
  outcome: "delivered" | "gone" | "retry" | "too_large" | "refused" | "expired" | "unsent"
    | "waiting"
  explanation: text
  status: int | null
  latency: int | null
  problem: text | null

UnreadCount
  count: int
Merged
  merged: bool

# Ours
Why
  notification_id: id
  type: text
  verdict: "accept" | "filter"
  reason: text
  explanation: text
  created_at: datetime
NotificationDecision
  id: id
  created_at: datetime
  type: text
  verdict: "accept" | "filter" | "drop"
  reason: text
  explanation: text
  account: Account
  status_id: id | null
  notification_id: id | null
NotificationPermission
  account: Account
  created_at: datetime
"""

MODERATION = """
# surroundings C3.7; where the person connected from is not kept, and nobody is invited
AdminAccount
  id: id
  username: text
  domain: text | null
  created_at: datetime
  email: str
  ip: null -- addresses of the network are not kept
  confirmed: bool
  suspended: bool
  silenced: bool
  sensitized: bool
  disabled: bool
  approved: bool
  locale: text | null
  invite_request: text | null
  ips: [] -- as for ip
  account: Account
  role: CredentialRole | null
  created_by_application_id?: id
# C15
AdminReport
  id: id
  action_taken: bool
  action_taken_at: datetime | null
  category: "spam" | "legal" | "violation" | "other"
  comment: str
  forwarded: false -- there is nowhere to forward it to
  created_at: datetime
  updated_at: datetime
  account: AdminAccount
  target_account: AdminAccount
  assigned_account: AdminAccount | null
  action_taken_by_account: AdminAccount | null
  statuses: [Status]
  rules: [] -- the server has no rules that could be named
AdminDomainBlock
  id: id
  domain: text
  digest: text
  created_at: datetime
  severity: "silence" | "suspend" | "noop"
  reject_media: bool
  reject_reports: bool
  private_comment: str | null
  public_comment: str | null
  obfuscate: bool
"""

SERVER = """
# surroundings C13.1
Instance
  domain: text
  title: text
  version: text
  source_url: url
  description: str
  usage: Usage
  thumbnail: Thumbnail
  icon: [Icon]+
  languages: [text]+
  configuration: Configuration
  registrations: Registrations
  api_versions: {int}+
  wrapstodon: null -- there are no annual reports to open
  contact: Contact
  rules: [] -- the server has no rules that could be named
Usage
  users: ActiveUsers
ActiveUsers
  active_month: int
Thumbnail
  url: url
  blurhash: null -- the emblem needs no placeholder
  description: str
Icon
  src: url
  size: text
Configuration
  urls: Urls
  vapid: Vapid
  accounts: AccountLimits
  statuses: StatusLimits
  media_attachments: MediaLimits
  polls: PollLimits
  translation: Translation
  timelines_access: TimelinesAccess
  limited_federation: false -- it is not a closed circle of servers
Urls
  streaming: ws
  status: null -- there is no page about outages
  about: url
  privacy_policy: url
  terms_of_service: null -- there are none
Vapid
  public_key: key
AccountLimits
  max_display_name_length: int
  max_note_length: int
  max_avatar_description_length: int
  max_header_description_length: int
  max_featured_tags: int
  max_pinned_statuses: int
  max_profile_fields: int
  profile_field_name_limit: int
  profile_field_value_limit: int
StatusLimits
  max_characters: int
  max_media_attachments: int
  characters_reserved_per_url: int
MediaLimits
  description_limit: int
  image_matrix_limit: int
  image_size_limit: int
  supported_mime_types: [] -- nothing can be attached yet
  video_frame_rate_limit: int
  video_matrix_limit: int
  video_size_limit: int
PollLimits
  max_options: int
  max_characters_per_option: int
  min_expiration: int
  max_expiration: int
Translation
  enabled: false -- nothing is translated
TimelinesAccess
  live_feeds: Everybody
  hashtag_feeds: Everybody
  trending_link_feeds: Nobody
Everybody
  local: "public"
  remote: "public"
Nobody
  local: "disabled"
  remote: "disabled"
Registrations
  enabled: bool
  approval_required: bool
  reason_required: bool
  message: null -- an operator cannot set one
  min_age: null -- the same
  url: null -- the same
Contact
  email: str
  account: Account | null

# C13.2
InstanceV1
  uri: text
  title: text
  short_description: str
  description: str
  email: str
  version: text
  urls: UrlsV1
  stats: Stats
  thumbnail: url
  languages: [text]+
  registrations: bool
  approval_required: bool
  invites_enabled: false -- nobody can be invited
  configuration: ConfigurationV1
  contact_account: Account | null
  rules: [] -- the server has no rules that could be named
UrlsV1
  streaming_api: ws
Stats
  user_count: int
  status_count: int
  domain_count: int
ConfigurationV1
  accounts: AccountLimitsV1
  statuses: StatusLimits
  media_attachments: MediaLimits
  polls: PollLimits
AccountLimitsV1
  max_featured_tags: int

# B3
Week
  week: digits
  statuses: digits
  logins: digits
  registrations: digits
Language
  code: text
  name: text
ExtendedDescription
  updated_at: null -- there is none
  content: ""
PrivacyPolicy
  updated_at: datetime
  content: html
Collections
  collections: [Collection]
WrappedCollection
  collection: Collection
CollectionWithAccounts
  accounts: [Account]+ -- its owner is always there
  collection: Collection
WrappedCollectionItem
  collection_item: CollectionItem
AnnualReports
  annual_reports: [] -- a command makes them, none is kept to be looked at
  accounts: [] -- the same
  statuses: [] -- the same
AnnualReportState
  state: "ineligible"

# C13.3
NodeInfoLinks
  links: [NodeInfoLink]+
NodeInfoLink
  rel: url
  href: url
NodeInfo
  version: "2.0"
  software: Software
  protocols: [] -- nothing is federated
  services: NodeInfoServices
  usage: NodeInfoUsage
  openRegistrations: bool
  metadata: NodeInfoMetadata
Software
  name: text
  version: text
NodeInfoServices
  outbound: [] -- nothing is federated
  inbound: [] -- the same
NodeInfoUsage
  users: NodeInfoUsers
  localPosts: int
NodeInfoUsers
  total: int
  activeMonth: int
  activeHalfyear: int
NodeInfoMetadata
  nodeName: text
  nodeDescription: str
WebFinger
  subject: text
  aliases: [url]+
  links: [WebFingerLink]+
WebFingerLink
  rel: text
  type?: text
  href: url
"""

SIGN_IN = """
# surroundings C1
Application
  id: id
  name: text
  website: url | null
  scopes: [text]+
  redirect_uris: [text]+
  vapid_key: key
  redirect_uri: text
CredentialApplication < Application
  client_id: text
  client_secret: text
  client_secret_expires_at: int
Token
  access_token: text
  token_type: "Bearer"
  scope: text
  created_at: int
UserInfo
  iss: url
  sub: url
  name: text
  preferred_username: text
  profile: url
  picture: url
Metadata
  issuer: url
  service_documentation: url
  authorization_endpoint: url
  token_endpoint: url
  app_registration_endpoint: url
  revocation_endpoint: url
  userinfo_endpoint: url
  scopes_supported: [text]+
  response_types_supported: [text]+
  response_modes_supported: [text]+
  grant_types_supported: [text]+
  token_endpoint_auth_methods_supported: [text]+
  code_challenge_methods_supported: [text]+
  authorization_response_iss_parameter_supported: true -- it always is

# D4: what a failure says; only /oauth adds a description, only registration and profile details
Error
  error: text
  error_description?: text
  details?: {[ErrorDetail]+}+
  unexpected_accounts?: [Account]+
  existing_domain_block?: AdminDomainBlock
ErrorDetail
  error: text
  description: text

# The empty success (0.2)
Nothing
"""

ALL = ACCOUNTS + STATUSES + NOTIFICATIONS + MODERATION + SERVER + SIGN_IN
