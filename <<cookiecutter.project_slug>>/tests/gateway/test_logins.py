"""Finding a login by the hash of its key."""

import pytest
from django.db import connection

from gateway.models.logins import alive


@pytest.mark.postgres
@pytest.mark.django_db
def test_finding_a_login_reads_an_index_not_the_table() -> None:
    """`migrate` has made the index, and its expression is the one that is asked for."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN SELECT {alive('%s')}", ["0" * 64, "2030-01-01T00:00:00Z"])
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "gateway_login_hash" in plan
