"""The service over HTTP and WebRTC: sessions that programs open and browsers show."""
