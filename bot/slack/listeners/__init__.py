"""Listeners for Slack's requests, in a module for each interaction.

If something fails, the person reads a sentence; in the picker's menu, they find nothing.
"""
