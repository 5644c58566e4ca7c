-- A version that rises with every change of the row, whoever makes it: what a process remembers
-- of an account is good while its version is the same.
CREATE TRIGGER accounts_version AFTER UPDATE ON accounts WHEN NEW.version = OLD.version
BEGIN UPDATE accounts SET version = OLD.version + 1 WHERE id = NEW.id; END;
