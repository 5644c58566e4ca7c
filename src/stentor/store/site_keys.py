"""The fingerprint of the keys that all servers on this database share."""

from __future__ import annotations

from stentor.store.database import Reader, Transaction


async def current(db: Reader) -> str | None:
    """Whose keys count here; None before a server has ever run."""
    found: str | None = await db.fetch_value("SELECT fingerprint FROM site_keys WHERE id = 1")
    return found


async def claim(tx: Transaction, fingerprint: str) -> str:
    """Notes these keys if there are none yet; those that count."""
    sql = """
        INSERT INTO site_keys (id, fingerprint) VALUES (1, $1)
        ON CONFLICT (id) DO NOTHING
    """
    await tx.run(sql, fingerprint)
    return await current(tx) or fingerprint


async def replace(tx: Transaction, fingerprint: str) -> None:
    """From now on these keys count."""
    sql = """
        INSERT INTO site_keys (id, fingerprint) VALUES (1, $1)
        ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint
    """
    await tx.run(sql, fingerprint)
