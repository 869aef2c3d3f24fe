"""Listeners for Slack's requests, in a module for each interaction. After every request, the person can read a sentence."""
