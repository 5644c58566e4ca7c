-- What each commit has changed, for whoever remembers rows and answers (store/changes.py has the
-- kinds of keys and says the same of SQLite). A few minutes are kept. Not logged: after a crash
-- nobody remembers anything, as his connection is a new one.
CREATE UNLOGGED TABLE touches (
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  keys bigint[] NOT NULL
);
CREATE INDEX touches_by_xid ON touches (xid);
-- What was touched by transactions before `xid` may be forgotten already; what came before `next`
-- goes the next time.
CREATE TABLE touches_forgotten (
  xid xid8 NOT NULL,
  next xid8 NOT NULL,
  moved_at timestamptz NOT NULL
);
INSERT INTO touches_forgotten SELECT '0', pg_current_xact_id(), now();

-- -1 is everything.
CREATE FUNCTION touch_everything() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN IF TG_OP <> 'TRUNCATE' THEN IF NOT EXISTS (SELECT FROM changed) THEN
      RETURN NULL; END IF; END IF;
      INSERT INTO touches (keys) VALUES ('{-1}'); RETURN NULL; END $$;

-- An account in which only these have changed looks different, and that is all. For each row: to look
-- at two of them as values costs less than to compare two tables.
CREATE FUNCTION touch_account() RETURNS trigger LANGUAGE plpgsql AS
  $$ DECLARE touched bigint := -1; BEGIN
    IF TG_OP = 'UPDATE' THEN
      NEW.statuses_count := OLD.statuses_count; NEW.followers_count := OLD.followers_count;
      NEW.following_count := OLD.following_count; NEW.last_status_at := OLD.last_status_at;
      NEW.version := OLD.version; END IF;
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN
      touched := NEW.id << 2 | 2; END IF;
    INSERT INTO touches (keys) VALUES (ARRAY[touched]); RETURN NULL; END $$;
CREATE TRIGGER touches_when_added AFTER INSERT ON accounts
  FOR EACH ROW EXECUTE FUNCTION touch_account();
CREATE TRIGGER touches_when_changed AFTER UPDATE ON accounts
  FOR EACH ROW EXECUTE FUNCTION touch_account();
CREATE TRIGGER touches_when_removed AFTER DELETE ON accounts
  FOR EACH ROW EXECUTE FUNCTION touch_account();
CREATE TRIGGER touches_when_emptied AFTER TRUNCATE ON accounts
  FOR EACH STATEMENT EXECUTE FUNCTION touch_everything();

-- By table the keys of a row r; whether rows that are added say so (else another table does); and, where
-- a change of the key is none of ours, the keys of a row that only changes. Then the tables that nothing
-- remembered shows. Any other table touches everything.
DO $make$
DECLARE
  one record; run text;
  add text := 'INSERT INTO touches (keys) SELECT array_agg(DISTINCT k.key) FROM %s AS r,'
    ' LATERAL (VALUES %s) AS k (key) WHERE k.key IS NOT NULL HAVING count(*) > 0; ';
  whole text := '(SELECT * FROM before UNION ALL SELECT * FROM changed)';
BEGIN
  FOR one IN SELECT t.tablename AS name, n.keys, COALESCE(n.adds, TRUE) AS adds, n.keys_of_change
    FROM pg_tables t LEFT JOIN (VALUES
      ('access_tokens', '(COALESCE(r.account_id << 2 | 1, -1))', TRUE, NULL),
      ('bookmarks', '(r.account_id << 2)', TRUE, NULL),
      ('conversation_mutes', '(r.account_id << 2)', TRUE, NULL),
      ('favourites', '(r.account_id << 2)', FALSE, NULL),
      ('follow_requests', '(r.account_id << 2), (r.target_account_id << 2)', TRUE, NULL),
      ('follows', '(r.account_id << 2), (r.target_account_id << 2)', TRUE, NULL),
      ('markers', '(r.account_id << 2)', TRUE, NULL),
      ('mentions', '(r.status_id << 2 | 3)', TRUE, NULL),
      ('notification_inboxes', '(r.account_id << 2)', TRUE, '(r.account_id << 2)'),
      ('notification_requests', '(r.account_id << 2)', TRUE, NULL),
      ('notifications', '(r.account_id << 2)', FALSE, NULL),
      ('poll_votes', '(r.account_id << 2), (r.poll_id << 2 | 3)', TRUE, NULL),
      ('polls', '(r.status_id << 2 | 3)', TRUE, NULL),
      ('status_pins', '(r.account_id << 2)', TRUE, NULL),
      ('status_tags', '(r.status_id << 2 | 3)', TRUE, NULL),
      ('statuses', '(r.id << 2 | 3), (r.reblog_of_id << 2 | 3), (r.account_id << 2)', TRUE,
        '(r.id << 2 | 3)')
    ) AS n (name, keys, adds, keys_of_change) ON n.name = t.tablename
    WHERE t.schemaname = current_schema() AND t.tablename NOT IN (
      'accounts', 'account_conversations', 'conversations', 'email_deliveries',
      'idempotency_keys', 'jobs', 'migrations', 'notification_decisions',
      'notification_group_segments', 'notification_groups', 'presences', 'push_attempts',
      'push_deliveries', 'push_origins', 'rate_counts', 'status_changes', 'status_edits', 'tags',
      'touches', 'touches_forgotten')
  LOOP
    run := 'touch_everything';
    IF one.keys IS NOT NULL THEN
      run := 'touch_' || one.name;
      EXECUTE format('CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN'
        ' IF TG_OP = ''UPDATE'' THEN %s ELSE %s END IF; RETURN NULL; END $body$', run,
        format(add, CASE WHEN one.keys_of_change IS NULL THEN whole ELSE 'changed' END,
          COALESCE(one.keys_of_change, one.keys)), format(add, 'changed', one.keys));
    END IF;
    IF one.adds THEN
      EXECUTE format('CREATE TRIGGER touches_when_added AFTER INSERT ON %I'
        ' REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION %I()',
        one.name, run);
    END IF;
    EXECUTE format('CREATE TRIGGER touches_when_changed AFTER UPDATE ON %I REFERENCING %s'
      ' NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION %I()', one.name,
      CASE WHEN one.keys_of_change IS NULL THEN 'OLD TABLE AS before' END, run);
    EXECUTE format('CREATE TRIGGER touches_when_removed AFTER DELETE ON %I'
      ' REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION %I()',
      one.name, run);
    EXECUTE format('CREATE TRIGGER touches_when_emptied AFTER TRUNCATE ON %I'
      ' FOR EACH STATEMENT EXECUTE FUNCTION touch_everything()', one.name);
  END LOOP;
END $make$;
