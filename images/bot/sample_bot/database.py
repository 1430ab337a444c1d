"""The database pool: it needs no database to start, and survives its restarts."""
import asyncio

import asyncpg

HEALTH_SECONDS = 2
POOL_SIZE = 10

# What a request meets when the database is away, starting, or not yet migrated.
UNAVAILABLE = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.TooManyConnectionsError,
    asyncpg.UndefinedTableError,
)


async def make_pool(url: str) -> asyncpg.Pool:
    """With a minimum of 0 nothing is connected until it is needed; a broken connection is replaced when next taken."""
    return await asyncpg.create_pool(
        url, min_size=0, max_size=POOL_SIZE, timeout=5, command_timeout=10, max_inactive_connection_lifetime=60
    )


async def answers(pool: asyncpg.Pool) -> bool:
    """Whether the database answers a query within two seconds."""
    check = asyncio.ensure_future(pool.fetchval("SELECT 1"))
    # Not wait_for: it waits for the cancelled query's clean-up, which can hang on a host that went away.
    done, _ = await asyncio.wait({check}, timeout=HEALTH_SECONDS)
    if not done:
        check.cancel()
        return False
    error = check.exception()
    if error is not None and not isinstance(error, (*UNAVAILABLE, asyncpg.PostgresError)):
        raise error
    return error is None


async def add_interaction(pool: asyncpg.Pool, user_id: int, target_id: int, kind: str) -> int | None:
    """The new row's id, or None where that user already has an interaction with that target."""
    async with pool.acquire(timeout=5) as connection:
        return await connection.fetchval(
            "INSERT INTO interactions (user_id, target_id, interaction_type) VALUES ($1, $2, $3)"
            " ON CONFLICT (user_id, target_id) DO NOTHING RETURNING id",
            user_id,
            target_id,
            kind,
        )


async def count_interactions(pool: asyncpg.Pool) -> int:
    async with pool.acquire(timeout=5) as connection:
        return await connection.fetchval("SELECT count(*) FROM interactions")
