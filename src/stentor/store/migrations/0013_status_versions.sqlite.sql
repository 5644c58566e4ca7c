-- As for accounts: the version of a status rises with every change of the row, of its mentions
-- and of its tags, whoever makes it.
CREATE TRIGGER statuses_version AFTER UPDATE ON statuses WHEN NEW.version = OLD.version
BEGIN UPDATE statuses SET version = OLD.version + 1 WHERE id = NEW.id; END;
CREATE TRIGGER mentions_added AFTER INSERT ON mentions
BEGIN UPDATE statuses SET version = version + 1 WHERE id = NEW.status_id; END;
CREATE TRIGGER mentions_changed AFTER UPDATE ON mentions
BEGIN UPDATE statuses SET version = version + 1 WHERE id = NEW.status_id; END;
CREATE TRIGGER mentions_removed AFTER DELETE ON mentions
BEGIN UPDATE statuses SET version = version + 1 WHERE id = OLD.status_id; END;
CREATE TRIGGER status_tags_added AFTER INSERT ON status_tags
BEGIN UPDATE statuses SET version = version + 1 WHERE id = NEW.status_id; END;
CREATE TRIGGER status_tags_removed AFTER DELETE ON status_tags
BEGIN UPDATE statuses SET version = version + 1 WHERE id = OLD.status_id; END;
