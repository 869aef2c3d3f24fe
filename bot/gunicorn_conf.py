"""How gunicorn serves the site: `gunicorn --config python:bot.gunicorn_conf bot.wsgi`. Its command line overrides this.

A file, because gunicorn ignores names here that it doesn't know, and refuses unknown options of its command line.
"""

worker_class = "gthread"
workers = 2
threads = 8
graceful_timeout = 25  # seconds for requests that go on at SIGTERM; docs/deploy.md asks supervisors to wait for 30
control_socket_disable = True  # from gunicorn 25.1 on: whoever may write to the socket may change the workers
umask = 0o077  # of its own files
