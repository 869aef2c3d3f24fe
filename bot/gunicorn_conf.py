"""How gunicorn serves the site: `gunicorn --config python:bot.gunicorn_conf bot.wsgi`. Its command line overrides this.

These settings are in a file because gunicorn ignores unknown names in a file, but refuses unknown options on its command line.
"""

worker_class = "gthread"
workers = 2
threads = 8
graceful_timeout = 25  # seconds for requests that go on at SIGTERM; docs/deploy.md asks supervisors to wait for 30
# gunicorn 25.1 and newer: a process that can write to its control socket can change the number of workers.
control_socket_disable = True
umask = 0o077  # only its user may read the files that gunicorn makes
