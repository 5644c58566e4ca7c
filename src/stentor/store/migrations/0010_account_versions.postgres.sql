-- A version that rises with every change of the row, whoever makes it: what a process remembers
-- of an account is good while its version is the same.
CREATE FUNCTION raise_version() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN NEW.version := OLD.version + 1; RETURN NEW; END $$;
CREATE TRIGGER accounts_version BEFORE UPDATE ON accounts
  FOR EACH ROW EXECUTE FUNCTION raise_version();
