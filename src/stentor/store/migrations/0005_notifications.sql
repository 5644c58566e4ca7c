-- Every key of these tables begins with the recipient, so that PostgreSQL can keep them in
-- partitions by him.

-- Bumped with every change of what its owner could list; locks an inbox while ids are given
-- out, so that they become visible in their order.
CREATE TABLE notification_inboxes (
  account_id bigint PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  version bigint NOT NULL DEFAULT 0
);

-- Clustered by recipient and id. `filtered` leads the id: a page never wades through what a
-- policy has hidden, and whoever looks for either names both. (recipient, type, activity) is told
-- once. Ids come from one sequence: no index has to see to it that there are no two.
CREATE TABLE notifications (
  account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  filtered boolean NOT NULL DEFAULT FALSE,
  id bigint NOT NULL,
  type text NOT NULL,
  activity_id bigint NOT NULL,
  from_account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  status_id bigint REFERENCES statuses (id) ON DELETE CASCADE,
  group_key text COLLATE "C",
  reason text NOT NULL DEFAULT '',
  created_at bigint NOT NULL,
  PRIMARY KEY (account_id, filtered, id)
) WITHOUT ROWID;
-- The type comes last: nothing may be tempted to read all of a type along this index.
CREATE UNIQUE INDEX notifications_once ON notifications (account_id, activity_id, type);
CREATE INDEX notifications_by_type ON notifications (account_id, filtered, type, id);
-- Also for whatever a sender takes along when he goes.
CREATE INDEX notifications_by_sender ON notifications (from_account_id, account_id, id);
-- What a notification request counts. IS TRUE: for that alone, no list is to be read along it.
CREATE INDEX notifications_requested ON notifications (account_id, from_account_id, id)
  WHERE filtered AND (type IN ('mention', 'quote')) IS TRUE;
CREATE INDEX notifications_of_status ON notifications (status_id) WHERE status_id IS NOT NULL;
-- What stands alone in a list of groups, and the same by type; worded apart, so that neither
-- is read for the other.
CREATE INDEX notifications_keyless ON notifications (account_id, filtered, id)
  WHERE group_key IS NULL;
CREATE INDEX notifications_keyless_by_type ON notifications (account_id, filtered, type, id)
  WHERE (group_key IS NULL) IS TRUE;
CREATE INDEX notifications_of_group ON notifications (account_id, group_key, id) WHERE group_key IS NOT NULL;

-- What a page of groups shows, kept with each notification. `newest` is JSON: up to 8 pairs of
-- notification id and sender id, newest first. The last members are counted in an open segment,
-- the earlier ones in closed segments of some 500, so that "how many up to this id" never
-- counts more than one segment. Keys are compared byte by byte: the groups of the same things
-- from an hour on are a range of the primary key.
CREATE TABLE notification_groups (
  account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  group_key text COLLATE "C" NOT NULL,
  bucket bigint NOT NULL,
  type text NOT NULL,
  status_id bigint REFERENCES statuses (id) ON DELETE CASCADE,
  newest_id bigint NOT NULL,
  newest_at bigint NOT NULL,
  oldest_id bigint NOT NULL,
  oldest_at bigint NOT NULL,
  notifications_count bigint NOT NULL,
  segment_first_id bigint NOT NULL,
  segment_count bigint NOT NULL,
  newest text NOT NULL,
  PRIMARY KEY (account_id, group_key)
) WITHOUT ROWID;
CREATE INDEX notification_groups_newest ON notification_groups (account_id, type, newest_id);
CREATE INDEX notification_groups_oldest ON notification_groups (account_id, type, oldest_id);
CREATE INDEX notification_groups_begun ON notification_groups (account_id, oldest_at);
CREATE INDEX notification_groups_of_status ON notification_groups (status_id) WHERE status_id IS NOT NULL;

CREATE TABLE notification_group_segments (
  account_id bigint NOT NULL,
  group_key text COLLATE "C" NOT NULL,
  first_id bigint NOT NULL,
  notifications_count bigint NOT NULL,
  PRIMARY KEY (account_id, group_key, first_id),
  FOREIGN KEY (account_id, group_key)
    REFERENCES notification_groups (account_id, group_key) ON DELETE CASCADE
) WITHOUT ROWID;

-- 0 accept, 1 filter, 2 drop.
CREATE TABLE notification_policies (
  account_id bigint PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  for_not_following smallint NOT NULL DEFAULT 0,
  for_not_followers smallint NOT NULL DEFAULT 0,
  for_new_accounts smallint NOT NULL DEFAULT 0,
  for_private_mentions smallint NOT NULL DEFAULT 1,
  for_limited_accounts smallint NOT NULL DEFAULT 1,
  for_bots smallint NOT NULL DEFAULT 0
);

CREATE TABLE notification_permissions (
  account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  from_account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  created_at bigint NOT NULL,
  PRIMARY KEY (account_id, from_account_id)
);
CREATE INDEX notification_permissions_from ON notification_permissions (from_account_id);

CREATE TABLE notification_requests (
  id bigint NOT NULL,
  account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  from_account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  last_status_id bigint REFERENCES statuses (id) ON DELETE SET NULL,
  notifications_count bigint NOT NULL DEFAULT 0,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (account_id, id),
  UNIQUE (account_id, from_account_id)
);
CREATE INDEX notification_requests_from ON notification_requests (from_account_id);
CREATE INDEX notification_requests_of_status ON notification_requests (last_status_id);

CREATE TABLE markers (
  account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  timeline text NOT NULL,
  last_read_id bigint NOT NULL DEFAULT 0,
  version bigint NOT NULL DEFAULT 0,
  updated_at bigint NOT NULL,
  PRIMARY KEY (account_id, timeline)
);
