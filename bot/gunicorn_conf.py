"""How gunicorn serves the site: `gunicorn --config python:bot.gunicorn_conf bot.wsgi`. Its command line overrides this.

These settings are in a file because gunicorn ignores unknown names in a file, but refuses unknown options on its command line.
"""

worker_class = "gthread"
workers = 2
threads = 8
graceful_timeout = 25  # seconds for requests that go on at SIGTERM; docs/deploy.md asks supervisors to wait for 30
control_socket_disable = True  # from gunicorn 25.1 on: a process that can write to the socket can change the workers
umask = 0o077  # only its user may read the files that gunicorn makes
