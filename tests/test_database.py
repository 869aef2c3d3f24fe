"""The stand-alone project's connection to its database."""

import os
import socket

import pytest
from django.db import connection


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="only its client leaves this to the kernel")
def test_a_machine_that_vanishes_while_its_answer_is_waited_for_is_found_out() -> None:
    connection.ensure_connection()
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000
        idle, interval = (
            sock.getsockopt(socket.IPPROTO_TCP, which) for which in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL)
        )
    assert idle + interval <= 15
