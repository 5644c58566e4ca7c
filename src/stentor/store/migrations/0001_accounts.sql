-- Times are milliseconds since the epoch. A local account has the domain ''.
CREATE TABLE accounts (
  id bigint PRIMARY KEY,
  username text NOT NULL,
  domain text NOT NULL DEFAULT '',
  actor_type text NOT NULL DEFAULT 'Person',
  display_name text NOT NULL DEFAULT '',
  note text NOT NULL DEFAULT '',
  fields text NOT NULL DEFAULT '[]',
  locked boolean NOT NULL DEFAULT FALSE,
  discoverable boolean,
  indexable boolean NOT NULL DEFAULT FALSE,
  hide_collections boolean,
  avatar text NOT NULL DEFAULT '',
  avatar_description text NOT NULL DEFAULT '',
  header text NOT NULL DEFAULT '',
  header_description text NOT NULL DEFAULT '',
  uri text NOT NULL DEFAULT '',
  url text NOT NULL DEFAULT '',
  attribution_domains text NOT NULL DEFAULT '[]',
  show_media boolean NOT NULL DEFAULT TRUE,
  show_media_replies boolean NOT NULL DEFAULT TRUE,
  show_featured boolean NOT NULL DEFAULT TRUE,
  memorial boolean NOT NULL DEFAULT FALSE,
  moved_to_id bigint REFERENCES accounts (id) ON DELETE SET NULL,
  statuses_count bigint NOT NULL DEFAULT 0,
  followers_count bigint NOT NULL DEFAULT 0,
  following_count bigint NOT NULL DEFAULT 0,
  last_status_at bigint,
  created_at bigint NOT NULL,
  first_seen_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  silenced_at bigint,
  sensitized_at bigint,
  suspended_at bigint,
  deletion_requested_at bigint,
  role_id bigint NOT NULL DEFAULT -99,
  version bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX accounts_handle ON accounts (lower(username), lower(domain));
CREATE INDEX accounts_domain ON accounts (domain, id);
CREATE INDEX accounts_staff ON accounts (role_id) WHERE role_id <> -99;

-- The person behind a local account. Remote accounts have no row here. notification_emails names
-- the types that he wants to be told of by e-mail, separated by commas.
CREATE TABLE users (
  account_id bigint PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  email text NOT NULL,
  password_hash text NOT NULL,
  locale text NOT NULL DEFAULT 'en',
  time_zone text,
  reason text NOT NULL DEFAULT '',
  created_by_application_id bigint,
  created_at bigint NOT NULL,
  confirmed_at bigint,
  approved boolean NOT NULL DEFAULT TRUE,
  disabled boolean NOT NULL DEFAULT FALSE,
  last_active_at bigint,
  default_privacy text NOT NULL DEFAULT 'public',
  default_sensitive boolean NOT NULL DEFAULT FALSE,
  default_language text,
  default_quote_policy text NOT NULL DEFAULT 'public',
  notification_emails text NOT NULL DEFAULT 'mention,follow,follow_request,quote',
  always_send_emails boolean NOT NULL DEFAULT FALSE,
  settings text NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX users_email ON users (lower(email));
