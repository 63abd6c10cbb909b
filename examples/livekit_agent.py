"""A voice agent of LiveKit with a face: give the session the ears, the brain and the voice of your choice.

pip install ".[livekit]" "livekit-agents[openai]"
python examples/livekit_agent.py dev
"""

from __future__ import annotations

from livekit import agents

from splatavatar.serve.livekit import FaceOptions, SplatAvatar


async def entrypoint(ctx: agents.JobContext) -> None:
    """One conversation in one room."""
    await ctx.connect()
    session: agents.AgentSession[None] = agents.AgentSession(llm="openai/gpt-4.1-mini", tts="openai/tts-1")
    avatar = SplatAvatar("demo", FaceOptions(label="Avatar"))
    await avatar.start(session, room=ctx.room)
    await session.start(agent=agents.Agent(instructions="Answer in one sentence."), room=ctx.room)
    await session.generate_reply(instructions="Greet the user.")


if __name__ == "__main__":
    agents.cli.run_app(agents.WorkerOptions(entrypoint_fnc=entrypoint))
