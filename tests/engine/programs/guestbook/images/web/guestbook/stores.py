import os

import psycopg2
import redis


def database():
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    connection.autocommit = True
    return connection


def queue() -> redis.Redis:
    return redis.Redis.from_url(os.environ["REDIS_URL"])
