-- As for accounts: the version of a status rises with every change of the row, of its mentions
-- and of its tags, whoever makes it. Once for each statement: a row that is updated fifty times in a
-- transaction has fifty versions in the table. Rows are locked by rising id, as everywhere.
CREATE TRIGGER statuses_version BEFORE UPDATE ON statuses
  FOR EACH ROW EXECUTE FUNCTION raise_version();
CREATE FUNCTION raise_status_versions() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN UPDATE statuses SET version = statuses.version FROM (
      SELECT s.id FROM statuses s WHERE s.id IN (SELECT status_id FROM changed)
      ORDER BY s.id FOR NO KEY UPDATE) AS held
    WHERE statuses.id = held.id; RETURN NULL; END $$;
CREATE TRIGGER mentions_added AFTER INSERT ON mentions REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION raise_status_versions();
CREATE TRIGGER mentions_changed AFTER UPDATE ON mentions REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION raise_status_versions();
CREATE TRIGGER mentions_removed AFTER DELETE ON mentions REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION raise_status_versions();
CREATE TRIGGER status_tags_added AFTER INSERT ON status_tags REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION raise_status_versions();
CREATE TRIGGER status_tags_removed AFTER DELETE ON status_tags REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION raise_status_versions();
