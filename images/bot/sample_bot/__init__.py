"""A SAMPLE bot: stands in for the application's own image, with the same contract towards the deployment."""
