"""`python -m bench.inside MODULE`: answers on standard output what is asked on standard input, a JSON line each.

A question is a name out of the module's QUESTIONS and its arguments. Django is set up before the module is loaded.
"""

import importlib
import json
import sys

import django

from bot import env


def main(module: str) -> None:
    env.default_settings()
    django.setup()
    questions = importlib.import_module(f"bench.inside.{module}").QUESTIONS
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(questions[name](*arguments)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
