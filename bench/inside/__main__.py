"""`python -m bench.inside MODULE` reads questions from standard input, and answers each with a line of JSON.

A question is a JSON list: a name from the module's QUESTIONS, and its arguments.
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
