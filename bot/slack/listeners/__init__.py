"""Listeners for Slack's requests. Each interaction has a module.

If something fails, the person reads a sentence about it. Only the picker's menu can't show sentences: it is then empty.
"""
