-- As for accounts: the version of a status rises with every change of the row, of its mentions
-- and of its tags, whoever makes it.
CREATE TRIGGER statuses_version BEFORE UPDATE ON statuses
  FOR EACH ROW EXECUTE FUNCTION raise_version();
CREATE FUNCTION raise_status_version() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN UPDATE statuses SET version = version WHERE id = COALESCE(NEW.status_id, OLD.status_id); RETURN NULL; END $$;
CREATE TRIGGER mentions_version AFTER INSERT OR UPDATE OR DELETE ON mentions
  FOR EACH ROW EXECUTE FUNCTION raise_status_version();
CREATE TRIGGER status_tags_version AFTER INSERT OR DELETE ON status_tags
  FOR EACH ROW EXECUTE FUNCTION raise_status_version();
