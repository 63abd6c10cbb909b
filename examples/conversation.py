"""A conversation with an avatar on this computer, without any network.

    python examples/conversation.py            talk to the page that opens
    python examples/conversation.py --text     write instead of talking
    python examples/conversation.py --check    nobody needed: a voice plays the user, and the times are printed

What is heard is understood by pocketsphinx, answered by a list of sentences or by a language model (--brain-url), said
by espeak-ng or another voice, and shown by the page of `splatavatar serve`.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import sys
import threading
import webbrowser

from splatavatar.errors import SplatAvatarError
from splatavatar.extras import missing_extra
from splatavatar.printable import printable
from splatavatar.serve.conversation.brain import Brain, ScriptedBrain
from splatavatar.serve.conversation.conversation import Conversation, Happened
from splatavatar.serve.conversation.recogniser import Recogniser
from splatavatar.serve.conversation.rehearsal import Rehearsal
from splatavatar.serve.conversation.remote_brain import RemoteBrain
from splatavatar.serve.conversation.speaker import FaceSpeaker
from splatavatar.serve.http.admission import Admission
from splatavatar.serve.http.app import create_service_app
from splatavatar.serve.http.logs import configure_logs
from splatavatar.serve.http.metrics import Metrics
from splatavatar.serve.http.place import service_place
from splatavatar.serve.http.service import Service
from splatavatar.serve.http.serving import serve
from splatavatar.serve.session.library import Library
from splatavatar.serve.session.registry import Registry
from splatavatar.serve.session.session import Wanted
from splatavatar.serve.voices.open import open_voice
from splatavatar.serve.voices.voice import Voice
from splatavatar.viewer.site import load_site

CHECKED = ("what is your name", "how does this work", "... please stop talking now")
"""lines of the user in --check; the last one interrupts"""
KEY = "SPLATAVATAR_BRAIN_KEY"
SAID = {"user": "you:    ", "avatar": "avatar: ", "interrupted": "(interrupted)", "failed": "failed: "}


def tell(what: Happened) -> None:
    """Print what happens."""
    if what.kind in SAID:
        print(SAID[what.kind] + printable(what.text), flush=True)


def talk(given: argparse.Namespace, voice: Voice, brain: Brain) -> None:
    """Serve the page of one session, and answer who talks there."""
    site = load_site()
    library = Library.of(given.avatar, given.without_consent, "cpu", True, None)
    admission = Admission(1, 1)
    registry = Registry(library, admission, Metrics(admission.limits), unconnected=math.inf, unwatched=math.inf)
    recogniser = None if given.text else Recogniser()

    async def begin(address: str) -> None:
        avatar = library.names()[0]
        session = await registry.open(Wanted(avatar, "client", 512, 512, 30.0), None)
        speaker = FaceSpeaker(session.face, voice, session.cut)
        conversation = Conversation(brain, speaker, tell, recogniser)
        session.speakers.append(conversation.interrupt)
        session.listeners.append(conversation.hear)
        loop = asyncio.get_running_loop()

        def read() -> None:
            for line in sys.stdin:
                if line.strip():
                    loop.call_soon_threadsafe(conversation.take, line.strip())

        if given.text:
            threading.Thread(target=read, daemon=True).start()
        link = f"{address}/agent.html#session={session.id}&token={session.token}"
        print(f"Talk to it at {link}", flush=True)
        print("Write here, a line at a time." if given.text else "Turn the microphone on there.", "Ctrl-C ends.")
        if not given.no_open:
            webbrowser.open(link)

    with service_place("127.0.0.1", given.port, False, None, None) as at:
        configure_logs(False)
        begun: list[asyncio.Task[None]] = []

        def ready() -> None:
            begun.append(asyncio.get_running_loop().create_task(begin(at.address)))

        serve(create_service_app(Service(registry), site), at.listening, ready, admission, 0.0, None, registry.close)


def check(voice: Voice, brain: Brain) -> None:
    """Have a voice play the user, and print how long each step took."""
    for exchange in asyncio.run(Rehearsal(voice, brain, tell).run(CHECKED)):
        times = [("answered after", exchange.waited), ("silent after", exchange.silenced)]
        shown = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in times if seconds is not None)
        print(f"{exchange.said!r}: heard {exchange.heard!r}, {shown}")
        if not exchange.answer or exchange.waited is None:
            raise SplatAvatarError(f"{exchange.said!r} was not answered.")


def main() -> None:
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--avatar", default="demo", help="file of an avatar (the one that comes along)")
    parser.add_argument("--voice", default="espeak-ng", help="espeak-ng[:VOICE], piper:MODEL or openai:URL[#VOICE]")
    parser.add_argument("--brain-url", help=f"a server as OpenAI's, such as http://127.0.0.1:11434/v1; key in {KEY}")
    parser.add_argument("--brain-model", default="default", help="the model's name there")
    parser.add_argument("--text", action="store_true", help="write instead of talking")
    parser.add_argument("--check", action="store_true", help="run by itself, and end")
    parser.add_argument("--port", type=int, default=8021, help="port of the page (8021)")
    parser.add_argument("--no-open", action="store_true", help="do not open a browser")
    parser.add_argument("--without-consent", action="store_true", help="show an avatar that has no consent to calls")
    given = parser.parse_args()
    try:
        voice = open_voice(given.voice)
        url = given.brain_url
        brain = RemoteBrain(url, given.brain_model, os.environ.get(KEY)) if url else ScriptedBrain()
        if given.check:
            check(voice, brain)
        else:
            talk(given, voice, brain)
    except (SplatAvatarError, ModuleNotFoundError) as error:
        told = missing_extra(error) if isinstance(error, ModuleNotFoundError) else error
        if told is None:
            raise
        print(f"Error: {told}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
