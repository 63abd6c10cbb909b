"""A face for Pipecat: a service that stands in a pipeline right after the voice."""
