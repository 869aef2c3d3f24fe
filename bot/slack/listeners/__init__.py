"""What happens on each of Slack's requests, one module for each kind. Every request ends in words for the person."""
