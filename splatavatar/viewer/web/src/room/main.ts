import '../trust/trust.css';
import '../ui/style.css';
import '../trust/page.css';
import './room.css';
import { sentence } from '../errors';
import { element } from '../ui/dom';
import { listenForFiles } from '../ui/files';
import { checkBrowser, JoinForm } from './join';
import { Meeting } from './meeting';
import { checkPeers } from './wire/peer';

const { dataset } = document.documentElement;

/** Says in one sentence why there is no room. */
function fail(text: string): void {
  document.body.replaceChildren(
    element(
      'main',
      { class: 'failure', role: 'alert' },
      element('h1', {}, 'You are not in the room'),
      element('p', {}, text),
      element('button', { type: 'button', onclick: () => location.reload() }, 'Try again'),
    ),
  );
  dataset.message = text;
  dataset.state = 'error';
}

function main(): void {
  checkBrowser();
  checkPeers();
  document.querySelector('#loading')?.remove();
  let meeting: Meeting | null = null;
  const form = new JoinForm((guest) => {
    meeting = new Meeting(guest, {
      entered: () => {
        form.root.replaceWith(meeting!.root);
        meeting!.focus();
      },
      waiting: (why) => form.wait(why),
      refused: (why) => {
        meeting = null;
        form.say(why);
      },
      ended: fail,
    });
  });
  listenForFiles((files) => void (meeting ?? form).open(files));
  document.body.append(form.root);
  dataset.state = 'ready';
}

try {
  main();
} catch (error) {
  fail(sentence(error));
}
